//! AWS-managed policies, as far as playbooks meet them. The names are AWS's; where a document is given in part only, it says so.

use super::Document;
use crate::estate::arn;
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
