//! What `attach_user_policy`, `attach_group_policy` and `attach_role_policy` have in common.

use super::contract::Planned;
use super::iam::{self, EntityKind};
use crate::aws::Session;
use crate::step::{Class, Failure, Freshness};
use serde::{Deserialize, Serialize};

/// Whether the policy is attached.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    attached: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {}

/// None when there is no entity of this name.
pub(super) async fn look(
    session: &Session,
    kind: EntityKind,
    name: &str,
    arn: &str,
    freshness: Freshness,
) -> Result<Option<Found>, Failure> {
    let freshness = session.role_freshness(name, freshness);
    session
        .with_iam(freshness, |iam| {
            let (attached, _) = iam::policies(iam, kind, name)?;
            Some(Found { attached: attached.contains(arn) })
        })
        .await
}

pub(super) fn changes(call: &'static str, arn: &str, found: Option<&Found>) -> Vec<Planned<Detail>> {
    if found.is_some_and(|found| found.attached) {
        return Vec::new();
    }
    vec![Planned::new(call, Class::Converge, Detail {}).because(arn)]
}

/// Writes the attachment through.
pub(super) async fn record(session: &Session, kind: EntityKind, name: &str, arn: &str) {
    session
        .record(|iam| {
            if let Some((attached, _)) = iam::policies_mut(iam, kind, name) {
                attached.insert(arn.to_owned());
            }
        })
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitive::attach_group_policy::AttachGroupPolicy;
    use crate::primitive::attach_role_policy::AttachRolePolicy;
    use crate::primitive::contract::Primitive;
    use crate::primitive::testing::{calls, checked};
    use serde_json::json;

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
