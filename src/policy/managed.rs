//! AWS-managed policies, as far as playbooks meet them. The names are AWS's; where a document is given in part only, it says so.

use super::Document;
use super::arn;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A policy that AWS owns, the same in every account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Managed {
    #[serde(skip)]
    pub name: String,
    /// `/`, `/service-role/`, `/job-function/`
    #[serde(default = "slash")]
    pub path: String,
    /// The document here is a part of AWS's, which runs to hundreds of actions: what it allows is right, but AWS allows more.
    #[serde(default)]
    pub abridged: bool,
    /// None when only the name is known: it can be attached, but what it allows is not known here.
    pub document: Option<Document>,
}

fn slash() -> String {
    "/".to_owned()
}

static ALL: LazyLock<BTreeMap<String, Managed>> = LazyLock::new(|| {
    let mut all: BTreeMap<String, Managed> =
        serde_json::from_str(include_str!("managed.json")).expect("invariant: the embedded list is read by a test");
    for (name, managed) in &mut all {
        managed.name.clone_from(name);
    }
    all
});

/// All of them, by name.
pub fn all() -> impl Iterator<Item = &'static Managed> {
    ALL.values()
}

/// The policy of this ARN (`arn:aws:iam::aws:policy/job-function/Billing`), in whatever partition.
#[must_use]
pub fn find(arn: &str) -> Option<&'static Managed> {
    let parts = arn::parse(arn)?;
    if parts.service != "iam" || parts.account != "aws" {
        return None;
    }
    let path_and_name = parts.resource.strip_prefix("policy")?;
    let (path, name) = path_and_name.split_at(path_and_name.rfind('/')? + 1);
    ALL.get(name).filter(|managed| managed.path == path)
}

/// The service control policy that every root, unit and account starts with (`p-FullAWSAccess`).
#[must_use]
pub fn full_aws_access() -> Document {
    static FULL: LazyLock<Document> = LazyLock::new(|| {
        Document::stored(serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        }))
    });
    FULL.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Kind;

    #[test]
    fn every_entry_is_well_formed() {
        assert!(all().count() >= 100);
        for managed in all() {
            assert!(managed.path.starts_with('/') && managed.path.ends_with('/'), "{}", managed.name);
            if let Some(document) = &managed.document {
                assert_eq!(Document::from_value(Kind::Identity, document.value()).map(|_| ()), Ok(()), "{}", managed.name);
            }
            assert!(!managed.abridged || managed.document.is_some(), "{}", managed.name);
        }
    }

    #[test]
    fn found_by_path_and_name_in_every_partition() {
        for (arn, name) in [
            ("arn:aws:iam::aws:policy/AdministratorAccess", Some("AdministratorAccess")),
            ("arn:aws-cn:iam::aws:policy/AdministratorAccess", Some("AdministratorAccess")),
            ("arn:aws:iam::aws:policy/job-function/Billing", Some("Billing")),
            ("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", Some("AWSLambdaBasicExecutionRole")),
            ("arn:aws:iam::aws:policy/Billing", None),
            ("arn:aws:iam::aws:policy/NoSuchThing", None),
            ("arn:aws:iam::111122223333:policy/AdministratorAccess", None),
            ("arn:aws:iam::aws:role/AdministratorAccess", None),
            ("arn:aws:iam::aws:policy", None),
            ("AdministratorAccess", None),
        ] {
            assert_eq!(find(arn).map(|managed| managed.name.as_str()), name, "{arn}");
        }
    }
}
