//! What became of the request for an account: looked for by its address, by the request, by name and time.

use super::contract::Unknown;
use super::create_account::Args;
use super::create_account_refusal::{self as refusal, Looked};
use super::create_account_status::by_name;
use super::organizations;
use crate::aws::{Member, OrganizationView, Session, Standing};
use crate::step::{Attempt, Failure, Freshness, Settled, Way};
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;

/// By so much AWS's clock and ours may differ.
const SKEW: Duration = Duration::from_secs(5);

/// Looks for the account by its address, then for a request by its name and time.
pub(super) async fn search(session: &Session, args: &Args, unknown: Unknown<'_>) -> Result<Option<Settled>, Failure> {
    if owner(session, args).await?.is_some() {
        return Ok(Some(Settled::Happened));
    }
    let since = unknown.intended.checked_sub(SKEW).unwrap_or(unknown.intended);
    let Some((request, standing)) = by_name(session, &args.name, since).await? else { return Ok(None) };
    let standing = match standing {
        Standing::InProgress => {
            unknown.attempt.handle(json!(request)).await?;
            session.creation(&request).await?
        }
        decided => decided,
    };
    if standing == Standing::Unknown {
        return Ok(None);
    }
    settled(session, args, &request, standing, unknown).await.map(Some)
}

/// What is left of a while that began `since`.
pub(super) fn left_of(session: &Session, window: Duration, since: Timestamp) -> Duration {
    let due = since.checked_add(window).unwrap_or(since);
    Duration::try_from(due.duration_since(session.cloud().time().now())).unwrap_or_default()
}

pub(super) async fn settled(
    session: &Session,
    args: &Args,
    request: &str,
    standing: Standing,
    unknown: Unknown<'_>,
) -> Result<Settled, Failure> {
    match standing {
        Standing::Succeeded(_) => Ok(Settled::Happened),
        Standing::Refused(reason) => {
            let apart = left_of(session, session.cloud().settle_window(), unknown.intended);
            Ok(match refused(session, args, request, &reason, apart, unknown.attempt).await? {
                None => Settled::Happened,
                Some(_) if matches!(reason.as_str(), "INTERNAL_FAILURE" | "CONCURRENT_ACCOUNT_MODIFICATION") => Settled::NotHappened,
                Some(failure) => Settled::Refused(failure),
            })
        }
        Standing::InProgress | Standing::Unknown => {
            Err(Failure::needs_you("creation-under-way", format!("{request} is still being worked on"))
                .way(Way::After("wait some minutes".to_owned())))
        }
    }
}

/// AWS said no: why, unless the account is there all the same (our own first request may be what a second one ran into). A taken
/// address is looked for twice, since the list may lag behind.
pub(super) async fn refused(
    session: &Session,
    args: &Args,
    request: &str,
    reason: &str,
    apart: Duration,
    attempt: &dyn Attempt,
) -> Result<Option<Failure>, Failure> {
    let mut found = owner(session, args).await?;
    if found.is_none() && reason == "EMAIL_ALREADY_EXISTS" {
        if let Some((other, Standing::InProgress)) = by_name(session, &args.name, Timestamp::UNIX_EPOCH).await? {
            session.creation(&other).await?;
        }
        attempt.wait(apart, "AWS says that the address is taken: looking once more for the account that has it").await?;
        found = owner(session, args).await?;
    }
    Ok(match (found, reason) {
        (Some(member), _) if organizations::is_open(&member) => None,
        (Some(member), _) => Some(refusal::closed(&member)),
        (None, "EMAIL_ALREADY_EXISTS") => {
            let (organization, _) = size(session).await?;
            Some(refusal::email_taken(&args.name, &args.email, request, &Looked { organization, apart }).refused())
        }
        (None, "ACCOUNT_LIMIT_EXCEEDED") => Some(limit(session, args).await?.refused()),
        (None, reason) => Some(refusal::refusal(&args.name, &args.email, request, reason).refused()),
    })
}

/// The account of the organisation that has the address, in whatever state.
async fn owner(session: &Session, args: &Args) -> Result<Option<Member>, Failure> {
    session.cloud().with_organization(session, Freshness::Live, |view| view?.by_email(&args.email).cloned()).await
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
