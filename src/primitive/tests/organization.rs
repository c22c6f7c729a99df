//! The organisation, its units, and what is done with accounts that are there.

use super::world::{World, fault, keys};
use crate::aws::{Cloud, CloudConfig, smithy};
use crate::sandbox::Settings;
use crate::sandbox::faults::Kind;
use crate::step::{Freshness, StepError};
use serde_json::{Value, json};
use std::sync::Arc;

#[test]
fn an_organisation_and_units_are_made_once() {
    let world = World::new(Settings::default());
    let organization = world.org("create_organization", json!({})).unwrap();
    let top = world.org("create_organizational_unit", json!({"name": "Workloads"})).unwrap();
    let below = world.org("create_organizational_unit", json!({"name": "Prod", "parent": top})).unwrap();
    assert_eq!(world.changes(), ["CreateOrganization", "CreateOrganizationalUnit", "CreateOrganizationalUnit"]);
    let again = world.play();
    assert_eq!(again.org("create_organization", json!({})).unwrap(), organization);
    assert_eq!(again.org("create_organizational_unit", json!({"name": "Workloads", "parent": organization})).unwrap(), top);
    assert_eq!(again.org("create_organizational_unit", json!({"name": "Prod", "parent": top})).unwrap(), below);
    assert_eq!(again.changes(), [] as [&str; 0]);
}

#[test]
fn lost_replies_of_creations_are_settled_by_looking() {
    for operation in ["CreateOrganization", "CreateOrganizationalUnit"] {
        for kind in [Kind::LostReply, Kind::DropRequest] {
            let world = World::new(fault(operation, 1, kind.clone()));
            world.org("create_organization", json!({})).unwrap();
            world.org("create_organizational_unit", json!({"name": "Prod"})).unwrap();
            assert_eq!(world.sandbox.estate().organization.unwrap().units.len(), 1, "{operation} {kind:?}");
        }
    }
}

#[test]
fn accounts_are_moved_tagged_listed_and_found() {
    let world = World::organized(Settings::default());
    let unit = world.org("create_organizational_unit", json!({"name": "Prod"})).unwrap();
    let shop = world.org("create_account", json!({"name": "shop", "email": "aws+shop@example.com"})).unwrap();
    world.calls();
    world.org("move_account", json!({"account": shop, "ou": unit})).unwrap();
    world.org("tag_account", json!({"account": shop, "tags": {"team": "shop"}})).unwrap();
    assert_eq!(world.changes(), ["MoveAccount", "TagResource"]);
    let names: Vec<Value> =
        world.org("list_accounts", json!({})).unwrap().as_array().unwrap().iter().map(|account| account["name"].clone()).collect();
    assert!(names.len() == 2 && names.contains(&json!("shop")) && names.contains(&json!("management")));
    assert_eq!(world.org("find_account", json!({"email": "AWS+shop@example.com"})).unwrap()["id"], shop["id"]);
    assert_eq!(world.org("find_account", json!({"name": "nobody"})).unwrap(), Value::Null);
    let again = world.play();
    again.org("move_account", json!({"account": shop, "ou": unit})).unwrap();
    again.org("tag_account", json!({"account": shop, "tags": {"team": "shop"}})).unwrap();
    assert_eq!(again.changes(), [] as [&str; 0]);
}

#[test]
fn an_account_that_somebody_has_moved_meanwhile_is_moved_from_there() {
    let world = World::organized(Settings::default());
    let unit = |name: &str| world.org("create_organizational_unit", json!({"name": name})).unwrap();
    let (theirs, ours) = (unit("theirs"), unit("ours"));
    let shop = world.org("create_account", json!({"name": "shop", "email": "aws+shop@example.com"})).unwrap();
    let (org, id) = (world.management(), |object: &Value| object["id"].as_str().unwrap().to_owned());
    world.wait(async {
        let client = org.organizations().await.unwrap();
        let root = world.sandbox.estate().organization.unwrap().root;
        let call = client.move_account().account_id(id(&shop)).source_parent_id(root).destination_parent_id(id(&theirs));
        call.send().await.unwrap();
    });
    world.org("move_account", json!({"account": shop, "ou": ours})).unwrap();
    assert_eq!(world.sandbox.estate().accounts[&id(&shop)].parent, Some(id(&ours)));
}

#[test]
fn credentials_that_expire_meanwhile_pause_the_step() {
    let expired = Kind::Error { code: "ExpiredTokenException".into(), message: "The security token is expired".into(), status: 400 };
    // AWS is asked whose the credentials are when they are loaded, and again after the refusal.
    let mut settings = fault("CreateOrganization", 1, expired.clone());
    settings.faults.extend(fault("GetCallerIdentity", 2, expired).faults);
    let world = World::new(settings);
    let Err(StepError::Paused { failure, .. }) = world.org("create_organization", json!({})) else { panic!("not paused") };
    assert!(failure.message.contains("is expired") && failure.hints[0].contains("aws sso login"), "{failure:?}");
    let again = world.resume();
    again.org("create_organization", json!({})).unwrap();
    assert_eq!(again.changes(), ["CreateOrganization"]);
}

#[test]
fn a_list_whose_page_leads_to_itself_is_refused() {
    let world = World::organized(Settings::default());
    let (aws, clock) = (world.sandbox.clone(), world.time.clone());
    let page = r#"{"Accounts":[],"NextToken":"t"}"#;
    let http = smithy::in_process(Arc::new(move |request| {
        let lists = request.headers().get("x-amz-target").is_some_and(|target| target.as_bytes().ends_with(b".ListAccounts"));
        let reply = if lists { Some(http::Response::new(page.into())) } else { aws.handle(request, clock.now()) };
        Box::pin(std::future::ready(reply))
    }));
    let cloud = Cloud::new(CloudConfig::new(world.time.clone(), http, keys(world.sandbox.administrator())));
    let session = world.wait(cloud.own_session()).unwrap();
    let failure = world.wait(cloud.with_organization(&session, Freshness::Live, |_| ())).unwrap_err();
    assert!(failure.code == "reply-unreadable" && failure.message.contains("ListAccounts: one page leads to itself"), "{failure:?}");
}
