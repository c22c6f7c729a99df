//! The request for an account: sent in its turn, followed until AWS has decided.

use super::create_account::{Args, Detail};
use super::create_account_settle::{limit, refused};
use super::organizations;
use crate::aws::{Member, Session, Standing};
use crate::step::{Attempt, Failure, FailureClass, Freshness, Then, say};
use serde_json::json;

/// By this tag an account tells which step made it.
pub(super) const OWNERSHIP_TAG: &str = "runner:step";

/// `tagged`: with the step's own tag, beside those of the script.
pub(super) async fn create(session: &Session, args: &Args, tagged: bool, attempt: &dyn Attempt) -> Result<(), Failure> {
    let (cloud, account) = (session.cloud(), session.account_id());
    let (_address, waited) = cloud.creations().address(&args.email).await?;
    if waited {
        let message = format!("another step has asked for an account with the address `{}`", args.email);
        return Err(Failure::fatal("found-meanwhile", message).then(Then::Look));
    }
    let queued = cloud.creations().queue();
    // Held until AWS has decided.
    let _slot = cloud.creations().slot(cloud, account).await?;
    if tagged && cloud.creations().are_untagged() {
        return Err(untagged("AWS refuses the step's tag"));
    }
    let client = session.organizations().await?;
    let mut tags = Vec::new();
    if tagged {
        tags.push(organizations::tag(OWNERSHIP_TAG, &attempt.ownership())?);
    }
    for (key, value) in &args.tags {
        tags.push(organizations::tag(key, value)?);
    }
    let tags = Some(tags).filter(|tags| !tags.is_empty());
    let call = client.create_account().account_name(&args.name).email(&args.email).role_name(args.access_role(session)).set_tags(tags);
    let turn = session.turn("organizations:CreateAccount", &|| cloud.creations().notice(cloud, account)).await?;
    let reply = match session.send_in(turn, "organizations:CreateAccount", call.send()).await {
        Err(failure) if failure.message.contains("ACCOUNT_NUMBER_LIMIT_EXCEEDED") => return Err(limit(session, args).await?),
        Err(failure) if tagged && refuses_tag(&failure) => return Err(untagged(&format!("{}: {}", failure.code, failure.message))),
        reply => reply?,
    };
    drop(queued);
    let status = reply.create_account_status;
    let Some(request) = status.as_ref().and_then(|status| status.id.clone()) else {
        return Err(Failure::new(FailureClass::Unknown, "reply-unreadable", "CreateAccount: the reply holds no request id"));
    };
    attempt.handle(json!(request)).await?;
    let standing = match status.as_ref().and_then(Standing::of) {
        Some(Standing::InProgress) | None => session.creation(&request).await.map_err(watched)?,
        Some(decided) => decided,
    };
    match standing {
        Standing::Succeeded(id) => {
            // Only now is it known that it was the step's tag, and not one of the script's, that AWS refused.
            if !tagged && cloud.creations().make_untagged() {
                say(format!(
                    "new accounts cannot bear the tag `{OWNERSHIP_TAG}`, so they are made without it; if it ever becomes unknown whether \
                     such a request took effect, and only the address tells, you are asked"
                ));
            }
            born(session, args, &id, tagged.then(|| attempt.ownership())).await
        }
        Standing::Refused(reason) if tagged && reason == "UPDATE_EXISTING_RESOURCE_POLICY_WITH_TAGS_NOT_SUPPORTED" => {
            Err(untagged(&format!("{request} FAILED {reason}")).refused())
        }
        Standing::Refused(reason) => {
            let apart = session.cloud().settle_window();
            refused(session, args, &request, &reason, apart, attempt).await.map_err(watched)?.map_or(Ok(()), Err)
        }
        Standing::InProgress | Standing::Unknown => {
            Err(Failure::new(FailureClass::Unknown, "creation-lost", format!("AWS does not know the request {request} any more")))
        }
    }
}

/// Whether it is the tags that AWS does not let pass: by a tag policy, or for want of `organizations:TagResource`.
fn refuses_tag(failure: &Failure) -> bool {
    failure.class == FailureClass::Fatal
        && (failure.code.starts_with("TagPolicyViolation")
            || failure.message.contains("TAG_POLICY_VIOLATION")
            || failure.message.contains("organizations:TagResource"))
}

/// The same again without the step's tag. If it is the script's own tags that are refused, that request says so.
fn untagged(why: &str) -> Failure {
    let message = format!("the account is asked for once more without the tag `{OWNERSHIP_TAG}`: {why}");
    Failure::fatal("step-tag-refused", message).then(Then::Instead(json!(Detail::CreateAccountUntagged)))
}

/// Once AWS has taken the request, no trouble with watching it may send it again.
fn watched(mut failure: Failure) -> Failure {
    if matches!(failure.class, FailureClass::Retry { .. } | FailureClass::RetryAfter(_) | FailureClass::NotYet(_)) {
        failure.class = FailureClass::Unknown;
    }
    failure
}

/// Writes a new account through: it is in the root, and empty.
async fn born(session: &Session, args: &Args, id: &str, ownership: Option<String>) -> Result<(), Failure> {
    let cloud = session.cloud();
    let now = cloud.time().now();
    let partition = session.partition();
    cloud
        .with_organization(session, Freshness::Snapshot, |organization| {
            let Some(view) = organization else { return };
            let arn = format!("arn:{partition}:organizations::{}:account/{}/{id}", view.management, view.id);
            let member = Member {
                id: id.to_owned(),
                name: args.name.clone(),
                email: args.email.clone(),
                arn,
                state: "ACTIVE".to_owned(),
                joined: Some(now.as_second()),
            };
            view.accounts.insert(id.to_owned(), member);
            view.born.insert(id.to_owned(), now);
            view.parents.insert(id.to_owned(), view.root.clone());
            let mut tags = args.tags.clone();
            tags.extend(ownership.map(|ownership| (OWNERSHIP_TAG.to_owned(), ownership)));
            view.tags.insert(id.to_owned(), tags);
        })
        .await
        .map_err(watched)?;
    cloud.known_empty(id, args.access_role(session)).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_of_tags_is_one() {
        let fatal = |code: &str, message: &str| Failure::fatal(code, message);
        assert!(refuses_tag(&fatal("ConstraintViolationException", "CreateAccount: No. (TAG_POLICY_VIOLATION)")));
        assert!(refuses_tag(&fatal("TagPolicyViolationException", "no")));
        assert!(refuses_tag(&fatal("AccessDeniedException", "`arn:…` may not call `organizations:TagResource`")));
        assert!(!refuses_tag(&fatal("AccessDeniedException", "`arn:…` may not call `organizations:CreateAccount`")));
        assert!(!refuses_tag(&Failure::new(FailureClass::Unknown, "TagPolicyViolation", "")));
    }
}
