//! The sandbox through the real SDK clients: what is checked here is that AWS's own code reads its replies, errors, pages
//! and encoded documents.

use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_organizations::types::{CreateAccountState, OrganizationFeatureSet, PolicyType, Tag as OrgTag};
use bytes::Bytes;
use runner::aws::{Base, Cloud, CloudConfig, Session, StaticKeys, smithy};
use runner::sandbox::{Sandbox, Settings};
use runner::time::Time;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

const READ: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::a b/${aws:username}/*"}]}"#;

/// A sandbox, the SDK over it, and the time both live in.
struct Place {
    sandbox: Sandbox,
    time: Time,
    cloud: Cloud,
}

impl Place {
    fn new(settings: Settings) -> Place {
        let sandbox = Sandbox::open(settings, None).expect("a sandbox");
        let time = Time::simulated(1);
        let (world, clock) = (sandbox.clone(), time.clone());
        let http = smithy::in_process(Arc::new(move |request: http::Request<Bytes>| {
            let reply = world.handle(request, clock.now());
            Box::pin(std::future::ready(reply))
        }));
        let key = sandbox.administrator();
        let base =
            Base::Static(StaticKeys { access_key_id: key.access_key_id, secret_access_key: key.secret_access_key, session_token: None });
        let cloud = Cloud::new(CloudConfig::new(time.clone(), http, base));
        Place { sandbox, time, cloud }
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.time.block_on(future).expect("no stop")
    }

    async fn management(&self) -> Session {
        self.cloud.own_session().await.expect("a session")
    }
}

fn trusting(account: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"sts:AssumeRole"}}]}}"#)
}

fn decoded(text: &str) -> serde_json::Value {
    let text = percent_encoding::percent_decode_str(text).decode_utf8().expect("UTF-8");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn iam_errors_are_typed() {
    let place = Place::new(Settings::default());
    place.run(async {
        let iam = place.management().await.iam().await.expect("a client");
        let error = iam.get_role().role_name("app").send().await.expect_err("there is none").into_service_error();
        assert!(error.is_no_such_entity_exception(), "{error:?}");
        assert_eq!(error.message(), Some("The role with name app cannot be found."));
        let error = iam.create_role().role_name("app").assume_role_policy_document("{").send().await.expect_err("not JSON");
        assert!(error.into_service_error().is_malformed_policy_document_exception());
        let create = || iam.create_user().user_name("bob").send();
        create().await.expect("a user");
        assert!(create().await.expect_err("twice").into_service_error().is_entity_already_exists_exception());
        for _ in 0..2 {
            iam.create_access_key().user_name("bob").send().await.expect("a key");
        }
        let error = iam.create_access_key().user_name("bob").send().await.expect_err("a third key").into_service_error();
        assert!(error.is_limit_exceeded_exception(), "{error:?}");
        let error = iam.delete_user().user_name("bob").send().await.expect_err("it has keys").into_service_error();
        assert!(error.is_delete_conflict_exception(), "{error:?}");
        let error = iam.create_user().user_name("a b").send().await.expect_err("a space").into_service_error();
        assert_eq!(error.code(), Some("ValidationError"));
    });
}

#[test]
fn iam_objects_read_back() {
    let place = Place::new(Settings::default());
    place.run(async {
        let session = place.management().await;
        let iam = session.iam().await.expect("a client");
        let account = place.sandbox.management_account();
        let trust = trusting(&account);
        let role =
            iam.create_role().role_name("app").path("/x/").assume_role_policy_document(&trust).description("d").max_session_duration(7200);
        let tag = aws_sdk_iam::types::Tag::builder().key("k").value("v").build().expect("a tag");
        let made = role.tags(tag).send().await.expect("made").role.expect("a role");
        assert_eq!(made.max_session_duration, None, "CreateRole's reply omits it");
        assert_eq!(made.arn, format!("arn:aws:iam::{account}:role/x/app"));
        iam.put_role_policy().role_name("app").policy_name("p").policy_document(READ).send().await.expect("put");
        iam.attach_role_policy().role_name("app").policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess").send().await.expect("attached");
        let role = iam.get_role().role_name("app").send().await.expect("found").role.expect("a role");
        assert_eq!((role.max_session_duration, role.description.as_deref()), (Some(7200), Some("d")));
        assert_eq!(role.tags().len(), 1);
        assert_eq!(decoded(role.assume_role_policy_document().expect("a document")), decoded(&trust));
        let policy = iam.get_role_policy().role_name("app").policy_name("p").send().await.expect("found");
        assert_ne!(policy.policy_document, READ, "encoded");
        assert_eq!(decoded(&policy.policy_document), serde_json::from_str::<serde_json::Value>(READ).expect("JSON"));
        let attached = iam.list_attached_role_policies().role_name("app").send().await.expect("listed");
        assert_eq!(attached.attached_policies()[0].policy_name(), Some("ReadOnlyAccess"));
        let summary = iam.get_account_summary().send().await.expect("a summary").summary_map.expect("a map");
        assert_eq!(summary.get(&aws_sdk_iam::types::SummaryKeyType::Roles), Some(&1));
        iam.update_account_password_policy().minimum_password_length(14).send().await.expect("set");
        let policy = iam.get_account_password_policy().send().await.expect("found").password_policy.expect("a policy");
        assert_eq!((policy.minimum_password_length, policy.expire_passwords), (Some(14), false));
        let device = iam.create_virtual_mfa_device().virtual_mfa_device_name("bob").send().await.expect("made").virtual_mfa_device;
        let seed = device.expect("a device").base32_string_seed.expect("a seed").into_inner();
        assert_eq!(seed.len(), 64);
        assert!(seed.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')));
    });
}

#[test]
fn iam_pages_through_the_paginator() {
    let place = Place::new(Settings::default());
    place.run(async {
        let iam = place.management().await.iam().await.expect("a client");
        for number in 0..12 {
            iam.create_group().group_name(format!("g{number:02}")).send().await.expect("made");
        }
        let mut pages = iam.list_groups().into_paginator().page_size(5).send();
        let mut sizes = Vec::new();
        while let Some(page) = pages.next().await {
            sizes.push(page.expect("a page").groups.len());
        }
        assert_eq!(sizes, [5, 5, 2]);
        let mut details = iam.get_account_authorization_details().max_items(4).into_paginator().send();
        let (mut users, mut groups, mut policies) = (0, 0, 0);
        while let Some(page) = details.next().await {
            let page = page.expect("a page");
            users += page.user_detail_list().len();
            groups += page.group_detail_list().len();
            policies += page.policies().len();
        }
        assert_eq!((users, groups, policies), (1, 12, 1), "the administrator, the groups, AdministratorAccess");
    });
}

#[test]
fn organizations_from_nothing_to_an_account() {
    let place = Place::new(Settings { creation: Duration::from_secs(5), ..Settings::default() });
    place.run(async {
        let client = place.management().await.organizations().await.expect("a client");
        let error = client.describe_organization().send().await.expect_err("none yet").into_service_error();
        assert!(error.is_aws_organizations_not_in_use_exception(), "{error:?}");
        let made = client.create_organization().feature_set(OrganizationFeatureSet::All).send().await.expect("made");
        assert_eq!(made.organization.and_then(|found| found.master_account_id), Some(place.sandbox.management_account()));
        let error = client.create_organization().send().await.expect_err("twice").into_service_error();
        assert!(error.is_already_in_organization_exception(), "{error:?}");
        let root = client.list_roots().send().await.expect("listed").roots.and_then(|roots| roots[0].id.clone()).expect("a root");
        let unit = client.create_organizational_unit().parent_id(&root).name("apps").send().await.expect("made").organizational_unit;
        let unit = unit.and_then(|unit| unit.id).expect("an id");
        let error = client.create_organizational_unit().parent_id(&root).name("apps").send().await.expect_err("twice");
        assert!(error.into_service_error().is_duplicate_organizational_unit_exception());
        let tag = OrgTag::builder().key("k").value("v").build().expect("a tag");
        let create = client.create_account().account_name("dev").email("dev@example.com").tags(tag).send().await.expect("asked");
        let status = create.create_account_status.expect("a status");
        assert_eq!(status.state, Some(CreateAccountState::InProgress));
        place.time.sleep(Duration::from_secs(6)).await;
        let id = status.id.expect("an id");
        let status = client.describe_create_account_status().create_account_request_id(id).send().await.expect("found");
        let status = status.create_account_status.expect("a status");
        assert_eq!(status.state, Some(CreateAccountState::Succeeded));
        let account = status.account_id.expect("an account");
        client.move_account().account_id(&account).source_parent_id(&root).destination_parent_id(&unit).send().await.expect("moved");
        let mut accounts = client.list_accounts().into_paginator().send();
        let mut emails = Vec::new();
        while let Some(page) = accounts.next().await {
            emails.extend(page.expect("a page").accounts().iter().filter_map(|account| account.email.clone()));
        }
        emails.sort();
        assert_eq!(emails, ["dev@example.com", "management@example.com"]);
        let policies = client.list_policies_for_target().target_id(&account).filter(PolicyType::ServiceControlPolicy).send().await;
        assert_eq!(policies.expect("listed").policies()[0].id(), Some("p-FullAWSAccess"));
        let error = client.describe_account().account_id("999999999999").send().await.expect_err("unknown").into_service_error();
        assert!(error.is_account_not_found_exception(), "{error:?}");
    });
}

#[test]
fn sts_into_a_new_account_and_back() {
    let place = Place::new(Settings::default());
    place.run(async {
        let session = place.management().await;
        let organizations = session.organizations().await.expect("a client");
        organizations.create_organization().send().await.expect("made");
        let create = organizations.create_account().account_name("dev").email("dev@example.com").send().await.expect("asked");
        let id = create.create_account_status.and_then(|status| status.id).expect("an id");
        let status = organizations.describe_create_account_status().create_account_request_id(id).send().await.expect("found");
        let account = status.create_account_status.and_then(|status| status.account_id).expect("an account");
        let sts = session.sts().await.expect("a client");
        let caller = sts.get_caller_identity().send().await.expect("known");
        assert_eq!(caller.account, Some(place.sandbox.management_account()));
        let arn = format!("arn:aws:iam::{account}:role/OrganizationAccountAccessRole");
        let assumed = sts.assume_role().role_arn(&arn).role_session_name("test").send().await.expect("assumed");
        assert!(assumed.credentials.is_some_and(|found| found.session_token.len() > 20));
        let dev = place.cloud.account("dev", None).await.expect("a session");
        let caller = dev.sts().await.expect("a client").get_caller_identity().send().await.expect("known");
        assert_eq!(caller.account.as_deref(), Some(account.as_str()));
        let error = sts.assume_role().role_arn(format!("arn:aws:iam::{account}:role/nobody")).role_session_name("test").send().await;
        assert_eq!(error.expect_err("no such role").into_service_error().code(), Some("AccessDenied"));
        // a role of the new account is in its estate, not in the management account's
        let iam = dev.iam().await.expect("a client");
        iam.create_role().role_name("app").assume_role_policy_document(trusting(&account)).send().await.expect("made");
        let estate = place.sandbox.estate();
        assert!(estate.accounts[&account].iam.roles.contains_key("app"));
        assert!(!estate.accounts[&place.sandbox.management_account()].iam.roles.contains_key("app"));
    });
}

#[test]
fn service_control_policies_bind_a_member() {
    let place = Place::new(Settings::default());
    place.run(async {
        let client = place.management().await.organizations().await.expect("a client");
        client.create_organization().send().await.expect("made");
        client.create_account().account_name("dev").email("dev@example.com").send().await.expect("asked");
        let root = client.list_roots().send().await.expect("listed").roots.and_then(|roots| roots[0].id.clone()).expect("a root");
        let kind = PolicyType::ServiceControlPolicy;
        let error = client.enable_policy_type().root_id(&root).policy_type(kind.clone()).send().await.expect_err("on already");
        assert!(error.into_service_error().is_policy_type_already_enabled_exception());
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}]}"#;
        let create = || client.create_policy().name("no-users").description("d").r#type(kind.clone()).content(document).send();
        let made = create().await.expect("made").policy.expect("a policy");
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(json(made.content.as_deref().expect("content")), json(document));
        assert!(create().await.expect_err("twice").into_service_error().is_duplicate_policy_exception());
        let id = made.policy_summary.and_then(|summary| summary.id).expect("an id");
        let dev = place.cloud.account("dev", None).await.expect("a session").iam().await.expect("a client");
        dev.create_user().user_name("before").send().await.expect("nothing denies it yet");
        let attach = || client.attach_policy().policy_id(&id).target_id(&root).send();
        attach().await.expect("attached");
        assert!(attach().await.expect_err("twice").into_service_error().is_duplicate_policy_attachment_exception());
        let error = dev.create_user().user_name("after").send().await.expect_err("denied").into_service_error();
        assert_eq!(error.code(), Some("AccessDenied"));
        assert!(error.message().is_some_and(|text| text.ends_with("with an explicit deny in a service control policy")), "{error:?}");
        let own = place.management().await.iam().await.expect("a client");
        own.create_user().user_name("after").send().await.expect("the management account is never bound");
    });
}

#[test]
fn a_session_with_mfa() {
    let place = Place::new(Settings::default());
    place.run(async {
        let session = place.management().await;
        let iam = session.iam().await.expect("a client");
        let device = iam.create_virtual_mfa_device().virtual_mfa_device_name("admin").send().await.expect("made").virtual_mfa_device;
        let serial = device.map(|device| device.serial_number).expect("a serial number");
        let code = || place.sandbox.mfa_code(&serial, place.time.now());
        let first = code();
        place.time.sleep(Duration::from_secs(30)).await;
        let enable = |one: &str, two: &str| {
            iam.enable_mfa_device().user_name("admin").serial_number(&serial).authentication_code1(one).authentication_code2(two).send()
        };
        let error = enable(&first, &first).await.expect_err("one code twice").into_service_error();
        assert!(error.is_invalid_authentication_code_exception(), "{error:?}");
        enable(&first, &code()).await.expect("enabled");
        let listed = iam.list_mfa_devices().user_name("admin").send().await.expect("listed");
        assert_eq!(listed.mfa_devices()[0].serial_number(), serial);
        let sts = session.sts().await.expect("a client");
        let token = |code: String| sts.get_session_token().serial_number(&serial).token_code(code).send();
        assert_eq!(token(code()).await.expect_err("used").into_service_error().code(), Some("AccessDenied"));
        place.time.sleep(Duration::from_secs(30)).await;
        let credentials = token(code()).await.expect("a session").credentials.expect("credentials");
        assert!(credentials.access_key_id.starts_with("ASIA"));
    });
}

#[test]
fn a_lost_reply_is_a_dispatch_failure_and_the_call_took_effect() {
    use runner::sandbox::faults::{Kind, Rule};
    let rule = Rule { operation: "CreateGroup".to_owned(), nth: Some(1), kind: Kind::LostReply };
    let place = Place::new(Settings { faults: vec![rule], ..Settings::default() });
    place.run(async {
        let iam = place.management().await.iam().await.expect("a client");
        let create = || iam.create_group().group_name("ops").send();
        let error = create().await.expect_err("lost");
        assert!(error.as_service_error().is_none(), "{error:?}");
        assert!(create().await.expect_err("it is there").into_service_error().is_entity_already_exists_exception());
    });
}
