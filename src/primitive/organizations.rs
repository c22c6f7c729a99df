//! What the Organizations primitives have in common.

use crate::aws::{Member, OrganizationView, Session};
use crate::estate::Tags;
use crate::step::{Failure, Freshness};
use aws_sdk_organizations::types::Tag;
use serde_json::{Value, json};

pub(super) fn absent() -> Failure {
    Failure::fatal("no-organization", "this account is in no organisation").hint("call create_organization first")
}

pub(super) fn tag(key: &str, value: &str) -> Result<Tag, Failure> {
    Tag::builder().key(key).value(value).build().map_err(|error| Failure::fatal("tags", format!("tag `{key}`: {error}")))
}

/// What a script gets of an account.
pub(super) fn account(partition: &str, member: &Member) -> Value {
    let mut account = json!({
        "kind": "account",
        "id": member.id,
        "name": member.name,
        "email": member.email,
        "arn": member.arn,
        "state": member.state,
    });
    if let Some(domain) = sign_in_domain(partition) {
        account["sign_in_url"] = json!(format!("https://{}.{domain}/console", member.id));
    }
    account
}

/// Where people of a partition sign in, as the endpoint rules of AWS's Sign-in service in the SDK have it.
fn sign_in_domain(partition: &str) -> Option<&'static str> {
    match partition {
        "aws" => Some("signin.aws.amazon.com"),
        "aws-cn" => Some("signin.amazonaws.cn"),
        "aws-us-gov" => Some("signin.amazonaws-us-gov.com"),
        "aws-eusc" => Some("signin.amazonaws-eusc.eu"),
        _ => None,
    }
}

pub(super) fn is_open(member: &Member) -> bool {
    matches!(member.state.as_str(), "ACTIVE" | "PENDING_ACTIVATION")
}

/// The organisation's root, `r-…`.
pub(super) async fn root(session: &Session) -> Result<String, Failure> {
    let look = |view: Option<&mut OrganizationView>| view.map(|view| view.root.clone()).ok_or_else(absent);
    session.cloud().with_organization(session, Freshness::Snapshot, look).await?
}

/// The organisation's accounts that meet a condition, sorted by id.
pub(super) async fn members(session: &Session, freshness: Freshness, meets: impl Fn(&Member) -> bool) -> Result<Vec<Member>, Failure> {
    let look = |view: Option<&mut OrganizationView>| {
        let view = view.ok_or_else(absent)?;
        Ok(view.accounts.values().filter(|member| meets(member)).cloned().collect())
    };
    session.cloud().with_organization(session, freshness, look).await?
}

pub(super) async fn move_account(session: &Session, account: &str, to: &str) -> Result<(), Failure> {
    let cloud = session.cloud();
    let from = cloud.parent_of(session, account, Freshness::Snapshot).await?;
    let client = session.organizations().await?;
    let call = client.move_account().account_id(account).source_parent_id(from).destination_parent_id(to);
    session.send("organizations:MoveAccount", call.send()).await?;
    cloud.record_organization(session, |view| drop(view.parents.insert(account.to_owned(), to.to_owned()))).await;
    Ok(())
}

pub(super) async fn tag_account(session: &Session, account: &str, tags: &Tags) -> Result<(), Failure> {
    let list = tags.iter().map(|(key, value)| tag(key, value)).collect::<Result<Vec<Tag>, Failure>>()?;
    let client = session.organizations().await?;
    session.send("organizations:TagResource", client.tag_resource().resource_id(account).set_tags(Some(list)).send()).await?;
    let write = |view: &mut OrganizationView| {
        if let Some(known) = view.tags.get_mut(account) {
            known.extend(tags.clone());
        }
    };
    session.cloud().record_organization(session, write).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_sign_in_where_their_partition_is() {
        let member = Member {
            id: "111122223333".into(),
            name: "dev".into(),
            email: "dev@example.com".into(),
            arn: String::new(),
            state: "ACTIVE".into(),
            joined: None,
        };
        for (partition, domain) in
            [("aws", "signin.aws.amazon.com"), ("aws-cn", "signin.amazonaws.cn"), ("aws-eusc", "signin.amazonaws-eusc.eu")]
        {
            assert_eq!(account(partition, &member)["sign_in_url"], format!("https://111122223333.{domain}/console"));
        }
        assert_eq!(account("aws-iso", &member).get("sign_in_url"), None);
    }
}
