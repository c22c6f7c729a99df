//! What AWS says when it denies a call: who may not do what, and which layer of policies says so. AWS has words for it, but no fields
//! (IAM user guide, "Troubleshoot access denied error messages").

use std::fmt;

/// The layers of policies that AWS's messages name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    Identity,
    Boundary,
    Session,
    ServiceControl,
    ResourceControl,
    Trust,
    Resource,
    Endpoint,
}

const LAYERS: &[(&str, Layer)] = &[
    ("identity-based policy", Layer::Identity),
    ("permissions boundary", Layer::Boundary),
    ("session policy", Layer::Session),
    ("service control policy", Layer::ServiceControl),
    ("resource control policy", Layer::ResourceControl),
    ("role trust policy", Layer::Trust),
    ("resource-based policy", Layer::Resource),
    ("VPC endpoint policy", Layer::Endpoint),
];

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(LAYERS.iter().find(|(_, layer)| layer == self).map_or("policy", |(name, _)| name))
    }
}

/// An AccessDenied message, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Denial {
    /// ARN of the user, role session or root user.
    pub(super) principal: String,
    /// `iam:CreateRole`
    pub(super) action: String,
    pub(super) resource: Option<String>,
    /// None where AWS does not say.
    pub(super) layer: Option<Layer>,
    /// A Deny statement, rather than no Allow.
    pub(super) explicit: bool,
    /// ARN of the policy that denies; AWS names it at times, within one organisation.
    pub(super) policy: Option<String>,
}

impl Denial {
    /// `User: ARN is not authorized to perform: ACTION[ on resource: ARN][ because no LAYER allows …| with an explicit deny[ in a LAYER[: ARN]]]`
    pub(super) fn read(message: &str) -> Option<Denial> {
        let (principal, rest) = message.trim().strip_prefix("User: ")?.split_once(" is not authorized to perform: ")?;
        let (what, reason, explicit) = match (rest.split_once(" because no "), rest.split_once(" with an explicit deny")) {
            (Some((what, reason)), _) => (what, reason, false),
            (None, Some((what, reason))) => (what, reason, true),
            (None, None) => (rest, "", false),
        };
        let (action, resource) = match what.split_once(" on resource: ") {
            Some((action, resource)) => (action, Some(resource.trim_end_matches('.').to_owned())),
            None => (what.trim_end_matches('.'), None),
        };
        let found = LAYERS.iter().find(|(name, _)| reason.contains(name));
        let policy =
            found.and_then(|(name, _)| reason.split_once(&format!("{name}: "))).map(|(_, arn)| arn.trim_end_matches('.').to_owned());
        let (principal, action) = (principal.to_owned(), action.to_owned());
        Some(Denial { principal, action, resource, layer: found.map(|(_, layer)| *layer), explicit, policy })
    }

    /// ``no identity-based policy allows `arn:…` to call `iam:CreateRole` on `arn:…` ``
    pub(super) fn message(&self) -> String {
        let Denial { principal, action, .. } = self;
        let resource = match self.resource.as_deref() {
            None | Some("*") => String::new(),
            Some(resource) => format!(" on `{resource}`"),
        };
        let policy = self.policy.as_ref().map(|policy| format!(" `{policy}`")).unwrap_or_default();
        match (self.layer, self.explicit) {
            (Some(layer), true) => {
                format!("a {layer}{policy} denies `{principal}` the call `{action}`{resource}").replacen("a identity", "an identity", 1)
            }
            (Some(layer), false) => format!("no {layer} allows `{principal}` to call `{action}`{resource}"),
            (None, true) => format!("a policy denies `{principal}` the call `{action}`{resource}; AWS does not say which"),
            (None, false) => format!("`{principal}` may not call `{action}`{resource}; AWS does not say which policy is missing"),
        }
    }

    /// Which permission is missing where, and who can give it.
    pub(super) fn advice(&self) -> String {
        let Denial { principal, action, explicit, .. } = self;
        let resource = self.resource.as_deref().unwrap_or("*");
        let account = principal.split(':').nth(4).unwrap_or_default();
        match self.layer {
            None | Some(Layer::Trust) if action == "sts:AssumeRole" && !explicit => format!(
                "`{resource}` must exist and its trust policy must let `{principal}` assume it, conditions (MFA, external id) included; \
                 or name another role with `role:` or `assume(…)`"
            ),
            Some(Layer::ServiceControl) => format!(
                "not even an administrator of account {account} can allow it: change the service control policies on the account, or on a unit \
                 above it, from the management account"
            ),
            Some(Layer::ResourceControl) => {
                "not even an administrator of the resource's account can allow it: change the resource control policies from the management account"
                    .to_owned()
            }
            Some(layer) if *explicit => format!("no allow elsewhere outweighs it: change the Deny in the {layer} that applies to `{principal}`"),
            Some(Layer::Boundary) => format!("allow `{action}` in the permissions boundary of `{principal}`, too: it limits what its policies allow"),
            Some(Layer::Session) => format!("the session `{principal}` was opened with a policy of its own: open it with one that allows `{action}`"),
            Some(Layer::Trust | Layer::Resource | Layer::Endpoint) => {
                format!("let the policy of `{resource}` allow `{action}` to `{principal}`")
            }
            Some(Layer::Identity) | None => format!("give `{principal}` a policy that allows `{action}` on `{resource}`, or use a session that may"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{self, Decision};
    use proptest::prelude::*;

    const ANA: &str = "arn:aws:iam::111122223333:user/ana";
    const ROLE: &str = "arn:aws:iam::444455556666:role/ops";

    /// The forms that AWS documents, or that users have posted: what stands behind the resource, and what is to be understood.
    #[test]
    fn messages_of_aws_are_taken_apart() {
        for (ending, layer, explicit) in [
            (" because no identity-based policy allows the iam:CreateRole action", Some(Layer::Identity), false),
            (" because no permissions boundary allows the iam:CreateRole action", Some(Layer::Boundary), false),
            (" because no session policy allows the iam:CreateRole action", Some(Layer::Session), false),
            (" because no service control policy allows the iam:CreateRole action", Some(Layer::ServiceControl), false),
            (" because no resource control policy allows the iam:CreateRole action", Some(Layer::ResourceControl), false),
            (" because no resource-based policy allows the iam:CreateRole action", Some(Layer::Resource), false),
            (" because no VPC endpoint policy allows the iam:CreateRole action", Some(Layer::Endpoint), false),
            (" because no role trust policy allows the sts:AssumeRole action", Some(Layer::Trust), false),
            (" with an explicit deny in an identity-based policy", Some(Layer::Identity), true),
            (" with an explicit deny in a permissions boundary", Some(Layer::Boundary), true),
            (" with an explicit deny in a session policy", Some(Layer::Session), true),
            (" with an explicit deny in a service control policy", Some(Layer::ServiceControl), true),
            (" with an explicit deny in a resource control policy", Some(Layer::ResourceControl), true),
            (" with an explicit deny in a resource-based policy", Some(Layer::Resource), true),
            (" with an explicit deny", None, true),
            ("", None, false),
        ] {
            let (principal, action, resource) = (ANA.to_owned(), "iam:CreateRole".to_owned(), Some(ROLE.to_owned()));
            let wanted = Denial { principal, action, resource, layer, explicit, policy: None };
            let message = format!("User: {ANA} is not authorized to perform: iam:CreateRole on resource: {ROLE}{ending}");
            assert_eq!(Denial::read(&message), Some(wanted), "{message}");
        }
        let short = Denial::read(&format!("User: {ANA} is not authorized to perform: organizations:CreateAccount")).unwrap();
        assert_eq!((short.action.as_str(), short.resource, short.layer), ("organizations:CreateAccount", None, None));
        for other in
            ["You don't have permissions to access this resource.", "Roles may not be assumed by root accounts.", "Access denied", ""]
        {
            assert_eq!(Denial::read(other), None);
        }
    }

    #[test]
    fn the_policy_is_told_where_aws_names_it() {
        let arn = "arn:aws:organizations::111122223333:policy/o-a1b2c3/service_control_policy/p-12345678";
        let denial = Denial::read(&format!(
            "User: {ANA} is not authorized to perform: iam:CreateUser on resource: * with an explicit deny in a service control policy: {arn}"
        ))
        .unwrap();
        assert_eq!(denial.policy.as_deref(), Some(arn));
        assert_eq!(denial.message(), format!("a service control policy `{arn}` denies `{ANA}` the call `iam:CreateUser`"));
        assert!(denial.advice().contains("not even an administrator of account 111122223333"), "{}", denial.advice());
    }

    #[test]
    fn each_layer_has_its_own_way_on() {
        let denial = |layer, explicit| Denial {
            principal: ANA.into(),
            action: "iam:CreateRole".into(),
            resource: Some(ROLE.into()),
            layer,
            explicit,
            policy: None,
        };
        let mut told = std::collections::BTreeSet::new();
        for layer in LAYERS.iter().map(|(_, layer)| Some(*layer)).chain([None]) {
            for explicit in [false, true] {
                let denial = denial(layer, explicit);
                assert!(denial.message().contains("`iam:CreateRole`") && denial.message().contains(ANA), "{}", denial.message());
                told.insert(denial.advice());
            }
        }
        assert_eq!(
            denial(Some(Layer::Identity), true).message(),
            format!("an identity-based policy denies `{ANA}` the call `iam:CreateRole` on `{ROLE}`")
        );
        assert!(told.len() > 8, "{told:#?}");
        let assume = Denial { action: "sts:AssumeRole".into(), ..denial(Some(Layer::Trust), false) };
        assert!(assume.advice().contains("trust policy must let"), "{}", assume.advice());
    }

    proptest! {
        /// What the sandbox says is understood as what it decided.
        #[test]
        fn the_sandboxs_messages_are_understood(
            which in 0..5_usize,
            explicit: bool,
            principal in "arn:aws:iam::[0-9]{12}:user/[a-z+=,.@-]{1,20}",
            action in "[a-z]{2,10}:[A-Z][A-Za-z]{1,20}",
            resource in "(\\*|arn:aws:iam::[0-9]{12}:role/[a-z/]{1,20}[a-z])",
        ) {
            let (from, layer) = [
                (access::Layer::ServiceControl, Layer::ServiceControl),
                (access::Layer::Trust, Layer::Trust),
                (access::Layer::Identity, Layer::Identity),
                (access::Layer::Boundary, Layer::Boundary),
                (access::Layer::Session, Layer::Session),
            ][which];
            let decision = Decision::Denied { layer: from, explicit, reason: String::new() };
            let message = decision.message(&principal, &action, &resource).unwrap();
            let wanted = Denial { principal, action, resource: Some(resource), layer: Some(layer), explicit, policy: None };
            prop_assert_eq!(Denial::read(&message), Some(wanted));
        }
    }
}
