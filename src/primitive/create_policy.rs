//! `create_policy`: a customer managed policy and its versions.

use super::arguments::{self, default_path, is_default_path, long_name};
use super::contract::{Argument, DocumentArgument, Opt, Planned, Primitive, Receiver, Spec, bind};
use super::iam;
use crate::aws::Session;
use crate::estate::{ManagedPolicy, Tags};
use crate::policy::{Document, Kind, difference, size};
use crate::step::{Attempt, Class, Failure, Freshness, Way};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// IAM keeps at most so many versions of a policy.
const VERSIONS: usize = 5;

const DOC: &str = r#"`session.create_policy(name, #{document, path, description, tags})`

Makes a customer managed policy, or makes this document the one in force; when there are five versions, the oldest goes. `path` and
`description` cannot be changed by AWS. Returns `#{kind, arn, name, account}`.

```rhai
let org = organization();
let list = org.create_policy("list-users", #{
    document: #{
        Version: "2012-10-17",
        Statement: [#{ Effect: "Allow", Action: "iam:ListUsers", Resource: "*" }],
    },
});
output("policy", list.arn);
```

Errors: `path-differs`, `description-differs`, `policy-malformed`, `policy-too-long`, and AWS's own (`LimitExceeded`).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "create_policy",
    receiver: Receiver::Session,
    positional: &["name"],
    options: &[
        Opt { name: "document", kind: "policy document", help: "what it allows and denies; needed" },
        Opt { name: "path", kind: "string", help: "`/` unless given; cannot be changed later" },
        Opt { name: "description", kind: "string", help: "up to 1000 characters; cannot be changed later" },
        Opt { name: "tags", kind: "map", help: "tags to set; others are left" },
    ],
    doc: DOC,
    actions: &[
        "iam:GetAccountAuthorizationDetails",
        "iam:ListPolicyTags",
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "iam:DeletePolicyVersion",
        "iam:TagPolicy",
    ],
    bind: bind::<CreatePolicy>,
};

pub(super) struct CreatePolicy;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    name: String,
    document: Document,
    #[serde(default = "default_path", skip_serializing_if = "is_default_path")]
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    tags: Tags,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    arn: String,
    policy: ManagedPolicy,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Detail {
    CreatePolicy,
    DeletePolicyVersion { version: String },
    CreatePolicyVersion,
    SetDefaultPolicyVersion { version: String },
    TagPolicy,
}

impl Primitive for CreatePolicy {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::CreateNamed;
    const DOCUMENTS: &'static [DocumentArgument] = &[DocumentArgument { field: "document", kind: Kind::Identity, limit: size::MANAGED }];
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        long_name("name", &args.name)?;
        arguments::policy_path("path", &args.path)?;
        arguments::tags("tags", &args.tags)?;
        if args.description.as_ref().is_some_and(|text| text.chars().count() > 1000) {
            return Err(Argument::new("description", "description", "the description is too long").hint("use at most 1000 characters"));
        }
        Ok(())
    }

    fn identity(args: &Args) -> String {
        args.name.clone()
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        let find = session.with_iam(freshness, |iam| {
            let (arn, policy) = iam.policies.iter().find(|(_, policy)| policy.name.eq_ignore_ascii_case(&args.name))?;
            Some(Found { arn: arn.clone(), policy: policy.clone() })
        });
        let Some(mut found) = find.await? else { return Ok(None) };
        // The snapshot does not carry a policy's tags.
        if !args.tags.is_empty() {
            let client = session.iam().await?;
            let reply = session.read("iam:ListPolicyTags", client.list_policy_tags().policy_arn(&found.arn).max_items(100).send()).await?;
            found.policy.tags = reply.tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        }
        Ok(Some(found))
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        let Some(Found { policy, .. }) = found else {
            return Ok(vec![Planned::new("CreatePolicy", Class::CreateNamed, Detail::CreatePolicy)]);
        };
        iam::same_path(&policy.path, &args.path)?;
        if let Some(wanted) = args.description.as_ref().filter(|wanted| **wanted != policy.description) {
            let message = format!("description differs and cannot be changed: `{}` (AWS) `{wanted}` (wanted)", policy.description);
            return Err(Failure::fatal("description-differs", message).hint("take over the description AWS has, or choose another name"));
        }
        let mut changes = version_changes(args, policy);
        if let Some(text) = iam::tag_difference(&policy.tags, &args.tags) {
            changes.push(Planned::new("TagPolicy", Class::Converge, Detail::TagPolicy).because(text));
        }
        Ok(changes)
    }

    async fn apply(session: &Session, args: &Args, detail: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.iam().await?;
        if *detail == Detail::CreatePolicy {
            return create(session, args).await;
        }
        let find = |freshness| session.with_iam(freshness, |iam| arn_of(&iam.policies, &args.name));
        let Some(arn) = find(Freshness::Snapshot).await? else {
            return Err(Failure::fatal("policy-gone", format!("policy `{}` is not there any more", args.name))
                .way(Way::Again("it is made again".to_owned())));
        };
        match detail {
            Detail::CreatePolicy => {}
            Detail::DeletePolicyVersion { version } => {
                let call = client.delete_policy_version().policy_arn(&arn).version_id(version);
                session.send("iam:DeletePolicyVersion", call.send()).await?;
                record(session, &arn, |policy| drop(policy.versions.remove(version))).await;
            }
            Detail::CreatePolicyVersion => {
                let call = client.create_policy_version().policy_arn(&arn).policy_document(args.document.text()).set_as_default(true);
                let reply = session.send("iam:CreatePolicyVersion", call.send()).await?;
                let version = reply.policy_version.and_then(|version| version.version_id).unwrap_or_default();
                record(session, &arn, |policy| {
                    policy.versions.insert(version.clone(), args.document.clone());
                    policy.default_version = version;
                })
                .await;
            }
            Detail::SetDefaultPolicyVersion { version } => {
                let call = client.set_default_policy_version().policy_arn(&arn).version_id(version);
                session.send("iam:SetDefaultPolicyVersion", call.send()).await?;
                record(session, &arn, |policy| policy.default_version.clone_from(version)).await;
            }
            Detail::TagPolicy => {
                let call = client.tag_policy().policy_arn(&arn).set_tags(Some(iam::tags(&args.tags)?));
                session.send("iam:TagPolicy", call.send()).await?;
            }
        }
        Ok(())
    }

    fn output(session: &Session, _: &Args, found: &Found) -> Value {
        json!({ "kind": "policy", "arn": found.arn, "name": found.policy.name, "account": session.account_id() })
    }
}

fn arn_of(policies: &BTreeMap<String, ManagedPolicy>, name: &str) -> Option<String> {
    policies.iter().find(|(_, policy)| policy.name.eq_ignore_ascii_case(name)).map(|(arn, _)| arn.clone())
}

/// What puts the document in force: an older version of the same text, or a new one, for which the oldest makes room.
fn version_changes(args: &Args, policy: &ManagedPolicy) -> Vec<Planned<Detail>> {
    let text = match policy.document() {
        Some(document) if *document == args.document => return Vec::new(),
        Some(document) => difference(document, &args.document),
        None => String::new(),
    };
    if let Some((version, _)) = policy.versions.iter().find(|(_, document)| **document == args.document) {
        let detail = Detail::SetDefaultPolicyVersion { version: version.clone() };
        return vec![Planned::new("SetDefaultPolicyVersion", Class::Converge, detail).because(text)];
    }
    let mut changes = Vec::new();
    let number = |version: &str| version.trim_start_matches('v').parse::<u64>().unwrap_or(u64::MAX);
    let others = policy.versions.keys().filter(|version| **version != policy.default_version);
    let oldest = others.min_by_key(|version| number(version)).filter(|_| policy.versions.len() >= VERSIONS);
    if let Some(oldest) = oldest {
        let detail = Detail::DeletePolicyVersion { version: oldest.clone() };
        changes
            .push(Planned::new("DeletePolicyVersion", Class::Destructive, detail).because(format!("{oldest}, the oldest of {VERSIONS}")));
    }
    changes.push(Planned::new("CreatePolicyVersion", Class::CreateNamed, Detail::CreatePolicyVersion).because(text));
    changes
}

async fn create(session: &Session, args: &Args) -> Result<(), Failure> {
    let client = session.iam().await?;
    let mut call = client
        .create_policy()
        .policy_name(&args.name)
        .path(&args.path)
        .policy_document(args.document.text())
        .set_description(args.description.clone());
    if !args.tags.is_empty() {
        call = call.set_tags(Some(iam::tags(&args.tags)?));
    }
    let reply = session.send("iam:CreatePolicy", call.send()).await?;
    let made = reply.policy;
    let version = made.as_ref().and_then(|policy| policy.default_version_id.clone()).unwrap_or_else(|| "v1".to_owned());
    let policy = ManagedPolicy {
        id: made.and_then(|policy| policy.policy_id).unwrap_or_default(),
        name: args.name.clone(),
        path: args.path.clone(),
        description: args.description.clone().unwrap_or_default(),
        versions: BTreeMap::from([(version.clone(), args.document.clone())]),
        default_version: version,
        tags: Tags::new(),
    };
    let arn = iam::arn(session, "policy", &args.path, &args.name);
    session.record(|iam| drop(iam.policies.insert(arn, policy))).await;
    Ok(())
}

async fn record(session: &Session, arn: &str, write: impl FnOnce(&mut ManagedPolicy)) {
    session.record(|iam| iam.policies.get_mut(arn).map(write).unwrap_or_default()).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    fn document(action: &str) -> Value {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
    }

    fn args(extra: &Value) -> Args {
        let mut value = json!({"name": "p", "document": document("iam:ListUsers")});
        value.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        checked::<CreatePolicy>(value).unwrap()
    }

    fn found(versions: &[(&str, &str)], default: &str) -> Found {
        let policy = ManagedPolicy {
            id: "ANPA".into(),
            name: "p".into(),
            path: "/".into(),
            description: String::new(),
            versions: versions.iter().map(|(id, action)| ((*id).to_owned(), Document::stored(document(action)))).collect(),
            default_version: default.into(),
            tags: Tags::new(),
        };
        Found { arn: "arn:aws:iam::111122223333:policy/p".into(), policy }
    }

    #[test]
    fn the_document_in_force_is_what_counts() {
        let plain = args(&json!({}));
        for (versions, default, wanted) in [
            (&[("v1", "iam:ListUsers")] as &[(&str, &str)], "v1", &[] as &[&str]),
            (&[("v1", "iam:GetUser")], "v1", &["CreatePolicyVersion"]),
            (&[("v1", "iam:ListUsers"), ("v2", "iam:GetUser")], "v2", &["SetDefaultPolicyVersion"]),
            (
                &[("v2", "a:a"), ("v9", "a:b"), ("v10", "a:c"), ("v11", "a:d"), ("v12", "a:e")],
                "v2",
                &["DeletePolicyVersion", "CreatePolicyVersion"],
            ),
        ] {
            assert_eq!(calls::<CreatePolicy>(&plain, Some(&found(versions, default))), wanted, "{versions:?}");
        }
        assert_eq!(calls::<CreatePolicy>(&plain, None), ["CreatePolicy"]);
    }

    #[test]
    fn the_oldest_version_that_is_not_in_force_makes_room() {
        let full = found(&[("v2", "a:a"), ("v9", "a:b"), ("v10", "a:c"), ("v11", "a:d"), ("v12", "a:e")], "v2");
        let changes = CreatePolicy::changes(&args(&json!({})), Some(&full)).unwrap();
        assert_eq!(changes[0].detail, Detail::DeletePolicyVersion { version: "v9".into() });
        assert_eq!(changes[0].class, Class::Destructive);
    }

    #[test]
    fn tags_are_set_and_a_description_stays() {
        let there = found(&[("v1", "iam:ListUsers")], "v1");
        assert_eq!(calls::<CreatePolicy>(&args(&json!({"tags": {"a": "1"}})), Some(&there)), ["TagPolicy"]);
        let failure = CreatePolicy::changes(&args(&json!({"description": "x"})), Some(&there)).unwrap_err();
        assert_eq!(failure.code, "description-differs");
    }
}
