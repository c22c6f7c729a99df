//! Where credentials come from, and what is done with wrong ones: nothing. The real binary with files of its own in `~/.aws`.

use crate::aws_target::useless;
use crate::counting::{Counting, Request};
use crate::other_client::Served;
use crate::project::{Ended, Project};
use crate::terminal;
use aws_credential_types::Credentials;
use jiff::{SignedDuration, Timestamp};
use runner::sandbox::{ForeignAccount, Sandbox, Settings};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

/// A member account, and in the management account roles with trusts of their own.
const SCENE: &str = r#"
import "std/policy" as policy;
let org = organization();
org.create_organization();
let dev = org.create_account("dev", #{ email: "aws+dev@example.com" });
let here = `arn:aws:iam::${org.id}:root`;
fn trust(principal, condition) {
    #{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Principal: #{ AWS: principal }, Action: ["sts:AssumeRole", "sts:SetSourceIdentity"], Condition: condition }] }
}
let admin = [policy::aws("AdministratorAccess")];
org.create_role("deploy", #{ trust: trust(here, #{ StringEquals: #{ "sts:ExternalId": "sesame" } }), managed: admin });
org.create_role("second", #{ trust: trust(here, #{}), managed: admin });
org.create_role("careful", #{ trust: trust(here, #{ Bool: #{ "aws:MultiFactorAuthPresent": "true" } }), managed: admin });
org.create_role("closed", #{ trust: trust(`arn:aws:iam::${dev.id}:root`, #{}) });
output("management", org.id);
output("dev", dev.id);
"#;

/// An account outside the organisation.
const PARTNER: &str = "222233334444";
/// Changes something where it is let.
const CHANGE: &str = "let org = organization();\norg.create_group(\"made-by-mistake\");\n";
const WHO: &str = "output(\"who\", caller().arn);\n";

struct Scene {
    aws: Served,
    between: Counting,
    server: Project,
    client: Project,
    management: String,
    dev: String,
    key: String,
    secret: String,
}

impl Scene {
    fn new() -> Scene {
        let server = Project::new();
        let partner = format!(
            "[targets.sandbox]\nkind = \"sandbox\"\n[targets.sandbox.accounts.partner]\naccount_id = \"{PARTNER}\"\nemail = \"p@example.com\"\n"
        );
        server.write("runner.toml", &partner);
        let aws = Served::start(&server);
        let between = Counting::before(&aws.endpoint);
        let mut client = Project::new();
        client.environment = aws.environment();
        let (key, secret) = (client.environment[0].1.clone(), client.environment[1].1.clone());
        client.write("scene.rhai", SCENE);
        client.write("change.rhai", CHANGE);
        client.write("who.rhai", WHO);
        let world: serde_json::Value = serde_json::from_str(&server.world()).unwrap();
        let management = world["accounts"].as_object().unwrap().keys().find(|id| *id != PARTNER).unwrap().clone();
        let mut scene = Scene { aws, between, server, client, management, dev: String::new(), key, secret };
        scene.target(&scene.management, "");
        let played = scene.play("scene.rhai").ok();
        let dev = played.stdout.lines().find_map(|line| line.trim().strip_prefix("dev ")).expect("the account's id");
        dev.trim().clone_into(&mut scene.dev);
        scene.client.environment = vec![("AWS_EC2_METADATA_DISABLED", "true".into())];
        scene.between.requests();
        scene
    }

    /// Writes `[targets.live]`, with more keys or tables.
    fn target(&self, account: &str, more: &str) {
        self.target_at(&self.between.endpoint, account, more);
    }

    fn target_at(&self, endpoint: &str, account: &str, more: &str) {
        let text = format!("[targets.live]\nkind = \"aws\"\naccount_id = \"{account}\"\nendpoint_url = \"{endpoint}\"\n{more}\n");
        self.client.write("runner.toml", &text);
    }

    fn play(&self, playbook: &str) -> Ended {
        self.client.run(&["play", playbook, "--target", "live", "--yes", "--fresh"])
    }

    /// Words in braces stand for what only the scene knows.
    fn filled(&self, text: &str) -> String {
        let keys = format!("aws_access_key_id = {}\naws_secret_access_key = {}", self.key, self.secret);
        let role = |name: &str| format!("arn:aws:iam::{}:role/{name}", self.management);
        let text = text.replace("{KEYS}", &keys).replace("{DEV}", &self.dev).replace("{MANAGEMENT}", &self.management);
        let text = text.replace("{KEY}", &self.key).replace("{SECRET}", &self.secret);
        ["deploy", "second", "careful", "closed"]
            .iter()
            .fold(text, |text, name| text.replace(&format!("{{{}}}", name.to_uppercase()), &role(name)))
    }

    fn profiles(&self, text: &str) {
        self.client.write(".aws/config", &self.filled(text));
    }
}

const PROFILES: &str = "
[profile keys]\n{KEYS}
[profile process]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"{KEY}\",\"SecretAccessKey\":\"{SECRET}\"}'
[profile deploy]\nrole_arn = {DEPLOY}\nsource_profile = process\nexternal_id = sesame\nduration_seconds = 1800
[profile chained]\nrole_arn = {SECOND}\nsource_profile = deploy\nrole_session_name = ana\nduration_seconds = 7200
[profile variables]\nrole_arn = {SECOND}\ncredential_source = Environment
[profile portal]\nsso_session = corp\nsso_account_id = {MANAGEMENT}\nsso_role_name = Admin
[sso-session corp]\nsso_start_url = https://corp.example.com/start\nsso_region = eu-central-1
[profile console]\nlogin_session = arn:aws:iam::{MANAGEMENT}:user/admin
[default]\n{KEYS}
";

#[test]
fn every_kind_of_credentials_is_understood() {
    let mut scene = Scene::new();
    scene.profiles(PROFILES);
    sign_in(&mut scene);
    let keys = vec![("AWS_ACCESS_KEY_ID", scene.key.clone()), ("AWS_SECRET_ACCESS_KEY", scene.secret.clone())];
    for (profile, environment, who) in [
        ("keys", &[][..], ":user/admin"),
        ("process", &[], ":user/admin"),
        ("deploy", &[], ":assumed-role/deploy/runner-admin"),
        ("chained", &[], ":assumed-role/second/ana"),
        ("variables", &keys, ":assumed-role/second/runner-admin"),
        ("portal", &[], ":assumed-role/second/portal"),
        ("console", &[], ":assumed-role/second/portal"),
        ("", &[], ":user/admin"),
        ("", &[("AWS_PROFILE", "chained".to_owned())], ":assumed-role/second/ana"),
        ("", &keys, ":user/admin"),
    ] {
        let profile = if profile.is_empty() { String::new() } else { format!("profile = \"{profile}\"") };
        scene.target(&scene.management, &profile);
        let before = scene.client.environment.len();
        scene.client.environment.extend(environment.iter().cloned());
        let played = scene.play("who.rhai").ok();
        scene.client.environment.truncate(before);
        assert!(played.stdout.lines().any(|line| line.trim_end().ends_with(who)), "{profile} {environment:?}: {}", played.stdout);
    }
    let sent = scene.between.requests();
    let assumed: Vec<&str> = sent.iter().filter(|sent| sent.operation == "AssumeRole").map(|sent| sent.body.as_str()).collect();
    assert!(assumed[0].contains("DurationSeconds=1800") && assumed[0].contains("ExternalId=sesame"), "{}", assumed[0]);
    // AWS gives a role that was assumed from a role no more than an hour.
    assert!(assumed[2].contains("DurationSeconds=3600") && assumed[2].contains("RoleSessionName=ana"), "{}", assumed[2]);
}

/// What `aws sso login` and `aws login` leave behind, and a portal that gives a role's credentials.
fn sign_in(scene: &mut Scene) {
    let role = format!("arn:aws:iam::{}:role/second", scene.management);
    let given = tokio::runtime::Runtime::new().unwrap().block_on(scene.aws.assume(&role, "portal"));
    let (key, secret, token) = (given.access_key_id(), given.secret_access_key(), given.session_token().unwrap());
    let expires = "2099-01-01T00:00:00Z";
    // The file is named by the SHA-1 of `corp`.
    let cached =
        format!(r#"{{"accessToken":"t","expiresAt":"{expires}","region":"eu-central-1","startUrl":"https://corp.example.com/start"}}"#);
    scene.client.write(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", &cached);
    let credentials = format!(
        r#"{{"roleCredentials":{{"accessKeyId":"{key}","secretAccessKey":"{secret}","sessionToken":"{token}","expiration":4070908800000}}}}"#
    );
    let portal = useless("200 OK", credentials.leak());
    scene.client.environment.push(("AWS_ENDPOINT_URL_SSO", portal.endpoint));
    let session = format!("arn:aws:iam::{}:user/admin", scene.management);
    let mut file = String::new();
    for byte in Sha256::digest(session.as_bytes()) {
        write!(file, "{byte:02x}").unwrap();
    }
    let access = format!(
        r#"{{"accessKeyId":"{key}","secretAccessKey":"{secret}","sessionToken":"{token}","accountId":"{}","expiresAt":"{expires}"}}"#,
        scene.management
    );
    let cached = format!(r#"{{"accessToken":{access},"tokenType":"aws_sigv4","refreshToken":"r","clientId":"c","dpopKey":"k"}}"#);
    scene.client.write(&format!(".aws/login/cache/{file}.json"), &cached);
}

const WRONG: &str = "
[profile keys]\n{KEYS}
[profile unknown-key]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret
[profile wrong-secret]\naws_access_key_id = {KEY}\naws_secret_access_key = secret
[profile failing]\ncredential_process = echo 'the vault is shut' >&2; exit 3
[profile rubbish]\ncredential_process = echo rubbish
[profile circle]\nrole_arn = {DEPLOY}\nsource_profile = other\n[profile other]\nrole_arn = {DEPLOY}\nsource_profile = circle
[profile closed]\nrole_arn = {CLOSED}\nsource_profile = keys
[profile stranger]\nrole_arn = {DEPLOY}\nsource_profile = keys\nexternal_id = wrong
[profile careful]\nrole_arn = {CAREFUL}\nsource_profile = keys\nmfa_serial = arn:aws:iam::{MANAGEMENT}:mfa/admin
[profile without]\nrole_arn = {CAREFUL}\nsource_profile = keys
";

/// Profile, pinned account, the code and a piece of what is said, how many calls were made at most.
type Row = (&'static str, &'static str, &'static str, &'static str, usize);

const ROWS: [Row; 14] = [
    ("", "{MANAGEMENT}", "no-credentials", "aws sso login", 0),
    ("nobody", "{MANAGEMENT}", "no-profile", "careful, circle, closed", 0),
    ("unknown-key", "{MANAGEMENT}", "InvalidClientTokenId", "set `region`", 1),
    ("wrong-secret", "{MANAGEMENT}", "SignatureDoesNotMatch", "secret access key", 1),
    ("keys", "999999999999", "wrong-account", "pinned to 999999999999", 1),
    ("member", "{DEV}", "not-management", "manages", 2),
    ("blind", "{DEV}", "organization-hidden", "organizations:DescribeOrganization", 2),
    ("failing", "{MANAGEMENT}", "no-credentials", "the vault is shut", 0),
    ("rubbish", "{MANAGEMENT}", "no-credentials", "profile `rubbish`", 0),
    ("circle", "{MANAGEMENT}", "bad-profile", "circle → other → circle", 0),
    ("closed", "{MANAGEMENT}", "role-refused", "role/closed` must exist", 2),
    ("stranger", "{MANAGEMENT}", "role-refused", "external_id", 2),
    ("careful", "{MANAGEMENT}", "mfa-code", "at a terminal", 1),
    ("without", "{MANAGEMENT}", "role-refused", "mfa_serial", 2),
];

#[test]
fn wrong_credentials_change_nothing() {
    let scene = Scene::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (member, blind) = runtime.block_on(async { (user(&scene, "ana", "*").await, user(&scene, "bert", "iam:*").await) });
    scene.profiles(&format!("{WRONG}[profile member]\n{member}[profile blind]\n{blind}"));
    scene.between.requests();
    let world = scene.server.world();
    for (profile, account, code, said, calls) in ROWS {
        let profile_line = if profile.is_empty() { String::new() } else { format!("profile = \"{profile}\"") };
        scene.target(&scene.filled(account), &profile_line);
        let ended = scene.play("change.rhai").exits(4);
        // What ends a run is part of its result, what keeps it from beginning is not.
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(told.contains(&format!("error[{code}]")) && told.contains(said), "{profile}: {told}");
        let sent = scene.between.requests();
        assert!(sent.len() <= calls && sent.iter().all(Request::is_read), "{profile}: {:?}", operations(&sent));
    }
    assert_eq!(scene.server.world(), world);
}

#[test]
fn what_aws_itself_says_of_credentials_ends_it_before_it_begins() {
    let scene = Scene::new();
    scene.profiles("[default]\n{KEYS}\n");
    let root = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
        <Arn>arn:aws:iam::111122223333:root</Arn><UserId>111122223333</UserId><Account>111122223333</Account>\
        </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let refusal = |code: &str, message: &str| {
        format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>")
    };
    let skewed = refusal("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z");
    let expired = refusal("ExpiredToken", "The security token included in the request is expired");
    for (status, body, code, said) in [
        ("200 OK", root.to_owned(), "root-credentials", "Roles may not be assumed by root accounts"),
        ("403 Forbidden", skewed, "SignatureDoesNotMatch", "clock"),
        ("403 Forbidden", expired, "ExpiredToken", "sign in again"),
    ] {
        let aws = useless(status, body.leak());
        scene.target_at(&aws.endpoint, "111122223333", "");
        let ended = scene.play("change.rhai").exits(4);
        assert!(ended.stderr.contains(&format!("error[{code}]")) && ended.stderr.contains(said), "{}", ended.stderr);
        assert_eq!(aws.count(), 1, "{code}");
    }
}

#[test]
fn a_further_account_must_be_the_one_it_is_said_to_be() {
    let scene = Scene::new();
    scene.profiles("[default]\n{KEYS}\n[profile legacy]\n{KEYS}\n");
    scene.client.write("change.rhai", "account(\"production\").create_group(\"made-by-mistake\");\n");
    let table = "[targets.live.accounts.production]\naccount_id = \"999988887777\"\nprofile = \"legacy\"";
    scene.target(&scene.management, table);
    let world = scene.server.world();
    let ended = scene.play("change.rhai").exits(6);
    assert!(ended.stderr.contains("meant for account 999988887777 are of account"), "{}", ended.stderr);
    let sent = scene.between.requests();
    assert!(!sent.is_empty() && sent.iter().all(Request::is_read), "{:?}", operations(&sent));
    assert_eq!(scene.server.world(), world);

    // With what its role asks for, it is entered.
    tokio::runtime::Runtime::new().unwrap().block_on(partner(&scene));
    let table = format!("[targets.live.accounts.production]\naccount_id = \"{PARTNER}\"\nrole = \"deploy\"\nexternal_id = \"sesame\"");
    scene.target(&scene.management, &format!("source_identity = true\n{table}"));
    scene.play("change.rhai").ok();
    let sent = scene.between.requests();
    let assumed = &sent.iter().find(|sent| sent.operation == "AssumeRole").unwrap().body;
    for piece in ["ExternalId=sesame", "SourceIdentity=admin", "RoleSessionName=runner-admin-"] {
        assert!(assumed.contains(piece), "{piece}: {assumed}");
    }
    // The access role of a member account trusts the management account with sts:AssumeRole alone.
    scene.client.write("change.rhai", "account(\"dev\").create_group(\"made-by-mistake\");\n");
    let ended = scene.play("change.rhai").exits(1);
    assert!(ended.stderr.contains("must allow sts:SetSourceIdentity"), "{}", ended.stderr);
}

#[test]
fn a_further_account_may_be_the_targets_own_or_a_member() {
    let scene = Scene::new();
    scene.profiles("[default]\n{KEYS}\n");
    scene.client.write("change.rhai", "account(\"root\").create_group(\"a\");\naccount(\"member\").create_group(\"b\");\n");
    let accounts =
        scene.filled("[targets.live.accounts.root]\naccount_id = \"{MANAGEMENT}\"\n[targets.live.accounts.member]\naccount_id = \"{DEV}\"");
    scene.target(&scene.management, &accounts);
    let fits = scene.client.run(&["preflight", "change.rhai", "--target", "live"]).ok();
    assert!(fits.stdout.contains("it fits"), "{}", fits.stdout);
    scene.play("change.rhai").ok();
    let world: serde_json::Value = serde_json::from_str(&scene.server.world()).unwrap();
    for (account, group) in [(&scene.management, "a"), (&scene.dev, "b")] {
        assert!(world["accounts"][account]["iam"]["groups"][group].is_object(), "{group} in {account}");
    }
}

const CODE: &str = "Code of the MFA device";

#[test]
fn one_code_serves_the_profile_and_the_playbook() {
    let scene = Scene::new();
    let serial = tokio::runtime::Runtime::new().unwrap().block_on(enrol(&scene));
    scene.profiles(&format!(
        "[profile keys]\n{{KEYS}}\n[profile careful]\nrole_arn = {{CAREFUL}}\nsource_profile = keys\nmfa_serial = {serial}\nduration_seconds = 7200\n"
    ));
    scene.target(&scene.management, "profile = \"careful\"");
    let playbook = format!("{CHANGE}assume(\"{{CAREFUL}}\", #{{ mfa: \"{serial}\" }}).create_group(\"with-mfa\");\n{WHO}");
    scene.client.write("careful.rhai", &scene.filled(&playbook));
    scene.between.requests();
    let args = ["play", "careful.rhai", "--target", "live", "--yes", "--progress", "lines", "-v"];

    // Nobody's device takes these.
    let world = scene.server.world();
    let wrong = ["000000", "12", "000000"].map(str::to_owned);
    let ended = terminal::run(&scene.client, &args, CODE, &wrong).exits(4);
    assert!(ended.stderr.contains("error[mfa-wrong]") && ended.stderr.contains("resync-mfa-device"), "{}", ended.stderr);
    let sent = scene.between.requests();
    assert!(sent.iter().all(Request::is_read), "{:?}", operations(&sent));
    assert_eq!(sent.iter().filter(|sent| sent.operation == "GetSessionToken").count(), 2, "{:?}", operations(&sent));
    assert_eq!(scene.server.world(), world);

    let next = code(&serial, Timestamp::now() + SignedDuration::from_secs(30));
    let ended = terminal::run(&scene.client, &args, CODE, &["000000".to_owned(), next]).ok();
    assert_eq!(ended.stderr.matches(CODE).count(), 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("not accepted") && ended.stderr.contains("an hour at most"), "{}", ended.stderr);
    assert!(ended.stdout.contains(":assumed-role/careful/runner-admin"), "{}", ended.stdout);
    let sent = scene.between.requests();
    assert_eq!(sent.iter().filter(|sent| sent.operation == "GetSessionToken").count(), 2, "{:?}", operations(&sent));
    assert_eq!(sent.iter().filter(|sent| sent.operation == "CreateGroup").count(), 2, "{:?}", operations(&sent));
    no_secret(&scene, &sent, &format!("{}{}", ended.stdout, ended.stderr));
}

/// Nothing that AWS handed out as a secret, nor the long-term key, is in what was shown or in a file of the project.
fn no_secret(scene: &Scene, sent: &[Request], shown: &str) {
    let mut secrets = BTreeSet::from([scene.secret.as_str()]);
    for tag in ["<SessionToken>", "<SecretAccessKey>"] {
        let answers = sent.iter().filter_map(|sent| sent.answer.get());
        secrets.extend(answers.flat_map(|answer| answer.split(tag).skip(1)).filter_map(|rest| rest.split('<').next()));
    }
    // A session with MFA, the profile's role and the playbook's, each with a key and a token; and the key that was there.
    assert_eq!(secrets.len(), 7, "{:?}", operations(sent));
    assert!(secrets.iter().all(|secret| secret.len() >= 40));
    let mut kept = vec![("the output".to_owned(), shown.as_bytes().to_vec())];
    let mut folders = vec![scene.client.path(".runner")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                kept.push((path.display().to_string(), fs::read(path).unwrap()));
            }
        }
    }
    for piece in [".journal", ".log"] {
        assert!(kept.iter().any(|(name, bytes)| name.ends_with(piece) && !bytes.is_empty()), "no file of {piece}");
    }
    for (name, bytes) in &kept {
        let text = String::from_utf8_lossy(bytes);
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{name} holds a secret");
    }
}

/// A role in the account outside, which asks for an external id.
async fn partner(scene: &Scene) {
    let account = ForeignAccount { id: Some(PARTNER.into()), name: "partner".into(), email: "p@example.com".into() };
    let same = Sandbox::open(Settings { accounts: vec![account], ..Settings::default() }, None).unwrap();
    let key = same.profile_key(PARTNER).unwrap();
    let iam = scene.aws.iam(Credentials::new(key.access_key_id, key.secret_access_key, None, None, "partner"));
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":["sts:AssumeRole","sts:SetSourceIdentity"],"Condition":{{"StringEquals":{{"sts:ExternalId":"sesame"}}}}}}]}}"#,
        scene.management
    );
    iam.create_role().role_name("deploy").assume_role_policy_document(trust).send().await.unwrap();
    iam.attach_role_policy().role_name("deploy").policy_arn("arn:aws:iam::aws:policy/AdministratorAccess").send().await.unwrap();
}

/// What the administrator's device shows: codes follow from the sandbox's seed.
fn code(serial: &str, at: Timestamp) -> String {
    Sandbox::open(Settings::default(), None).unwrap().mfa_code(serial, at)
}

/// Gives the administrator an MFA device.
async fn enrol(scene: &Scene) -> String {
    let iam = scene.aws.iam(scene.aws.administrator());
    let made = iam.create_virtual_mfa_device().virtual_mfa_device_name("admin").send().await.unwrap();
    let serial = made.virtual_mfa_device.unwrap().serial_number;
    let now = Timestamp::now();
    let call = iam.enable_mfa_device().user_name("admin").serial_number(&serial);
    let call = call.authentication_code1(code(&serial, now - SignedDuration::from_secs(30))).authentication_code2(code(&serial, now));
    call.send().await.unwrap();
    serial
}

fn operations(sent: &[Request]) -> Vec<&str> {
    sent.iter().map(|sent| sent.operation.as_str()).collect()
}

/// Long-term keys of a user of the member account who may do this, as a profile holds them.
async fn user(scene: &Scene, name: &str, action: &str) -> String {
    let iam = scene.aws.iam(scene.aws.inside(&scene.dev).await);
    iam.create_user().user_name(name).send().await.unwrap();
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#);
    iam.put_user_policy().user_name(name).policy_name("all").policy_document(document).send().await.unwrap();
    let made = iam.create_access_key().user_name(name).send().await.unwrap().access_key.unwrap();
    format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", made.access_key_id, made.secret_access_key)
}
