//! Whether a young account can be used yet.

use super::create_account::Args;
use super::create_account_refusal as refusal;
use crate::aws::{Member, Session};
use crate::estate;
use crate::step::{Failure, FailureClass, Notice, until};
use std::time::Duration;

/// So old an account is taken to be usable, unless this run has made it and never saw that it was.
const OLD: Duration = Duration::from_hours(24);
/// Between two probes that are both good.
const APART: Duration = Duration::from_secs(1);

/// A young account is usable when its access role can be assumed: waits for that, and in the end it is a question.
/// Where AWS was seen to lag, one good probe proves nothing (the next may meet a part of AWS that lags still): it takes several in a row.
pub(super) async fn usable(session: &Session, args: &Args, member: &Member) -> Result<(), Failure> {
    let cloud = session.cloud();
    let joined = member.joined.and_then(|joined| jiff::Timestamp::from_second(joined).ok());
    let Some(joined) = joined.filter(|_| member.id != session.account_id()) else { return Ok(()) };
    let role = estate::arn::iam(session.partition(), &member.id, "role", "/", args.access_role(session));
    let age = || cloud.time().now().duration_since(joined).unsigned_abs();
    if age() >= OLD && !cloud.newborns().awaits(&role) && !cloud.creations().is_doubted(&args.email) {
        return Ok(());
    }
    let entered = cloud.account(&member.id, Some(args.access_role(session))).await?;
    cloud.newborns().add(&role, joined, cloud.new_account(), cloud.time().now());
    let explained = |failure: Failure| {
        if failure.class != FailureClass::Fatal {
            return failure;
        }
        refusal::not_usable(member, &role, age().as_secs() / 60, &failure.message)
    };
    // The engine would lose its patience before a long `new_account_minutes` is over.
    while let Err(failure) = entered.probe().await {
        let FailureClass::RetryAfter(wait) = failure.class else { return Err(explained(failure)) };
        if failure.code != "not-ready" {
            return Err(failure);
        }
        let notice = || Notice { reason: format!("{}: {}", failure.code, failure.message), left: wait };
        until(cloud.time().sleep(wait), notice).await?;
    }
    while !cloud.newborns().is_proved(&role) {
        let notice = || Notice { reason: "the new account can be entered: making sure that it stays so".to_owned(), left: APART };
        until(cloud.time().sleep(APART), notice).await?;
        entered.probe_anew().await.map_err(explained)?;
    }
    Ok(())
}
