//! `create_organization`: the organisation of the target's account.

use super::contract::{Argument, Opt, Planned, Primitive, Receiver, Spec, bind};
use crate::aws::Session;
use crate::step::{Attempt, Class, Failure, Freshness};
use aws_sdk_organizations::types::OrganizationFeatureSet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`org.create_organization(#{feature_set})`

Makes the organisation whose management account this is, or finds it. Returns `#{kind, id, arn, management_account, root, feature_set}`.

```rhai
let org = organization();
let o = org.create_organization();
output("organization", o.id);
```

Errors: `feature-set-differs`, and AWS's own.
"#;

pub(super) const SPEC: Spec = Spec {
    name: "create_organization",
    receiver: Receiver::Management,
    positional: &[],
    options: &[Opt { name: "feature_set", kind: "string", help: "`ALL` unless given, or `CONSOLIDATED_BILLING`" }],
    doc: DOC,
    actions: &[
        "organizations:DescribeOrganization",
        "organizations:ListRoots",
        "organizations:ListAccounts",
        "organizations:CreateOrganization",
        "iam:CreateServiceLinkedRole",
    ],
    bind: bind::<CreateOrganization>,
};

pub(super) struct CreateOrganization;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    #[serde(default = "all", skip_serializing_if = "is_all")]
    feature_set: String,
}

fn all() -> String {
    "ALL".to_owned()
}

fn is_all(feature_set: &str) -> bool {
    feature_set == "ALL"
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    id: String,
    arn: String,
    management: String,
    root: String,
    feature_set: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {}

impl Primitive for CreateOrganization {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::CreateNamed;
    type Args = Args;
    type Found = Found;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        if OrganizationFeatureSet::values().contains(&args.feature_set.as_str()) {
            return Ok(());
        }
        Err(Argument::new("feature-set", "feature_set", format!("there is no feature set `{}`", args.feature_set))
            .hint("leave it out for `ALL`, or give `CONSOLIDATED_BILLING`"))
    }

    fn identity(_: &Args) -> String {
        String::new()
    }

    async fn look(session: &Session, _: &Args, freshness: Freshness) -> Result<Option<Found>, Failure> {
        let look = |view: Option<&mut crate::aws::OrganizationView>| {
            view.map(|view| Found {
                id: view.id.clone(),
                arn: view.arn.clone(),
                management: view.management.clone(),
                root: view.root.clone(),
                feature_set: view.feature_set.clone(),
            })
        };
        session.cloud().with_organization(session, freshness, look).await
    }

    fn changes(args: &Args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
        let Some(found) = found else {
            return Ok(vec![Planned::new("CreateOrganization", Class::CreateNamed, Detail {})]);
        };
        if found.feature_set == args.feature_set {
            return Ok(Vec::new());
        }
        Err(Failure::fatal(
            "feature-set-differs",
            format!("organisation {} has the feature set `{}`, not `{}`", found.id, found.feature_set, args.feature_set),
        )
        .hint("enable all features in the Organizations console, or give the feature set there is"))
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let client = session.organizations().await?;
        let call = client.create_organization().feature_set(OrganizationFeatureSet::from(args.feature_set.as_str()));
        session.send("organizations:CreateOrganization", call.send()).await.map(drop)
    }

    fn output(_: &Session, _: &Args, found: &Found) -> Value {
        json!({
            "kind": "organization",
            "id": found.id,
            "arn": found.arn,
            "management_account": found.management,
            "root": found.root,
            "feature_set": found.feature_set,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    #[test]
    fn an_organisation_is_made_once() {
        let args = checked::<CreateOrganization>(json!({})).unwrap();
        let mut found =
            Found { id: "o-1".into(), arn: String::new(), management: String::new(), root: "r-1".into(), feature_set: "ALL".into() };
        assert_eq!(calls::<CreateOrganization>(&args, None), ["CreateOrganization"]);
        assert_eq!(calls::<CreateOrganization>(&args, Some(&found)), [] as [&str; 0]);
        found.feature_set = "CONSOLIDATED_BILLING".into();
        assert_eq!(CreateOrganization::changes(&args, Some(&found)).unwrap_err().code, "feature-set-differs");
        assert!(checked::<CreateOrganization>(json!({"feature_set": "SOME"})).is_err());
    }
}
