//! `create_organizational_unit`: a unit below the root or below another unit.

use super::arguments::{UnitRef, unit_id, unit_name};
use super::contract::{Argument, Opt, Planned, Primitive, Receiver, Spec, bind};
use super::organizations;
use crate::aws::{Session, UnitView};
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DOC: &str = r#"`org.create_organizational_unit(name, #{parent})`

Makes an organisational unit below `parent` (the root unless given), or finds it. Returns `#{kind, id, name, arn}`.

```rhai
let org = organization();
org.create_organization();
let workloads = org.create_organizational_unit("Workloads");
let prod = org.create_organizational_unit("Prod", #{ parent: workloads });
output("prod", prod.id);
```

Errors: `no-organization`, and AWS's own (`ParentNotFoundException`, `ConstraintViolationException` beyond five levels).
"#;

pub(super) const SPEC: Spec = Spec {
    name: "create_organizational_unit",
    receiver: Receiver::Management,
    positional: &["name"],
    options: &[Opt { name: "parent", kind: "organizational unit", help: "the root unless given" }],
    doc: DOC,
    actions: &[
        "organizations:DescribeOrganization",
        "organizations:ListRoots",
        "organizations:ListAccounts",
        "organizations:ListOrganizationalUnitsForParent",
        "organizations:CreateOrganizationalUnit",
    ],
    bind: bind::<CreateOrganizationalUnit>,
};

pub(super) struct CreateOrganizationalUnit;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Args {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<UnitRef>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {}

impl Primitive for CreateOrganizationalUnit {
    const SPEC: &'static Spec = &SPEC;
    const CLASS: Class = Class::CreateNamed;
    const CASE_FOLDED: bool = false;
    type Args = Args;
    type Found = UnitView;
    type Detail = Detail;

    fn validate(args: &Args) -> Result<(), Argument> {
        unit_name("name", &args.name)?;
        args.parent.as_ref().map_or(Ok(()), |parent| unit_id("parent", &parent.0))
    }

    /// Below the root the name says it all, whether the root is named or not.
    fn identity(args: &Args) -> String {
        match args.parent.as_ref().filter(|parent| !parent.0.starts_with("r-")) {
            Some(parent) => format!("{}/{}", parent.0, args.name),
            None => args.name.clone(),
        }
    }

    async fn look(session: &Session, args: &Args, freshness: Freshness) -> Result<Option<UnitView>, Failure> {
        let parent = parent(session, args).await?;
        let units = session.cloud().units_below(session, &parent, freshness).await?;
        Ok(units.into_iter().find(|unit| unit.name == args.name))
    }

    fn changes(_: &Args, found: Option<&UnitView>) -> Result<Vec<Planned<Detail>>, Failure> {
        Ok(match found {
            Some(_) => Vec::new(),
            None => vec![Planned::new("CreateOrganizationalUnit", Class::CreateNamed, Detail {})],
        })
    }

    async fn apply(session: &Session, args: &Args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
        let parent = parent(session, args).await?;
        let client = session.organizations().await?;
        let call = client.create_organizational_unit().name(&args.name).parent_id(&parent);
        let reply = session.send("organizations:CreateOrganizationalUnit", call.send()).await?;
        let unit = reply.organizational_unit.and_then(crate::aws::unit);
        session
            .cloud()
            .record_organization(session, |view| match (unit, view.units.get_mut(&parent)) {
                (Some(unit), Some(units)) => units.push(unit),
                // What the reply did not say is read again.
                _ => drop(view.units.remove(&parent)),
            })
            .await;
        Ok(())
    }

    fn output(_: &Session, _: &Args, found: &UnitView) -> Value {
        json!({ "kind": "organizational_unit", "id": found.id, "name": found.name, "arn": found.arn })
    }
}

async fn parent(session: &Session, args: &Args) -> Result<String, Failure> {
    match &args.parent {
        Some(parent) => Ok(parent.0.clone()),
        None => organizations::root(session).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    #[test]
    fn a_unit_is_known_by_its_name_and_parent() {
        let identity = |value: Value| CreateOrganizationalUnit::identity(&checked::<CreateOrganizationalUnit>(value).unwrap());
        assert_eq!(identity(json!({"name": "Prod"})), "Prod");
        assert_eq!(identity(json!({"name": "Prod", "parent": "r-ab12"})), "Prod");
        assert_eq!(identity(json!({"name": "Prod", "parent": {"kind": "organizational_unit", "id": "ou-1"}})), "ou-1/Prod");
    }

    #[test]
    fn a_unit_is_made_once() {
        let args = checked::<CreateOrganizationalUnit>(json!({"name": "Prod"})).unwrap();
        let unit = UnitView { id: "ou-1".into(), name: "Prod".into(), arn: String::new() };
        assert_eq!(calls::<CreateOrganizationalUnit>(&args, None), ["CreateOrganizationalUnit"]);
        assert_eq!(calls::<CreateOrganizationalUnit>(&args, Some(&unit)), [] as [&str; 0]);
        assert!(checked::<CreateOrganizationalUnit>(json!({"name": "Prod", "parent": "Root"})).is_err());
    }
}
