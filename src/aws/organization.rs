//! What is known of the organisation of an account in this process: read once, its rarer parts when first asked for, written through by
//! our changes.

use super::cloud::Cloud;
use super::failure::is_denied;
use super::pages::Pages;
use super::session::{Reach, Session};
use crate::estate::Tags;
use crate::step::{Failure, FailureClass, Freshness, Way};
use aws_sdk_organizations::types::{Account, Organization, OrganizationalUnit, Parent, PolicyType, Tag};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokio::sync::OwnedMutexGuard;

/// An account of the organisation, as ListAccounts tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub id: String,
    pub name: String,
    pub email: String,
    pub arn: String,
    /// Organizations' `State`: `ACTIVE`, `SUSPENDED` …
    pub state: String,
    /// Seconds of Unix time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitView {
    pub id: String,
    pub name: String,
    pub arn: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrganizationView {
    /// `o-…`
    pub id: String,
    pub arn: String,
    pub management: String,
    pub management_email: String,
    /// `ALL` or `CONSOLIDATED_BILLING`
    pub feature_set: String,
    /// `r-…`
    pub root: String,
    pub accounts: BTreeMap<String, Member>,
    /// Units by the root or unit above them, as far as they were asked for.
    pub units: BTreeMap<String, Vec<UnitView>>,
    /// The root or unit an account is in, as far as it was asked for.
    pub parents: BTreeMap<String, String>,
    /// Tags of accounts, as far as they were asked for.
    pub tags: BTreeMap<String, Tags>,
    /// When this process made an account: lists may lag behind.
    pub born: BTreeMap<String, Timestamp>,
}

impl OrganizationView {
    /// Takes over what an earlier view knows of accounts that were made after `since`.
    fn keep_born(&mut self, earlier: OrganizationView, since: Timestamp) {
        let OrganizationView { mut accounts, mut parents, mut tags, born, .. } = earlier;
        for (id, at) in born.into_iter().filter(|(_, at)| *at > since) {
            if let Some(member) = accounts.remove(&id) {
                self.accounts.entry(id.clone()).or_insert(member);
            }
            self.parents.extend(parents.remove_entry(&id));
            self.tags.extend(tags.remove_entry(&id));
            self.born.insert(id, at);
        }
    }

    /// The accounts with this root address: on AWS one at most. AWS holds addresses that differ in case only for one.
    #[must_use]
    pub fn with_email(&self, email: &str) -> Vec<&Member> {
        self.accounts.values().filter(|account| account.email.eq_ignore_ascii_case(email)).collect()
    }

    /// Ids of the accounts of this name; closed ones only when there is no other.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<String> {
        let all: Vec<&Member> = self.accounts.values().filter(|account| account.name == name).collect();
        let open: Vec<&Member> =
            all.iter().copied().filter(|account| account.state == "ACTIVE" || account.state == "PENDING_ACTIVATION").collect();
        let chosen = if open.is_empty() { all } else { open };
        chosen.iter().map(|account| account.id.clone()).collect()
    }
}

fn absent(what: &str) -> Failure {
    Failure::fatal("no-organization", format!("{what} needs an organisation, and this account has none; call create_organization first"))
}

fn unreadable(call: &str) -> Failure {
    Failure::new(FailureClass::Retry { throttled: false }, "reply-unreadable", format!("{call}: the reply is incomplete"))
}

impl Cloud {
    /// Looks into (or writes through) what is known of the organisation of the session's account; none when that is in none.
    pub async fn with_organization<T>(
        &self,
        session: &Session,
        freshness: Freshness,
        look: impl FnOnce(Option<&mut OrganizationView>) -> T,
    ) -> Result<T, Failure> {
        let mut slot = self.organization_slot(session.account_id()).lock_owned().await;
        if slot.is_none() || freshness == Freshness::Live {
            let mut read = read_organization(session).await?;
            if let (Some(read), Some(earlier)) = (&mut read, slot.take()) {
                read.keep_born(earlier, self.time().now() - self.settle_window());
            }
            *slot = read;
            for account in slot.iter().flat_map(|view| view.accounts.values()) {
                self.introduce(&account.id, &account.name, None);
            }
        }
        Ok(look(slot.as_mut()))
    }

    /// The units right below a root or unit.
    pub async fn units_below(&self, session: &Session, parent: &str, freshness: Freshness) -> Result<Vec<UnitView>, Failure> {
        let mut slot = self.known(session, "an organisational unit").await?;
        let view = slot.as_mut().ok_or_else(|| absent("an organisational unit"))?;
        if freshness == Freshness::Live || !view.units.contains_key(parent) {
            view.units.insert(parent.to_owned(), read_units(session, parent).await?);
        }
        Ok(view.units.get(parent).cloned().unwrap_or_default())
    }

    /// The root or unit an account is in.
    pub async fn parent_of(&self, session: &Session, account: &str, freshness: Freshness) -> Result<String, Failure> {
        let mut slot = self.known(session, "an account's place").await?;
        let view = slot.as_mut().ok_or_else(|| absent("an account's place"))?;
        if freshness == Freshness::Snapshot
            && let Some(parent) = view.parents.get(account)
        {
            return Ok(parent.clone());
        }
        let client = session.organizations().await?;
        let reply = session.read("organizations:ListParents", client.list_parents().child_id(account).send()).await?;
        let parent =
            reply.parents.unwrap_or_default().into_iter().find_map(|Parent { id, .. }| id).ok_or_else(|| unreadable("ListParents"))?;
        view.parents.insert(account.to_owned(), parent.clone());
        Ok(parent)
    }

    /// The tags of an account.
    pub async fn tags_of(&self, session: &Session, account: &str, freshness: Freshness) -> Result<Tags, Failure> {
        let mut slot = self.known(session, "a tag").await?;
        let view = slot.as_mut().ok_or_else(|| absent("a tag"))?;
        if freshness == Freshness::Live || !view.tags.contains_key(account) {
            view.tags.insert(account.to_owned(), read_tags(session, account).await?);
        }
        Ok(view.tags.get(account).cloned().unwrap_or_default())
    }

    /// Names of the service control policies on a root, unit or account; none where they are switched off.
    pub async fn policies_on(&self, session: &Session, target: &str) -> Result<Vec<String>, Failure> {
        let client = session.organizations().await?;
        let mut policies = Vec::new();
        let mut pages = Pages::default();
        loop {
            let call = client.list_policies_for_target().target_id(target).filter(PolicyType::ServiceControlPolicy);
            let call = call.set_next_token(pages.token());
            let page = session.read("organizations:ListPoliciesForTarget", call.send()).await?;
            policies.extend(page.policies.unwrap_or_default().into_iter().filter_map(|policy| policy.name.or(policy.id)));
            if !pages.go_on("ListPoliciesForTarget", page.next_token)? {
                return Ok(policies);
            }
        }
    }

    /// Writes one of our own changes through, if the organisation has been read.
    pub(crate) async fn record_organization(&self, session: &Session, write: impl FnOnce(&mut OrganizationView)) {
        if let Some(view) = self.organization_slot(session.account_id()).lock_owned().await.as_mut() {
            write(view);
        }
    }

    async fn known(&self, session: &Session, what: &str) -> Result<OwnedMutexGuard<Option<OrganizationView>>, Failure> {
        let mut slot = self.organization_slot(session.account_id()).lock_owned().await;
        if slot.is_none() {
            *slot = Some(read_organization(session).await?.ok_or_else(|| absent(what))?);
        }
        Ok(slot)
    }
}

/// The organisation that the session's account is in, if any. For the own account it must be one that it manages.
pub(super) async fn describe_organization(session: &Session) -> Result<Option<Organization>, Failure> {
    let client = session.organizations().await?;
    let organization = match session.read("organizations:DescribeOrganization", client.describe_organization().send()).await {
        Ok(reply) => reply.organization.ok_or_else(|| unreadable("DescribeOrganization"))?,
        Err(failure) if failure.code == "AWSOrganizationsNotInUseException" => return Ok(None),
        Err(failure) if is_denied(&failure.code) => {
            return Err(Failure::needs_you(
                "organization-hidden",
                format!("whether account {} is in an organisation cannot be seen: {}", session.account_id(), failure.message),
            )
            .way(Way::After(
                "allow organizations:DescribeOrganization to these credentials (a refusal does not mean that there is none)".to_owned(),
            )));
        }
        Err(failure) => return Err(failure),
    };
    if session.spec().reach == Reach::Own {
        managed_by(session, organization.master_account_id.as_deref())?;
    }
    Ok(Some(organization))
}

/// Whether the session's account is the management account of its organisation.
pub(super) fn managed_by(session: &Session, management: Option<&str>) -> Result<(), Failure> {
    let own = session.account_id();
    match management {
        Some(management) if management != own => Err(Failure::needs_you(
            "not-management",
            format!("the credentials are of {own}, a member account of the organisation that account {management} manages"),
        )
        .way(Way::After(format!("use credentials of account {management} (`profile` and `account_id` of the target in runner.toml)")))),
        _ => Ok(()),
    }
}

async fn read_organization(session: &Session) -> Result<Option<OrganizationView>, Failure> {
    let Some(described) = describe_organization(session).await? else { return Ok(None) };
    let client = session.organizations().await?;
    let roots = session.read("organizations:ListRoots", client.list_roots().send()).await?;
    let root = roots.roots.unwrap_or_default().into_iter().find_map(|root| root.id).ok_or_else(|| unreadable("ListRoots"))?;
    let mut accounts = BTreeMap::new();
    let mut pages = Pages::default();
    loop {
        let page = session.read("organizations:ListAccounts", client.list_accounts().set_next_token(pages.token()).send()).await?;
        accounts.extend(page.accounts.unwrap_or_default().into_iter().filter_map(member).map(|account| (account.id.clone(), account)));
        if !pages.go_on("ListAccounts", page.next_token)? {
            break;
        }
    }
    Ok(Some(OrganizationView {
        id: described.id.unwrap_or_default(),
        arn: described.arn.unwrap_or_default(),
        management: described.master_account_id.unwrap_or_default(),
        management_email: described.master_account_email.unwrap_or_default(),
        feature_set: described.feature_set.map(|set| set.as_str().to_owned()).unwrap_or_default(),
        root,
        accounts,
        ..OrganizationView::default()
    }))
}

async fn read_units(session: &Session, parent: &str) -> Result<Vec<UnitView>, Failure> {
    let client = session.organizations().await?;
    let mut units = Vec::new();
    let mut pages = Pages::default();
    loop {
        let call = client.list_organizational_units_for_parent().parent_id(parent).set_next_token(pages.token());
        let page = session.read("organizations:ListOrganizationalUnitsForParent", call.send()).await?;
        units.extend(page.organizational_units.unwrap_or_default().into_iter().filter_map(unit));
        if !pages.go_on("ListOrganizationalUnitsForParent", page.next_token)? {
            return Ok(units);
        }
    }
}

async fn read_tags(session: &Session, resource: &str) -> Result<Tags, Failure> {
    let client = session.organizations().await?;
    let mut tags = Tags::new();
    let mut pages = Pages::default();
    loop {
        let call = client.list_tags_for_resource().resource_id(resource).set_next_token(pages.token());
        let page = session.read("organizations:ListTagsForResource", call.send()).await?;
        tags.extend(page.tags.unwrap_or_default().into_iter().map(|Tag { key, value, .. }| (key, value)));
        if !pages.go_on("ListTagsForResource", page.next_token)? {
            return Ok(tags);
        }
    }
}

pub(crate) fn member(account: Account) -> Option<Member> {
    let status = account.status.map(|status| status.as_str().to_owned());
    let state = account.state.map(|state| state.as_str().to_owned()).or(status).unwrap_or_default();
    let joined = account.joined_timestamp.map(|joined| joined.secs());
    Some(Member {
        id: account.id?,
        name: account.name.unwrap_or_default(),
        email: account.email.unwrap_or_default(),
        arn: account.arn.unwrap_or_default(),
        state,
        joined,
    })
}

pub(crate) fn unit(unit: OrganizationalUnit) -> Option<UnitView> {
    Some(UnitView { id: unit.id?, name: unit.name.unwrap_or_default(), arn: unit.arn.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str, name: &str, email: &str, state: &str) -> (String, Member) {
        let member =
            Member { id: id.into(), name: name.into(), email: email.into(), arn: String::new(), state: state.into(), joined: None };
        (id.to_owned(), member)
    }

    #[test]
    fn accounts_are_found_by_address_and_by_name() {
        let view = OrganizationView {
            accounts: BTreeMap::from([
                account("1", "dev", "Aws+Dev@example.com", "SUSPENDED"),
                account("2", "dev", "dev2@example.com", "ACTIVE"),
                account("3", "old", "old@example.com", "CLOSED"),
            ]),
            ..OrganizationView::default()
        };
        assert_eq!(view.with_email("aws+dev@example.com").iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), ["1"]);
        assert_eq!(view.named("dev"), ["2"]);
        assert_eq!(view.named("old"), ["3"]);
        assert!(view.named("new").is_empty());
    }
}
