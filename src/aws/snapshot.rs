//! An account's IAM as one GetAccountAuthorizationDetails tells it, written through by our own changes.

use super::pages::Pages;
use super::session::Session;
use crate::estate::{Group, Iam, ManagedPolicy, Role, Tags, User};
use crate::policy::Document;
use crate::step::{Failure, Freshness};
use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, EntityType, GroupDetail, ManagedPolicyDetail, PolicyDetail, RoleDetail, Tag, UserDetail,
};
use std::collections::{BTreeMap, BTreeSet};

impl Session {
    /// Looks into the account's IAM: what this process has read and done, or what AWS says now.
    pub async fn with_iam<T>(&self, freshness: Freshness, look: impl FnOnce(&Iam) -> T) -> Result<T, Failure> {
        let slot = self.cloud().iam_slot(self.account_id());
        let mut slot = slot.lock().await;
        if let Some(iam) = slot.as_ref().filter(|_| freshness == Freshness::Snapshot) {
            return Ok(look(iam));
        }
        let iam = read(self).await?;
        self.cloud().was_read(self.account_id());
        let answer = look(&iam);
        *slot = Some(iam);
        Ok(answer)
    }

    /// Looks into the account's IAM as far as this process has read it; asks AWS nothing.
    pub async fn known_iam<T>(&self, look: impl FnOnce(&Iam) -> T) -> Option<T> {
        let slot = self.cloud().iam_slot(self.account_id());
        let slot = slot.lock().await;
        slot.as_ref().map(look)
    }

    /// Writes one of our own changes through, if the account's IAM has been read.
    pub(crate) async fn record(&self, write: impl FnOnce(&mut Iam)) {
        let slot = self.cloud().iam_slot(self.account_id());
        if let Some(iam) = slot.lock().await.as_mut() {
            write(iam);
        }
    }
}

async fn read(session: &Session) -> Result<Iam, Failure> {
    let client = session.iam().await?;
    let mut iam = Iam::default();
    let mut pages = Pages::default();
    loop {
        let mut call = client.get_account_authorization_details().max_items(1000).set_marker(pages.token());
        for kind in [EntityType::User, EntityType::Group, EntityType::Role, EntityType::LocalManagedPolicy] {
            call = call.filter(kind);
        }
        let page = session.read("iam:GetAccountAuthorizationDetails", call.send()).await?;
        for detail in page.user_detail_list.unwrap_or_default() {
            user(&mut iam, detail)?;
        }
        for detail in page.group_detail_list.unwrap_or_default() {
            group(&mut iam, detail)?;
        }
        for detail in page.role_detail_list.unwrap_or_default() {
            role(&mut iam, detail)?;
        }
        for detail in page.policies.unwrap_or_default() {
            managed(&mut iam, detail)?;
        }
        if !pages.go_on("GetAccountAuthorizationDetails", page.marker.filter(|_| page.is_truncated))? {
            return Ok(iam);
        }
    }
}

/// Documents come back percent-encoded (RFC 3986); the SDK leaves them so.
pub(crate) fn document(encoded: &str) -> Result<Document, Failure> {
    let text = percent_encoding::percent_decode_str(encoded).decode_utf8_lossy();
    serde_json::from_str(&text).map_err(|error| {
        Failure::fatal(
            "document-unreadable",
            format!("AWS returned a policy document that is not JSON: {error}; look at it in the console"),
        )
    })
}

fn inline(list: Option<Vec<PolicyDetail>>) -> Result<BTreeMap<String, Document>, Failure> {
    let mut documents = BTreeMap::new();
    for PolicyDetail { policy_name, policy_document, .. } in list.unwrap_or_default() {
        if let (Some(name), Some(text)) = (policy_name, policy_document) {
            documents.insert(name, document(&text)?);
        }
    }
    Ok(documents)
}

fn attached(list: Option<Vec<AttachedPolicy>>) -> BTreeSet<String> {
    list.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn).collect()
}

fn boundary(boundary: Option<AttachedPermissionsBoundary>) -> Option<String> {
    boundary.and_then(|boundary| boundary.permissions_boundary_arn)
}

fn tags(list: Option<Vec<Tag>>) -> Tags {
    list.unwrap_or_default().into_iter().map(|Tag { key, value, .. }| (key, value)).collect()
}

fn user(iam: &mut Iam, detail: UserDetail) -> Result<(), Failure> {
    let Some(name) = detail.user_name else { return Ok(()) };
    let user = User {
        id: detail.user_id.unwrap_or_default(),
        path: detail.path.unwrap_or_default(),
        boundary: boundary(detail.permissions_boundary),
        tags: tags(detail.tags),
        groups: detail.group_list.unwrap_or_default().into_iter().collect(),
        attached: attached(detail.attached_managed_policies),
        inline: inline(detail.user_policy_list)?,
    };
    iam.users.insert(name, user);
    Ok(())
}

fn group(iam: &mut Iam, detail: GroupDetail) -> Result<(), Failure> {
    let Some(name) = detail.group_name else { return Ok(()) };
    let group = Group {
        id: detail.group_id.unwrap_or_default(),
        path: detail.path.unwrap_or_default(),
        attached: attached(detail.attached_managed_policies),
        inline: inline(detail.group_policy_list)?,
    };
    iam.groups.insert(name, group);
    Ok(())
}

fn role(iam: &mut Iam, detail: RoleDetail) -> Result<(), Failure> {
    let Some(name) = detail.role_name else { return Ok(()) };
    let role = Role {
        id: detail.role_id.unwrap_or_default(),
        path: detail.path.unwrap_or_default(),
        trust: document(&detail.assume_role_policy_document.unwrap_or_default())?,
        description: None,
        max_session: None,
        boundary: boundary(detail.permissions_boundary),
        tags: tags(detail.tags),
        attached: attached(detail.attached_managed_policies),
        inline: inline(detail.role_policy_list)?,
    };
    iam.roles.insert(name, role);
    Ok(())
}

fn managed(iam: &mut Iam, detail: ManagedPolicyDetail) -> Result<(), Failure> {
    let Some(arn) = detail.arn else { return Ok(()) };
    let mut versions = BTreeMap::new();
    for version in detail.policy_version_list.unwrap_or_default() {
        if let (Some(id), Some(text)) = (version.version_id, version.document) {
            versions.insert(id, document(&text)?);
        }
    }
    let policy = ManagedPolicy {
        id: detail.policy_id.unwrap_or_default(),
        name: detail.policy_name.unwrap_or_default(),
        path: detail.path.unwrap_or_default(),
        description: detail.description.unwrap_or_default(),
        versions,
        default_version: detail.default_version_id.unwrap_or_default(),
        tags: Tags::new(),
    };
    if !policy.is_lease() {
        iam.policies.insert(arn, policy);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_percent_decoded() {
        let document = document("%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D").unwrap();
        assert_eq!(serde_json::to_value(&document).unwrap()["Version"], "2012-10-17");
        assert!(super::document("%7Bnot").is_err());
    }
}
