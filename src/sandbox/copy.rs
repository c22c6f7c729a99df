//! A world that stands for another AWS. It is told of the original what a request asks for, when it is first asked for; IAM is taken
//! for empty but for the roles by which accounts are entered, and service control policies for switched off: it says what a playbook
//! would do, not what it may.

use super::sandbox::Sandbox;
use super::wire::{Protocol, Service};
use super::world::World;
use super::{genesis, ids, request};
use crate::estate::{Account, AccountState, Iam, Organization, Role, Tags, Unit, arn};
use crate::policy::Document;
use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a request asks for of the original and the copy was not told yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unknown {
    /// Whether there is an organisation, and its accounts.
    Organization,
    /// The units right below this root or unit.
    Units(String),
    /// The root or unit this account is in.
    Parent(String),
    /// The tags of this account.
    Tags(String),
}

/// The answer: what there is of it in the original.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// None when there is no organisation. Units are told later.
    Organization(Option<(Organization, Vec<Account>)>),
    /// Ids and names.
    Units(Vec<(String, String)>),
    Parent(String),
    Tags(Tags),
}

/// What is known of the original.
#[derive(Clone, Debug, Default)]
pub(crate) struct Original {
    /// Ids of the root, the units and the accounts that are there.
    there: BTreeSet<String>,
    told: BTreeSet<Unknown>,
    /// Nothing more can be asked for.
    whole: bool,
}

impl Original {
    /// Of a copy of all of a world.
    pub(crate) fn whole(world: &World) -> Original {
        let mut there: BTreeSet<String> = world.estate().accounts.keys().cloned().collect();
        if let Some(organization) = world.organization() {
            there.extend(organization.units.keys().cloned().chain([organization.root.clone()]));
        }
        Original { there, told: BTreeSet::new(), whole: true }
    }

    /// Of a world that knows its first accounts only.
    pub(crate) fn unread(world: &World) -> Original {
        Original { whole: false, ..Original::whole(world) }
    }
}

impl Sandbox {
    /// What this request asks for of the original and the copy was not told yet; none in a world that is no copy.
    pub fn unknown(&self, request: &Request<Bytes>) -> Option<Unknown> {
        let (operation, members) = organizations(request)?;
        let state = self.state();
        let original = state.original.as_ref().filter(|original| !original.whole)?;
        if !original.told.contains(&Unknown::Organization) {
            return Some(Unknown::Organization);
        }
        let id = |member: &str| members.get(member).and_then(Value::as_str).map(str::to_owned);
        let unknown = match operation.as_str() {
            "ListOrganizationalUnitsForParent" => {
                let parent = id("ParentId")?;
                let organization = state.world.organization()?;
                let made_here = organization.root == parent || organization.units.contains_key(&parent);
                (original.there.contains(&parent) || !made_here).then_some(Unknown::Units(parent))?
            }
            "ListParents" => original.there.get(&id("ChildId")?).cloned().map(Unknown::Parent)?,
            "ListTagsForResource" => original.there.get(&id("ResourceId")?).cloned().map(Unknown::Tags)?,
            _ => return None,
        };
        (!original.told.contains(&unknown)).then_some(unknown)
    }

    /// Takes in what the original has of it.
    pub fn tell(&self, unknown: Unknown, told: Told) {
        let mut state = self.state();
        let Some(mut original) = state.original.take() else { return };
        let world = &mut state.world;
        match (&unknown, told) {
            (_, Told::Organization(Some((organization, accounts)))) => tell_organization(world, &mut original, organization, accounts),
            (Unknown::Units(parent), Told::Units(units)) => {
                for (id, name) in units {
                    put_unit(world, id.clone(), Unit { name, parent: parent.clone() });
                    original.there.insert(id);
                }
            }
            (Unknown::Parent(account), Told::Parent(parent)) => {
                if world.organization().is_some_and(|organization| organization.root != parent && !organization.units.contains_key(&parent))
                {
                    // Where it stands is not known: below nothing, it is in no list until that is told.
                    put_unit(world, parent.clone(), Unit { name: parent.clone(), parent: String::new() });
                    original.there.insert(parent.clone());
                }
                if let Some(account) = world.account_mut(account) {
                    account.parent = Some(parent);
                }
            }
            (Unknown::Tags(account), Told::Tags(tags)) => {
                if let Some(account) = world.account_mut(account) {
                    account.tags = tags;
                }
            }
            _ => {}
        }
        original.told.insert(unknown);
        state.original = Some(original);
    }

    /// Ids of the root, the units and the accounts of the original that are known; empty in a world that is no copy.
    pub fn there(&self) -> BTreeSet<String> {
        self.state().original.as_ref().map(|original| original.there.clone()).unwrap_or_default()
    }
}

fn put_unit(world: &mut World, id: String, unit: Unit) {
    if let Some(organization) = world.organization_mut() {
        organization.units.insert(id, unit);
    }
}

fn tell_organization(world: &mut World, original: &mut Original, organization: Organization, accounts: Vec<Account>) {
    let root = organization.root.clone();
    original.there.insert(root.clone());
    world.set_organization(organization);
    for mut account in accounts {
        original.there.insert(account.id.clone());
        account.parent = Some(root.clone());
        if let Some(known) = world.account_mut(&account.id) {
            account.iam = std::mem::take(&mut known.iam);
        }
        world.insert_account(account);
    }
}

/// Lets an AssumeRole in a copy find its role: that it is there is taken for granted, except in an account that the playbook makes.
pub(crate) fn enter(world: &mut World, original: &mut Original, service: Service, operation: &str, role_arn: Option<&str>) {
    if original.whole || service != Service::Sts || operation != "AssumeRole" {
        return;
    }
    let Some(arn) = role_arn.and_then(arn::parse).filter(|arn| arn.service == "iam") else { return };
    let Some((path, name)) = arn.resource.strip_prefix("role").and_then(|path| path.rsplit_once('/')) else { return };
    let (account, path, name) = (arn.account.to_owned(), format!("{path}/"), name.to_owned());
    match world.account(&account) {
        None => {
            original.there.insert(account.clone());
            world.insert_account(Account {
                id: account.clone(),
                name: account.clone(),
                email: String::new(),
                state: AccountState::Active,
                parent: None,
                tags: Tags::new(),
                iam: Iam::default(),
            });
        }
        Some(_) if !original.there.contains(&account) => return,
        Some(known) if known.iam.roles.contains_key(&name) => return,
        Some(_) => {}
    }
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"] }] });
    let role = Role {
        id: ids::unique(world.seed(), "AROA", &[&account, "role", &name]),
        path,
        trust: Document::stored(trust),
        description: None,
        max_session: Some(43_200),
        boundary: None,
        tags: Tags::new(),
        attached: BTreeSet::from([genesis::administrator_access(world.partition())]),
        inline: BTreeMap::new(),
    };
    if let Some(account) = world.account_mut(&account) {
        account.iam.roles.insert(name, role);
    }
}

/// Operation and members of a request to Organizations.
fn organizations(request: &Request<Bytes>) -> Option<(String, Map<String, Value>)> {
    let (parts, body) = request.clone().into_parts();
    let protocol = request::protocol(&parts);
    if protocol != Protocol::Json {
        return None;
    }
    request::read(Service::Organizations, protocol, &parts, &body).ok()
}
