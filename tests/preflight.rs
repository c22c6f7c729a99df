//! `runner preflight` and the confirmation of a play, from the real binary against a served sandbox.

use crate::counting::Counting;
use crate::other_client::Served;
use crate::project::{Ended, Project};
use aws_sdk_organizations::types::PolicyType;
use insta::assert_snapshot;
use serde_json::Value;

const PLAYBOOK: &str = "playbooks/multi-account.rhai";
const MAIL: [&str; 2] = ["-p", "mail=aws@example.com"];

/// A served sandbox behind a door that counts, and a project that knows it as its AWS.
pub(crate) struct Pair {
    server: Project,
    pub(crate) door: Counting,
    pub(crate) client: Project,
    account: String,
    aws: Served,
}

impl Pair {
    pub(crate) fn new(more: &str) -> Pair {
        let server = Project::new();
        let aws = Served::start(&server);
        let door = Counting::before(&aws.endpoint);
        let mut client = Project::with_playbooks();
        client.environment = aws.environment();
        let world: Value = serde_json::from_str(&server.world()).unwrap();
        let account = world["accounts"].as_object().unwrap().keys().next().unwrap().clone();
        let config = format!("[targets.live]\nkind = \"aws\"\naccount_id = \"{account}\"\nendpoint_url = \"{}\"\n{more}", door.endpoint);
        client.write("runner.toml", &config);
        Pair { server, door, client, account, aws }
    }

    fn preflight(&self, playbook: &str, more: &[&str]) -> Ended {
        self.client.run(&[&["preflight", playbook, "--target", "live"], more].concat())
    }

    fn play(&self, playbook: &str, more: &[&str]) -> Ended {
        self.client.run(&[&["play", playbook, "--target", "live", "--yes"], more].concat())
    }
}

/// Operations that change something.
pub(crate) fn changing(operations: &[String]) -> Vec<&String> {
    let reads = ["Get", "List", "Describe", "AssumeRole"];
    operations.iter().filter(|operation| !reads.iter().any(|read| operation.starts_with(read))).collect()
}

#[test]
fn a_preflight_changes_nothing_anywhere_and_the_play_makes_what_it_told() {
    let pair = Pair::new("");
    let told = pair.preflight(PLAYBOOK, &MAIL).ok();
    let asked = pair.door.take();
    // Who it is, and whether there is an organisation.
    assert_eq!(asked, ["GetCallerIdentity", "DescribeOrganization"]);
    assert!(told.stdout.contains("1 there, 5 to make: 6 of 10") && told.stdout.ends_with("it fits\n"), "{}", told.stdout);
    assert!(!pair.client.path(".runner").exists());

    let played = pair.play(PLAYBOOK, &MAIL).ok();
    let mut made: Vec<String> = changing(&pair.door.take()).into_iter().cloned().collect();
    made.sort();
    let document: Value = serde_json::from_str(&played_document(&told, &pair)).unwrap();
    assert_eq!(document["fits"], true);
    assert!(
        played.stderr.contains("5 to make") && played.stderr.find("5 to make") < played.stderr.find("create_organization  "),
        "{}",
        played.stderr
    );
    let count = |call: &str| made.iter().filter(|made| *made == call).count();
    assert_eq!((count("CreateOrganization"), count("CreateAccount"), count("CreateRole"), count("CreateGroup")), (1, 5, 8, 2));

    // The second play finds it all; the plan of it is read with the calls that the play makes anyway.
    pair.play(PLAYBOOK, &MAIL).ok();
    let second = pair.door.take();
    assert!(changing(&second).is_empty());
    for once in ["DescribeOrganization", "ListRoots", "ListAccounts"] {
        assert_eq!(second.iter().filter(|operation| *operation == once).count(), 1, "{second:?}");
    }
}

/// The preflight after the play: everything is there.
fn played_document(before: &Ended, pair: &Pair) -> String {
    let after = pair.preflight(PLAYBOOK, &[&MAIL[..], &["--output", "json"]].concat()).ok();
    let document: Value = serde_json::from_str(&after.stdout).unwrap();
    assert_eq!((&document["accounts"]["there"], &document["accounts"]["to_make"]), (&6.into(), &0.into()), "{}", before.stdout);
    assert!(changing(&pair.door.take()).is_empty());
    after.stdout
}

#[test]
fn what_does_not_fit_is_told_whole_and_not_begun() {
    let pair = Pair::new("account_quota = 3\n");
    let playbook = "let org = organization();\norg.create_organization();\n\
        let mails = #{ a: \"x+a@example.com\", b: \"x+b@example.com\", c: \"X+A@example.com\" };\n\
        parallel(mails.keys(), |name| org.create_account(name, #{ email: mails[name] }));\n";
    pair.client.write("p.rhai", playbook);
    pair.client.write("long.rhai", "let m = management();\nparallel([\"one\", \"three\"], |name| {\n    let actions = [];\n    for n in 0..200 { actions.push(`s3:Get${name}ObjectOfTheBucket${n}`); }\n    \
        m.create_group(name, #{ inline: #{ Version: \"2012-10-17\", Statement: [#{ Effect: \"Allow\", Action: actions, Resource: \"*\" }] } });\n});\n");
    let refused = pair.play("p.rhai", &[]).exits(1);
    assert!(changing(&pair.door.take()).is_empty());
    for said in ["error[email-twice]", "error[does-not-fit]"] {
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
    // Nothing was begun, so there is nothing to resume.
    pair.client.run(&["resume", "--target", "live", "--yes"]).exits(64);

    let quota = pair.preflight(PLAYBOOK, &MAIL).exits(1);
    assert!(quota.stdout.contains("error[account-quota]: the organisation would have 6 accounts, and may have 3"), "{}", quota.stdout);

    let long = pair.preflight("long.rhai", &[]).exits(1);
    assert_eq!(long.stdout.matches("error[policy-too-long]").count(), 2, "{}", long.stdout);
    assert!(long.stdout.contains("it does not fit: 2 problems"), "{}", long.stdout);
}

#[test]
fn what_is_only_on_the_target_is_known_so_far() {
    let pair = Pair::new("");
    let arn = format!("arn:aws:iam::{}:policy/there", pair.account);
    pair.client.write("first.rhai", "management().create_policy(\"there\", #{ document: #{ Version: \"2012-10-17\", Statement: [#{ Effect: \"Allow\", Action: \"s3:*\", Resource: \"*\" }] } });\n");
    pair.client
        .write("second.rhai", &format!("let m = management();\nlet g = m.create_group(\"g\");\nm.attach_group_policy(g, \"{arn}\");\n"));
    pair.play("first.rhai", &[]).ok();
    let told = pair.preflight("second.rhai", &[]).ok();
    assert!(told.stdout.contains("known so far") && told.stdout.contains("it fits as far as is known"), "{}", told.stdout);
    pair.play("second.rhai", &[]).ok();
    assert!(pair.server.world().contains(&arn));
}

#[test]
fn service_control_policies_above_new_accounts_are_counted_and_named() {
    let mut pair = Pair::new("");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(organize(&pair.aws));
    let (key, secret) = runtime.block_on(keys_of_ana(&pair.aws));
    let told = pair.preflight(PLAYBOOK, &MAIL).ok().stdout;
    let asked = pair.door.take();
    assert_eq!(asked.iter().filter(|operation| *operation == "ListPoliciesForTarget").count(), 2, "{asked:?}");
    for line in [
        "bound by    root       1 of 10 service control policies: FullAWSAccess (dev, mgmt, prod, security, stage)",
        "            Workloads  10 of 10 service control policies: FullAWSAccess, no-1, no-2, no-3, no-4, no-5, no-6, no-7, no-8, no-9 (dev, mgmt, prod, stage)",
        "mind        open invitations to other accounts count against the quota, too; they were not counted",
        "            `Workloads` has 10 of 10 service control policies: one has to be detached before another can be attached",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}\n{told}");
    }
    // Who may not see them is told so, and that is no problem.
    pair.client.environment.retain(|(name, _)| !name.starts_with("AWS_ACCESS") && !name.starts_with("AWS_SECRET"));
    pair.client.environment.extend([("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)]);
    let told = pair.preflight(PLAYBOOK, &MAIL).ok().stdout;
    assert!(told.contains("cannot be seen: ListPoliciesForTarget: ") && told.ends_with("it fits\n"), "{told}");
    assert!(changing(&pair.door.take()).is_empty());
}

/// An organisation with a unit that has as many policies as it can have.
async fn organize(aws: &Served) {
    let organizations = aws.organizations();
    organizations.create_organization().send().await.unwrap();
    let root = organizations.list_roots().send().await.unwrap().roots.unwrap().remove(0).id.unwrap();
    let unit = organizations.create_organizational_unit().parent_id(root).name("Workloads").send().await.unwrap();
    let unit = unit.organizational_unit.unwrap().id.unwrap();
    for n in 1..10 {
        let content = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
        let made = organizations.create_policy().name(format!("no-{n}")).description("").content(content);
        let made = made.r#type(PolicyType::ServiceControlPolicy).send().await.unwrap();
        let id = made.policy.unwrap().policy_summary.unwrap().id.unwrap();
        organizations.attach_policy().policy_id(id).target_id(&unit).send().await.unwrap();
    }
}

/// Keys of an administrator who may not see which policies hang where.
async fn keys_of_ana(aws: &Served) -> (String, String) {
    let iam = aws.iam(aws.administrator());
    iam.create_user().user_name("ana").send().await.unwrap();
    iam.attach_user_policy().user_name("ana").policy_arn("arn:aws:iam::aws:policy/AdministratorAccess").send().await.unwrap();
    let document =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:ListPoliciesForTarget","Resource":"*"}]}"#;
    iam.put_user_policy().user_name("ana").policy_name("blind").policy_document(document).send().await.unwrap();
    let made = iam.create_access_key().user_name("ana").send().await.unwrap().access_key.unwrap();
    (made.access_key_id, made.secret_access_key)
}

/// A playbook of two accounts, and one too long policy for each if asked.
fn two_accounts(project: &Project, long: bool) {
    let actions = if long { "for n in 0..200 { actions.push(`s3:Get${name}ObjectOfTheBucket${n}`); }" } else { "" };
    project.write(
        "p.rhai",
        &format!(
            "let org = organization();\norg.create_organization();\nparallel([\"dev\", \"stage\"], |name| {{\n    \
             let account = org.create_account(name, #{{ email: `aws+${{name}}@example.com` }});\n    let actions = [\"s3:*\"];\n    {actions}\n    \
             account.create_group(name, #{{ inline: #{{ Version: \"2012-10-17\", Statement: [#{{ Effect: \"Allow\", Action: actions, Resource: \"*\" }}] }} }});\n}});\n"
        ),
    );
}

#[test]
fn a_preflight_as_it_is_read() {
    let project = Project::with_playbooks();
    assert_snapshot!("preflight_fits", project.run(&[&["preflight", PLAYBOOK], &MAIL[..]].concat()).ok().stdout);

    project.write("runner.toml", "[targets.sandbox]\nkind = \"sandbox\"\naccount_quota = 4\n");
    assert_snapshot!("preflight_too_many_accounts", project.run(&[&["preflight", PLAYBOOK], &MAIL[..]].concat()).exits(1).stdout);

    two_accounts(&project, true);
    assert_snapshot!("preflight_policy_too_long", project.run(&["preflight", "p.rhai"]).exits(1).stdout);
    assert!(!project.path(".runner").exists());
}

#[test]
fn a_preflight_on_a_world_with_a_suspended_account() {
    let project = Project::new();
    two_accounts(&project, false);
    project.run(&["play", "p.rhai"]).ok();
    let world: Value = serde_json::from_str(&project.world()).unwrap();
    let dev = world["accounts"].as_object().unwrap().values().find(|account| account["name"] == "dev").unwrap();
    let aws = Served::start(&project);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(aws.organizations().close_account().account_id(dev["id"].as_str().unwrap()).send()).unwrap();
    drop(aws);
    let before = project.world();
    assert_snapshot!("preflight_suspended", project.run(&["preflight", "p.rhai"]).exits(1).stdout);
    let json = project.run(&["preflight", "p.rhai", "--output", "json"]).exits(1).stdout;
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_snapshot!("preflight_json", serde_json::to_string_pretty(&document).unwrap());
    assert_eq!(project.world(), before);
}
