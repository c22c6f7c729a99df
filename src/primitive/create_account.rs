//! `create_account`: an account of the organisation, found by its address, made, moved into its unit, and waited for until it can be used.

use super::arguments::{self, UnitRef};
use super::contract::{Argument, Opt, Planned, Primitive, Receiver, Spec, bind};
use super::create_account_owner::{adopt, holder};
use super::create_account_refusal as refusal;
use super::create_account_request::create;
use super::create_account_settle::settle;
use super::create_account_usable::usable;
use super::organizations;
use super::unknown::Unknown;
use crate::aws::{Member, OrganizationView, Session};
use crate::estate::Tags;
use crate::step::{Attempt, Class, Failure, Freshness, Settled, Then, Way};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`org.create_account(name, #{email, ou, role, tags})`

Makes an account in the organisation, or finds the one with this address. It is moved into `ou`, and returned when its access role can
be assumed. Returns `#{kind, id, name, email, arn, state, sign_in_url}`; the account is a session too: `dev.create_role(…)`.

```rhai
let org = organization();
org.create_organization();
let dev = org.create_account("dev", #{ email: "aws+dev@example.com" });
output("dev", dev.id);
```

Errors: `email-taken`, `account-name-taken`, `account-name-differs`, `account-closed`, `account-limit`, `no-organization` and the other
reasons AWS gives for refusing an account.
"#;

pub(super) const SPEC: Spec = Spec {
    name: "create_account",
    receiver: Receiver::Management,
    positional: &["name"],
    options: &[
        Opt { name: "email", kind: "string", help: "root address, used by no other AWS account; needed" },
        Opt { name: "ou", kind: "organizational unit", help: "the root or unit to put it in; left where it is unless given" },
        Opt {
            name: "role",
            kind: "string",
            help: "access role AWS makes in it; that of the target unless given, else OrganizationAccountAccessRole",
        },
        Opt { name: "tags", kind: "map", help: "tags to set; others are left" },
    ],
    doc: DOC,
    actions: &[
        "organizations:DescribeOrganization",
        "organizations:ListRoots",
        "organizations:ListAccounts",
        "organizations:ListParents",
        "organizations:ListTagsForResource",
        "organizations:ListCreateAccountStatus",
        "organizations:DescribeCreateAccountStatus",
        "organizations:CreateAccount",
        "organizations:MoveAccount",
        "organizations:TagResource",
        "sts:AssumeRole",
    ],
    bind: bind::<CreateAccount>,
};

pub(super) struct CreateAccount;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    pub(super) name: String,
    pub(super) email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ou: Option<UnitRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<String>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(super) tags: Tags,
}

impl Args {
    /// Name of the access role: the script's, else the one by which the target's accounts are entered.
    pub(super) fn access_role<'a>(&'a self, session: &'a Session) -> &'a str {
        self.role.as_deref().unwrap_or(session.cloud().access_role())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Found {
    /// The account with the address.
    Account {
        member: Member,
        /// Asked for only when the script names a unit.
        parent: Option<String>,
        /// Asked for only when the script names tags.
        tags: Tags,
    },
    /// No account has the address, but open ones have the name.
    Namesake(Member),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Detail {
    CreateAccount,
    /// Without the step's own tag, which AWS has refused.
    CreateAccountUntagged,
    MoveAccount,
    TagResource,
}

impl Primitive for CreateAccount {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::CreateBlind;
    const CASE_FOLDED: bool = false;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        arguments::account_name("name", &args.name)?;
        arguments::email("email", &args.email)?;
        args.role.as_ref().map_or(Ok(()), |role| arguments::entity_name("role", role))?;
        arguments::tags("tags", &args.tags)?;
        args.ou.as_ref().map_or(Ok(()), |ou| arguments::unit_id("ou", &ou.0))
    }

    fn identity(args: &Args) -> String {
        args.name.clone()
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        let found = find(session, args, freshness).await?;
        if let Some(Found::Account { member, .. }) = &found
            && Self::changes(args, found.as_ref()).is_ok_and(|changes| changes.is_empty())
        {
            usable(session, args, member).await?;
        }
        Ok(found)
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        let moved = |difference: String| Planned::new("MoveAccount", Class::Converge, Detail::MoveAccount).because(difference);
        let (member, parent, tags) = match found {
            None => {
                let mut changes =
                    vec![Planned::new("CreateAccount", Class::CreateBlind, Detail::CreateAccount).because(args.email.clone())];
                changes.extend(args.ou.as_ref().map(|ou| moved(format!("to {}", ou.0))));
                return Ok(changes);
            }
            Some(Found::Namesake(member)) => {
                return Err(refusal::name_taken(member, &args.email));
            }
            Some(Found::Account { member, parent, tags }) => (member, parent, tags),
        };
        if member.name != args.name {
            return Err(refusal::name_differs(member, &args.name));
        }
        if !organizations::is_open(member) {
            return Err(refusal::closed(member));
        }
        let mut changes = Vec::new();
        if let (Some(from), Some(to)) = (parent, &args.ou)
            && *from != to.0
        {
            changes.push(moved(format!("{from} -> {}", to.0)));
        }
        if let Some(text) = super::iam::tag_difference(tags, &args.tags) {
            changes.push(Planned::new("TagResource", Class::Converge, Detail::TagResource).because(text));
        }
        Ok(changes)
    }

    async fn apply(session: &Session, args: &Args, detail: &Detail, attempt: &dyn Attempt) -> Result<(), Failure> {
        match detail {
            Detail::CreateAccount => create(session, args, true, attempt).await,
            Detail::CreateAccountUntagged => create(session, args, false, attempt).await,
            Detail::MoveAccount => {
                let to = args.ou.as_ref().map_or("", |ou| ou.0.as_str());
                organizations::move_account(session, &listed(session, args).await?, to).await
            }
            Detail::TagResource => organizations::tag_account(session, &listed(session, args).await?, &args.tags).await,
        }
    }

    fn output(session: &Session, args: &Args, found: &Found) -> Value {
        let (Found::Account { member, .. } | Found::Namesake(member)) = found;
        let mut account = organizations::account(session.partition(), member);
        if let Some(role) = &args.role {
            account["access_role"] = json!(role);
        }
        account
    }

    async fn settle(session: &Session, args: &Args, detail: &Detail, unknown: Unknown<'_>) -> Result<Settled, Failure> {
        if matches!(detail, Detail::CreateAccount | Detail::CreateAccountUntagged) {
            return settle(session, args, unknown).await;
        }
        // Both are harmless to repeat: what is there now decides.
        let found = find(session, args, Freshness::Live).await?;
        let wanted = Self::changes(args, found.as_ref())?.iter().any(|change| change.detail == *detail);
        Ok(if wanted { Settled::NotHappened } else { Settled::Happened })
    }

    fn doubt(session: &Session, args: &Args) {
        session.cloud().creations().doubt(&args.email);
    }

    async fn adopt(session: &Session, args: &Args, _: &Detail, id: &str) -> Result<(), Failure> {
        adopt(session, args, id).await
    }
}

/// The account with the address and what the arguments speak of, or an account that has the name.
async fn find(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
    let cloud = session.cloud();
    let (member, namesake) = cloud
        .with_organization(session, freshness, |organization| {
            let organization = organization.ok_or_else(organizations::absent)?;
            let member = holder(organization, &args.email)?;
            let namesake = organization.named(&args.name).first().and_then(|id| organization.accounts.get(id)).cloned();
            Ok((member, namesake.filter(organizations::is_open)))
        })
        .await??;
    let Some(member) = member else { return Ok(namesake.map(Found::Namesake)) };
    cloud.introduce(&member.id, &member.name, args.role.as_deref());
    let parent = match &args.ou {
        Some(_) => Some(cloud.parent_of(session, &member.id, freshness).await?),
        None => None,
    };
    let tags = if args.tags.is_empty() { Tags::new() } else { cloud.tags_of(session, &member.id, freshness).await? };
    Ok(Some(Found::Account { member, parent, tags }))
}

/// The id of the account with the address.
async fn listed(session: &Session, args: &Args) -> Result<String, Failure> {
    let find = |freshness| {
        let find = |view: Option<&mut OrganizationView>| view.map_or(Ok(None), |view| holder(view, &args.email));
        session.cloud().with_organization(session, freshness, find)
    };
    if let Some(member) = find(Freshness::Snapshot).await?? {
        return Ok(member.id);
    }
    find(Freshness::Live).await??.map(|member| member.id).ok_or_else(|| {
        let message = format!("the account with the address `{}` is not listed yet", args.email);
        Failure::needs_you("not-listed", message).way(Way::Again("it will be found then".to_owned())).then(Then::Look)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    fn args(extra: &Value) -> Args {
        let mut value = json!({"name": "dev", "email": "aws+dev@example.com"});
        value.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        checked::<CreateAccount>(value).unwrap()
    }

    fn member(name: &str, state: &str) -> Member {
        let email = "aws+dev@example.com".into();
        Member { id: "444455556666".into(), name: name.into(), email, arn: String::new(), state: state.into(), joined: None }
    }

    fn found(parent: &str) -> Found {
        Found::Account { member: member("dev", "ACTIVE"), parent: Some(parent.into()), tags: Tags::from([("a".into(), "1".into())]) }
    }

    #[test]
    fn a_fresh_account_is_made_and_moved() {
        assert_eq!(calls::<CreateAccount>(&args(&json!({})), None), ["CreateAccount"]);
        assert_eq!(calls::<CreateAccount>(&args(&json!({"ou": "ou-1"})), None), ["CreateAccount", "MoveAccount"]);
        // Tags come with the creation.
        assert_eq!(calls::<CreateAccount>(&args(&json!({"tags": {"a": "1"}})), None), ["CreateAccount"]);
    }

    #[test]
    fn only_what_differs_is_changed() {
        for (extra, wanted) in [
            (json!({}), &[] as &[&str]),
            (json!({"ou": "ou-1"}), &[]),
            (json!({"ou": "ou-2"}), &["MoveAccount"]),
            (json!({"tags": {"a": "1"}}), &[]),
            (json!({"tags": {"a": "2"}}), &["TagResource"]),
            (json!({"role": "Other"}), &[]),
        ] {
            assert_eq!(calls::<CreateAccount>(&args(&extra), Some(&found("ou-1"))), wanted, "{extra}");
        }
    }

    #[test]
    fn another_name_or_a_closed_account_is_a_definite_no() {
        let of = |found: Found| CreateAccount::changes(&args(&json!({})), Some(&found)).unwrap_err().code;
        let account = |name, state| Found::Account { member: member(name, state), parent: None, tags: Tags::new() };
        assert_eq!(of(account("prod", "ACTIVE")), "account-name-differs");
        assert_eq!(of(account("dev", "SUSPENDED")), "account-closed");
        assert_eq!(of(Found::Namesake(member("dev", "ACTIVE"))), "account-name-taken");
    }

    #[test]
    fn mistakes_are_found_before_any_call() {
        for (value, code, path) in [
            (json!({"name": "dev"}), "missing-argument", ""),
            (json!({"name": "dev", "email": "nobody"}), "email", "email"),
            (json!({"name": "dév", "email": "a@example.com"}), "account-name", "name"),
            (json!({"name": "dev", "email": "a@example.com", "ou": "Workloads"}), "unit-id", "ou"),
            (json!({"name": "dev", "mail": "a@example.com"}), "unknown-argument", ""),
        ] {
            let mistake = checked::<CreateAccount>(value.clone()).err().unwrap();
            assert_eq!((mistake.code, mistake.path.as_str()), (code, path), "{value}");
            // How it is written is told by the host, which knows the signature.
            assert!(mistake.hint.is_some() || code == "missing-argument", "{value}");
        }
    }
}
