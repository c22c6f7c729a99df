//! What became of the request for an account: followed by its handle, looked for by name and time, then by the address.

use super::create_account::Args;
use super::create_account_owner::{holder_now, is_ours, not_proved};
use super::create_account_refusal::{self as refusal, Looked};
use super::create_account_status::by_name;
use super::organizations;
use super::unknown::Unknown;
use crate::aws::{OrganizationView, Session, Standing};
use crate::step::{Attempt, Failure, Freshness, Settled, Then};
use serde_json::Value;
use std::time::Duration;

/// By so much AWS's clock and ours may differ (more than its signatures allow).
pub(super) const SKEW: Duration = Duration::from_mins(15);

/// Which look it is: what the first does not see may only be late.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    First,
    Last,
}

pub(super) async fn settle(session: &Session, args: &Args, unknown: Unknown<'_>) -> Result<Settled, Failure> {
    let _address = session.cloud().creations().address(&args.email).await?;
    if let Some(request) = unknown.handle.and_then(Value::as_str) {
        match session.creation(request).await? {
            Standing::Succeeded(_) => return Ok(Settled::Happened),
            Standing::Refused(reason) => {
                return said_no(session, args, request, &reason, unknown).await;
            }
            // AWS keeps requests for a while only.
            Standing::InProgress | Standing::Unknown => {}
        }
    }
    if let Some(settled) = search(session, args, unknown, Look::First).await? {
        return Ok(settled);
    }
    // A list may lag behind: absence is believed when it is seen twice, the second time a while after the request.
    unknown.attempt.wait(unknown.until_second_look(session), "looking once more for the account").await?;
    match (search(session, args, unknown, Look::Last).await?, unknown.handle.and_then(Value::as_str)) {
        (Some(settled), _) => Ok(settled),
        // AWS took it, so that it may still make an account.
        (None, Some(request)) => Err(refusal::forgotten(request, &args.email)),
        (None, None) => Ok(Settled::NotHappened),
    }
}

/// Looks for a request of this name made since the intent, and for the account with the address. An account is ours by the request that
/// made it or by the step's tag; its name proves nothing.
async fn search(session: &Session, args: &Args, unknown: Unknown<'_>, look: Look) -> Result<Option<Settled>, Failure> {
    let since = unknown.leaving.from.checked_sub(SKEW).unwrap_or(unknown.leaving.from);
    let mut made = Vec::new();
    for (request, standing) in by_name(session, &args.name, since).await? {
        let standing = if standing == Standing::InProgress { session.creation(&request).await? } else { standing };
        if let Standing::Succeeded(id) = standing {
            made.push((request, id));
        }
    }
    let ownership = unknown.attempt.ownership();
    if let Some(member) = holder_now(session, args).await? {
        return match look {
            _ if made.iter().any(|(_, id)| *id == member.id) => Ok(Some(Settled::Happened)),
            _ if is_ours(session, &member.id, &ownership).await? => Ok(Some(Settled::Happened)),
            Look::First => Ok(None),
            Look::Last => Err(not_proved(session, &member).await?),
        };
    }
    for (request, id) in made {
        if let Some(settled) = unlisted(session, &request, &id, &ownership, look).await? {
            return Ok(Some(settled));
        }
    }
    Ok(None)
}

/// A request of this name made an account, and no listed one has the address: it is another's, of another address, or the list lags.
async fn unlisted(session: &Session, request: &str, id: &str, ownership: &str, look: Look) -> Result<Option<Settled>, Failure> {
    let find = |view: Option<&mut OrganizationView>| view.is_some_and(|view| view.accounts.contains_key(id));
    if session.cloud().with_organization(session, Freshness::Snapshot, find).await? {
        return Ok(None);
    }
    match (is_ours(session, id, ownership).await?, look) {
        (true, _) => Ok(Some(Settled::Happened)),
        (false, Look::First) => Ok(None),
        (false, Look::Last) => Err(refusal::unlisted(request, id)),
    }
}

/// AWS decided against the request; for a reason that passes, it may be sent again.
async fn said_no(session: &Session, args: &Args, request: &str, reason: &str, unknown: Unknown<'_>) -> Result<Settled, Failure> {
    Ok(match refused(session, args, request, reason, unknown.left_of(session), unknown.attempt).await? {
        None => Settled::Happened,
        Some(failure) if is_passing(reason) && failure.then.is_none() => Settled::NotHappened,
        Some(failure) => Settled::Refused(failure),
    })
}

fn is_passing(reason: &str) -> bool {
    matches!(reason, "INTERNAL_FAILURE" | "CONCURRENT_ACCOUNT_MODIFICATION")
}

/// AWS said no: why, unless the account is there all the same (our own first request may be what a second one ran into). An address that
/// is taken or being worked on is looked for twice, since the list may lag behind.
pub(super) async fn refused(
    session: &Session,
    args: &Args,
    request: &str,
    reason: &str,
    apart: Duration,
    attempt: &dyn Attempt,
) -> Result<Option<Failure>, Failure> {
    let mut found = holder_now(session, args).await?;
    if found.is_none() && matches!(reason, "EMAIL_ALREADY_EXISTS" | "CONCURRENT_ACCOUNT_MODIFICATION") {
        let others = by_name(session, &args.name, jiff::Timestamp::UNIX_EPOCH).await?;
        if let Some((other, _)) = others.iter().find(|(_, standing)| *standing == Standing::InProgress) {
            session.creation(other).await?;
        }
        if reason == "EMAIL_ALREADY_EXISTS" {
            attempt.wait(apart, "AWS says that the address is taken: looking once more for the account that has it").await?;
        }
        found = holder_now(session, args).await?;
    }
    Ok(match (found, reason) {
        (Some(member), _) if !organizations::is_open(&member) => Some(refusal::closed(&member).refused()),
        (Some(member), _) if is_ours(session, &member.id, &attempt.ownership()).await? => None,
        (Some(member), _) => Some(refusal::found_meanwhile(&member, request, reason).refused().then(Then::Look)),
        (None, "EMAIL_ALREADY_EXISTS") => {
            let (organization, _) = size(session).await?;
            Some(refusal::email_taken(&args.name, &args.email, request, &Looked { organization, apart }).refused())
        }
        (None, "ACCOUNT_LIMIT_EXCEEDED") => Some(limit(session, args).await?.refused()),
        (None, reason) => Some(refusal::refusal(&args.name, &args.email, request, reason).refused()),
    })
}

pub(super) async fn limit(session: &Session, args: &Args) -> Result<Failure, Failure> {
    let (organization, accounts) = size(session).await?;
    Ok(refusal::limit(&args.name, &organization, accounts))
}

/// The organisation's id and how many accounts it has.
async fn size(session: &Session) -> Result<(String, usize), Failure> {
    let size =
        |view: Option<&mut OrganizationView>| view.map(|view| (view.id.clone(), view.accounts.len())).ok_or_else(organizations::absent);
    session.cloud().with_organization(session, Freshness::Snapshot, size).await?
}
