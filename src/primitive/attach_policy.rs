//! `attach_user_policy`, `attach_group_policy`, `attach_role_policy`: the same call for three kinds of entity.

use super::arguments::{GroupRef, PolicyRef, RoleRef, UserRef, entity_name, long_name, policy_arn};
use super::contract::{Argument, Opt, Planned, Primitive, Receiver, Spec, bind};
use super::iam;
use crate::aws::Session;
use crate::step::{Attempt, Class, Failure, Freshness};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const NO_OPTIONS: &[Opt] = &[];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    attached: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {}

macro_rules! attach {
    ($primitive:ident, $args:ident, $spec:ident, $name:literal, $call:literal, $method:ident, $field:ident, $reference:ident, $map:ident,
     $set_name:ident, $check:ident, $article:literal, $example:literal) => {
        pub(super) const $spec: Spec = Spec {
            name: $name,
            receiver: Receiver::Session,
            positional: &[stringify!($field), "arn"],
            options: NO_OPTIONS,
            doc: concat!(
                "`session.", $name, "(", stringify!($field), ", arn)`\n\nAttaches a managed policy to ", $article, ". Attaching it twice is no error. ",
                "Returns `#{kind, ", stringify!($field), ", arn}`.\n\n```rhai\n", $example, "\n```\n\n",
                "Errors: AWS's own (`NoSuchEntity` when either does not exist, `LimitExceeded` beyond the quota).\n"
            ),
            actions: &["iam:GetAccountAuthorizationDetails", concat!("iam:", $call)],
            bind: bind::<$primitive>,
        };

        pub(super) struct $primitive;

        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $args {
            $field: $reference,
            arn: PolicyRef,
        }

        impl Primitive for $primitive {
            const SPEC: &'static Spec = &$spec;
            const CLASS: Class = Class::Converge;
            type Args = $args;
            type Found = Found;
            type Detail = Detail;

            fn validate(args: &$args) -> Result<(), Argument> {
                $check(stringify!($field), &args.$field.0)?;
                policy_arn("arn", &args.arn.0)
            }

            fn identity(args: &$args) -> String {
                format!("{}/{}", args.$field.0, args.arn.0)
            }

            async fn look(session: &Session, args: &$args, freshness: Freshness) -> Result<Option<Found>, Failure> {
                let freshness = session.role_freshness(&args.$field.0, freshness);
                session
                    .with_iam(freshness, |iam| {
                        let (_, entity) = iam::named(&iam.$map, &args.$field.0)?;
                        Some(Found { attached: entity.attached.contains(&args.arn.0) })
                    })
                    .await
            }

            fn changes(args: &$args, found: Option<&Found>) -> Result<Vec<Planned<Detail>>, Failure> {
                if found.is_some_and(|found| found.attached) {
                    return Ok(Vec::new());
                }
                Ok(vec![Planned::new($call, Class::Converge, Detail {}).because(args.arn.0.clone())])
            }

            async fn apply(session: &Session, args: &$args, _: &Detail, _: &dyn Attempt) -> Result<(), Failure> {
                let client = session.iam().await?;
                let call = client.$method().$set_name(&args.$field.0).policy_arn(&args.arn.0);
                session.send(concat!("iam:", $call), call.send()).await?;
                session
                    .record(|iam| {
                        if let Some(entity) = iam::named_mut(&mut iam.$map, &args.$field.0) {
                            entity.attached.insert(args.arn.0.clone());
                        }
                    })
                    .await;
                Ok(())
            }

            fn output(_: &Session, args: &$args, _: &Found) -> Value {
                json!({ "kind": "attachment", stringify!($field): args.$field.0, "arn": args.arn.0 })
            }
        }
    };
}

attach!(
    AttachUserPolicy,
    AttachUserArgs,
    ATTACH_USER_POLICY,
    "attach_user_policy",
    "AttachUserPolicy",
    attach_user_policy,
    user,
    UserRef,
    users,
    user_name,
    entity_name,
    "a user",
    "let org = organization();\nlet ana = org.create_user(\"ana\");\norg.attach_user_policy(ana, \"arn:aws:iam::aws:policy/ReadOnlyAccess\");"
);

attach!(
    AttachGroupPolicy,
    AttachGroupArgs,
    ATTACH_GROUP_POLICY,
    "attach_group_policy",
    "AttachGroupPolicy",
    attach_group_policy,
    group,
    GroupRef,
    groups,
    group_name,
    long_name,
    "a group",
    "let org = organization();\nlet readers = org.create_group(\"readers\");\norg.attach_group_policy(readers, \"arn:aws:iam::aws:policy/ReadOnlyAccess\");"
);

attach!(
    AttachRolePolicy,
    AttachRoleArgs,
    ATTACH_ROLE_POLICY,
    "attach_role_policy",
    "AttachRolePolicy",
    attach_role_policy,
    role,
    RoleRef,
    roles,
    role_name,
    entity_name,
    "a role",
    "let org = organization();\nlet me = caller();\nlet auditor = org.create_role(\"auditor\", #{\n    trust: #{ Version: \"2012-10-17\", Statement: [#{ Effect: \"Allow\", Principal: #{ AWS: me.account }, Action: \"sts:AssumeRole\" }] },\n});\norg.attach_role_policy(auditor, \"arn:aws:iam::aws:policy/ReadOnlyAccess\");"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::testing::{calls, checked};

    #[test]
    fn what_is_attached_is_left() {
        let args = checked::<AttachRolePolicy>(json!({"role": {"name": "r"}, "arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})).unwrap();
        assert_eq!(calls::<AttachRolePolicy>(&args, Some(&Found { attached: true })), [] as [&str; 0]);
        assert_eq!(calls::<AttachRolePolicy>(&args, Some(&Found { attached: false })), ["AttachRolePolicy"]);
        assert_eq!(calls::<AttachRolePolicy>(&args, None), ["AttachRolePolicy"]);
        assert_eq!(AttachRolePolicy::identity(&args), "r/arn:aws:iam::aws:policy/ReadOnlyAccess");
    }

    #[test]
    fn a_policy_is_given_by_its_arn() {
        let mistake = checked::<AttachGroupPolicy>(json!({"group": "g", "arn": "ReadOnlyAccess"})).err().unwrap();
        assert_eq!((mistake.code, mistake.path.as_str()), ("policy-arn", "arn"));
    }
}
