//! Bad input: whatever is wrong, the whole answer is as it should be (what, where, what to do next, exit code), and nothing is changed or lost.

use crate::project::{Ended, Project};
use insta::assert_snapshot;
use rusqlite::Connection;
use std::fs;
use std::path::PathBuf;

const GOOD: &str = "let org = organization();\norg.create_organization();\norg.create_group(\"readers\");\n";

/// A project in which a good playbook was played once: what bad input must not touch.
struct Stage {
    project: Project,
    world: String,
}

impl Stage {
    fn new() -> Stage {
        let project = Project::new();
        project.write("p.rhai", GOOD);
        project.run(&["play", "p.rhai"]).ok();
        let world = project.world();
        Stage { project, world }
    }

    /// Plays a text as `p.rhai`.
    fn plays(&self, text: &str) -> String {
        self.project.write("p.rhai", text);
        self.answers(&["play", "p.rhai"])
    }

    /// The same, behind the steps of the good playbook, which find everything there.
    fn goes_on_with(&self, text: &str) -> String {
        self.plays(&format!("{GOOD}{text}"))
    }

    /// The whole answer to a command, after which the world is the same and the journal can be read.
    fn answers(&self, args: &[&str]) -> String {
        let told = self.told(args);
        assert_eq!(self.world, self.project.world(), "{args:?} changed something");
        self.project.run(&["runs"]).ok();
        told
    }

    fn told(&self, args: &[&str]) -> String {
        let ended = self.project.run(args);
        redacted(&self.project, &ended)
    }

    /// The file of the state folder whose name ends so.
    fn state(&self, end: &str) -> PathBuf {
        let files = fs::read_dir(self.project.path(".runner/sandbox")).unwrap().map(|entry| entry.unwrap().path());
        files.into_iter().find(|path| path.to_string_lossy().ends_with(end)).unwrap()
    }

    /// Does something to a database, with all of it in the one file afterwards; gives what the file was before.
    fn damages(&self, end: &str, sql: &str) -> Vec<u8> {
        let path = self.state(end);
        let connection = Connection::open(&path).unwrap();
        let checkpoint = || connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        checkpoint();
        let before = fs::read(&path).unwrap();
        connection.execute_batch(sql).unwrap();
        checkpoint();
        before
    }

    /// The answers to `play` and to `args` on a damaged file, which is left as it is, byte for byte; with the sound one put back, all is there.
    fn refuses(&self, end: &str, sound: &[u8], args: &[&str]) -> String {
        let path = self.state(end);
        let damaged = fs::read(&path).unwrap();
        let told = format!("{}\n{}", self.told(&["play", "p.rhai"]), self.told(args));
        assert!(damaged == fs::read(&path).unwrap(), "the damaged file was written to");
        fs::write(&path, sound).unwrap();
        assert_eq!(self.world, self.project.world());
        self.project.run(&["play", "p.rhai"]).ok();
        assert_eq!(self.project.run(&["runs"]).ok().stdout.lines().count(), 3);
        told
    }
}

/// What a command said, without what differs from run to run: its id, the folder, the seconds.
fn redacted(project: &Project, ended: &Ended) -> String {
    let folder = fs::canonicalize(project.path("")).unwrap();
    let id = ended.stdout.lines().find_map(|line| line.strip_prefix("play ")?.split(' ').next());
    let shown = |text: &str| {
        let mut text = text.replace(&*folder.to_string_lossy(), "FOLDER");
        if let Some(id) = id {
            text = text.replace(&format!(" {id}"), " RUN");
        }
        let lines = text.lines().map(|line| line.split(' ').map(untimed).collect::<Vec<_>>().join(" ").trim_end().to_owned() + "\n");
        lines.collect::<String>()
    };
    format!("exit {}\n-- stdout\n{}-- stderr\n{}", ended.code.unwrap_or(-1), shown(&ended.stdout), shown(&ended.stderr))
}

fn untimed(word: &str) -> &str {
    match word.trim_end_matches(']').strip_suffix('s').map(str::parse::<f64>) {
        Some(Ok(_)) if word.ends_with(']') => "0.0s]",
        Some(Ok(_)) => "0.0s",
        _ if word.len() == 36 && word.matches('-').count() == 4 => "REQUEST",
        _ => word,
    }
}

/// An identity policy with so many characters or a few more.
fn policy(characters: usize) -> String {
    let actions: Vec<String> = (0..characters / 20).map(|n| format!("\"service{n:05}:Get*\"")).collect();
    format!("#{{ Version: \"2012-10-17\", Statement: [#{{ Effect: \"Allow\", Action: [{}], Resource: \"*\" }}] }}", actions.join(", "))
}

#[test]
fn syntax() {
    let stage = Stage::new();
    assert_snapshot!(stage.plays("let org = organization();\norg.create_group(\"g\", #{ path: \"/x/\" );\n"), @r#"
    exit 1
    -- stdout
    -- stderr
    error[syntax]: `}` is missing to end this map
     --> p.rhai:2:38
      |
    2 | org.create_group("g", #{ path: "/x/" );
      |                                      ^
    help: correct the playbook; `runner check` looks at it without running it
    "#);
    assert_snapshot!(stage.plays("let org = organization()\n\norg.create_organization();\n"), @r"
    exit 1
    -- stdout
    -- stderr
    error[syntax]: `;` is missing to end this statement
     --> p.rhai:1:25
      |
    1 | let org = organization()
      |                         ^
    help: correct the playbook; `runner check` looks at it without running it
    ");
    assert_snapshot!(stage.plays("let org = organization();\nif true {\n    org.create_organization();\n"), @r"
    exit 1
    -- stdout
    -- stderr
    error[syntax]: `}` is missing to end this block
     --> p.rhai:3:31
      |
    3 |     org.create_organization();
      |                               ^
    help: correct the playbook; `runner check` looks at it without running it
    ");
    assert_snapshot!(stage.plays("let name = \"dev;\nlog(name);\n"), @r#"
    exit 1
    -- stdout
    -- stderr
    error[syntax]: open string is not terminated
     --> p.rhai:1:12
      |
    1 | let name = "dev;
      |            ^
    help: correct the playbook; `runner check` looks at it without running it
    "#);
    assert_snapshot!(stage.plays("let org = organization();\nogr.create_organization();\n"), @r"
    exit 1
    -- stdout
    -- stderr
    error[unknown-variable]: there is no variable `ogr`
     --> p.rhai:2:1
      |
    2 | ogr.create_organization();
      | ^
    help: declare it with `let`; a function sees only its own parameters
    ");
    stage.project.write("lib/groups.rhai", "fn make(s) {\n    s.create_group(\"g\"\n}\n");
    assert_snapshot!(stage.plays("import \"lib/groups\" as groups;\ngroups::make(organization());\n"), @r#"
    exit 1
    -- stdout
    -- stderr
    error[syntax]: `,` is missing to separate the arguments to function call 'create_group'
     --> lib/groups.rhai:2:23
      |
    2 |     s.create_group("g"
      |                       ^
    help: correct the playbook; `runner check` looks at it without running it
    "#);
}

#[test]
fn functions_and_arguments() {
    let stage = Stage::new();
    assert_snapshot!(stage.plays("let org = organization();\norg.create_organisation();\n"), @r"
    exit 1
    -- stdout
    -- stderr
    error[unknown-function]: there is no function `create_organisation`
     --> p.rhai:2:5
      |
    2 | org.create_organisation();
      |     ^
    help: did you mean `create_organization`?
    ");
    assert_snapshot!(stage.goes_on_with("teleport(org, 3);\n"), @r"
    exit 1
    -- stdout
    -- stderr
    error[unknown-function]: there is no function `teleport`
     --> p.rhai:4:1
      |
    4 | teleport(org, 3);
      | ^
    help: docs/script.md lists the functions there are
    ");
    assert_snapshot!(stage.goes_on_with("let count = \"three\".sqrt();\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[unknown-function]: there is no function `sqrt` for a string
     --> p.rhai:4:21
      |
    4 | let count = "three".sqrt();
      |                     ^
    help: docs/script.md lists the functions there are, and what is passed to them

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("log(#{} + 1);\n"), @r"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[wrong-type]: `+` does not work with a map and an integer
     --> p.rhai:4:9
      |
    4 | log(#{} + 1);
      |         ^
    help: check what is on both sides: `type_of(x)` tells what a value is

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    ");
    assert_snapshot!(stage.goes_on_with("scope(3, || log(\"x\"));\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[wrong-arguments]: `scope` cannot be called with an integer, a function
     --> p.rhai:4:1
      |
    4 | scope(3, || log("x"));
      | ^
    help: write `scope(label, || …)`

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("org.create_account(\"dev\", #{ mail: \"dev@example.com\" });\n"), @r#"
    exit 1
    -- stdout
    -- stderr
    error[unknown-argument]: `create_account` has no argument `mail`
     --> p.rhai:4:5
      |
    4 | org.create_account("dev", #{ mail: "dev@example.com" });
      |     ^
    help: did you mean `email`?
    "#);
    assert_snapshot!(stage.goes_on_with("let terms = #{ mail: \"dev@example.com\" };\norg.create_account(\"dev\", terms);\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[unknown-argument]: `create_account`: there is no argument `mail`
     --> p.rhai:5:5
      |
    5 | org.create_account("dev", terms);
      |     ^
    help: did you mean `email`?

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("org.create_account(\"dev\");\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[missing-argument]: `create_account`: `email` is missing
     --> p.rhai:4:5
      |
    4 | org.create_account("dev");
      |     ^
    help: write `org.create_account(name, #{email, ou, role, tags})`

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("org.create_account(\"dev\", #{ email: 7 });\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[argument]: `create_account`: `email`: must be a string, not integer `7`
     --> p.rhai:4:5
      |
    4 | org.create_account("dev", #{ email: 7 });
      |     ^
    help: write `org.create_account(name, #{email, ou, role, tags})`

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("org.create_account(\"dev\", #{ email: \"dev.example.com\" });\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[email]: `create_account`: `email`: `dev.example.com` cannot be an account's address
     --> p.rhai:4:5
      |
    4 | org.create_account("dev", #{ email: "dev.example.com" });
      |     ^
    help: give an address like `aws+dev@example.com`, 6 to 64 ASCII characters, not used by any AWS account

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("org.create_group(\"read only!\");\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[name]: `create_group`: `name`: `read only!` cannot be a name in IAM
     --> p.rhai:4:5
      |
    4 | org.create_group("read only!");
      |     ^
    help: use 1 to 128 letters, digits and `_+=,.@-`

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("org.create_group(\"readers\", #{ path: \"/x/\" });\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[step-conflict]: `158694496618/create_group:readers` is asked for twice with different arguments, at p.rhai:3:5 and at p.rhai:4:5
     --> p.rhai:4:5
      |
    4 | org.create_group("readers", #{ path: "/x/" });
      |     ^
    help: give both the same arguments, or tell them apart with `id:`

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("org.attach_group_policy(\"writers\", \"arn:aws:iam::aws:policy/ReadOnlyAccess\");\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=1 paused=0 replayed=0
    total         ok=2 changed=0 failed=1 paused=0 replayed=0

    error[NoSuchEntity]: `attach_group_policy writers/arn:aws:iam::aws:policy/readonlyaccess` in `158694496618`: AttachGroupPolicy: The group with name writers cannot be found.
     --> p.rhai:4:5
      |
    4 | org.attach_group_policy("writers", "arn:aws:iam::aws:policy/ReadOnlyAccess");
      |     ^
      = caused by: AWS request id REQUEST

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
      failed [   0.0s] 158694496618  attach_group_policy writers/arn:aws:iam::aws:policy/ReadOnlyAccess
    error[NoSuchEntity] 158694496618: attach_group_policy writers/arn:aws:iam::aws:policy/ReadOnlyAccess  p.rhai:4:5
      AttachGroupPolicy: The group with name writers cannot be found.
      help: AWS request id REQUEST
    to continue:
      runner resume RUN
    "#);
}

#[test]
fn documents() {
    let stage = Stage::new();
    assert_snapshot!(stage.goes_on_with(
        "org.put_group_policy(\"readers\", \"list\", #{\n    Version: \"2012-10-17\",\n    \
         Statement: [#{ Efect: \"Allow\", Action: \"iam:ListUsers\", Resource: \"*\" }],\n});\n"
    ), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[policy-malformed]: `put_group_policy`: `document.Statement[0].Efect`: unknown element `Efect`
     --> p.rhai:4:5
      |
    4 | org.put_group_policy("readers", "list", #{
      |     ^
    help: did you mean `Effect`?

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with(&format!("org.put_group_policy(\"readers\", \"list\", {});\n", policy(6000))), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[policy-too-long]: `put_group_policy`: `document`: the policy has 6083 of 5120 characters
     --> p.rhai:4:5
      |
    4 | org.put_group_policy("readers", "list", #{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Ac…
      |     ^
    help: name the role with a wildcard and the organisation instead of each account: `arn:aws:iam::*:role/NAME` with a condition on aws:ResourceOrgID

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    "#);
    let trust = "#{ Version: \"2012-10-17\", Statement: [#{ Effect: \"Allow\", Principal: #{ AWS: ids }, Action: \"sts:AssumeRole\" }] }";
    assert_snapshot!(stage.goes_on_with(&format!(
        "let ids = [];\nfor n in 0..60 {{ ids.push(`arn:aws:iam::${{111122223000 + n}}:root`); }}\norg.create_role(\"r\", #{{ trust: {trust} }});\n"
    )), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[policy-too-long]: `create_role`: `trust`: the policy has 2085 of 2048 characters
     --> p.rhai:6:5
      |
    6 | org.create_role("r", #{ trust: #{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Principal: …
      |     ^
    help: trust an account as a whole, or everyone (`*`) with a condition on aws:PrincipalOrgID, instead of each principal

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    "#);
}

#[test]
fn inline_policies_that_fit_one_by_one_but_not_together() {
    let project = Project::new();
    let put = |name: &str| format!("org.put_group_policy(\"readers\", \"{name}\", {});\n", policy(3000));
    project.write("p.rhai", &format!("{GOOD}{}", put("one")));
    project.run(&["play", "p.rhai"]).ok();
    let stage = Stage { world: project.world(), project };
    assert_snapshot!(stage.goes_on_with(&format!("{}{}", put("one"), put("two"))), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=3 changed=0 failed=1 paused=0 replayed=0
    total         ok=3 changed=0 failed=1 paused=0 replayed=0

    error[policy-too-long]: `put_group_policy readers/two` in `158694496618`: the inline policies of the group `readers` would have 6166 of 5120 characters together: 3083 are there, 3083 come with this one
     --> p.rhai:5:5
      |
    5 | org.put_group_policy("readers", "two", #{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Act…
      |     ^
    help: name the role with a wildcard and the organisation instead of each account, or make it a managed policy

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
          ok [   0.0s] 158694496618  put_group_policy readers/one
      failed [   0.0s] 158694496618  put_group_policy readers/two
    error[policy-too-long] 158694496618: put_group_policy readers/two  p.rhai:5:5
      the inline policies of the group `readers` would have 6166 of 5120 characters together: 3083 are there, 3083 come with this one
      help: name the role with a wildcard and the organisation instead of each account, or make it a managed policy
    to continue:
      runner resume RUN
    "#);
}

#[test]
fn parameters() {
    let stage = Stage::new();
    let playbook = "let contact = param(\"contact\", #{ kind: \"email\", help: \"root mailbox\" });\n\
        let count = param(\"count\", #{ kind: \"int\", value: 2 });\norganization().create_organization();\n";
    assert_snapshot!(stage.plays(playbook), @r"
    exit 64
    -- stdout
    -- stderr
    error[missing-parameter]: parameter `contact` is missing
    help: -p contact=NAME@EXAMPLE.COM   root mailbox
    ");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "-p", "contcat=aws@example.com"]), @r"
    exit 64
    -- stdout
    -- stderr
    error[unknown-parameter]: the playbook has no parameter `contcat`, given by -p
    help: did you mean `contact`?
    ");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "-p", "contact=aws.example.com"]), @r"
    exit 64
    -- stdout
    -- stderr
    error[bad-parameter]: parameter `contact` from -p cannot be `aws.example.com`
    help: give an e-mail address of at most 64 characters: -p contact=NAME@EXAMPLE.COM
    ");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "-p", "contact=aws@example.com", "-p", "count=few"]), @r"
    exit 64
    -- stdout
    -- stderr
    error[bad-parameter]: parameter `count` from -p cannot be `few`
    help: give a whole number: -p count=NUMBER
    ");
    stage.project.write("people.toml", "contact = 7\n");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "--params", "people.toml"]), @r"
    exit 64
    -- stdout
    -- stderr
    error[bad-parameter]: parameter `contact` from `people.toml` cannot be `7`
    help: give an e-mail address of at most 64 characters: -p contact=NAME@EXAMPLE.COM
    ");
}

#[test]
fn targets_and_playbooks() {
    let stage = Stage::new();
    stage.project.write("lib/groups.rhai", "");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "--target", "sandbax"]), @r"
    exit 64
    -- stdout
    -- stderr
    error[unknown-name]: unknown target `sandbax`
    help: did you mean `sandbox`?
    help: name one with --target, or add [targets.sandbax] to runner.toml
    ");
    assert_snapshot!(stage.answers(&["play", "q.rhai"]), @r"
    exit 64
    -- stdout
    -- stderr
    error[no-playbook]: cannot open the playbook `q.rhai`
      = caused by: No such file or directory (os error 2)
    help: `runner list` shows the playbooks of this project
    ");
    assert_snapshot!(stage.answers(&["play", "lib"]), @r"
    exit 64
    -- stdout
    -- stderr
    error[playbook-unreadable]: cannot read the playbook `lib`: it is not a file
    help: `runner list` shows the playbooks there are
    ");
    fs::write(stage.project.path("binary.rhai"), [0x7f, b'E', b'L', b'F', 0, 0xff, 0xfe]).unwrap();
    assert_snapshot!(stage.answers(&["play", "binary.rhai"]), @r"
    exit 64
    -- stdout
    -- stderr
    error[playbook-unreadable]: cannot read the playbook `binary.rhai`: it is not text (UTF-8)
    help: `runner list` shows the playbooks there are
    ");
    assert_snapshot!(stage.plays(""), @r"
    exit 0
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    total  ok=0 changed=0 failed=0 paused=0 replayed=0

    next:
      runner show RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
    ");
}

#[test]
fn a_misspelt_key_of_runner_toml() {
    let stage = Stage::new();
    let sound = fs::read(stage.project.path("runner.toml")).unwrap();
    stage.project.write("runner.toml", "[targets.sandbox]\nkind = \"sandbox\"\ncreation_secnds = 3\n");
    let told = stage.told(&["play", "p.rhai"]);
    fs::write(stage.project.path("runner.toml"), sound).unwrap();
    assert_eq!(stage.world, stage.project.world());
    assert_snapshot!(told, @r"
    exit 64
    -- stdout
    -- stderr
    error[bad-config]: unknown key `creation_secnds`
     --> runner.toml:3:1
      |
    3 | creation_secnds = 3
      | ^
    help: did you mean `creation_seconds`?
    help: the keys of runner.toml are listed in docs/usage.md
    ");
}

#[test]
fn imports_that_leave_the_folder() {
    let stage = Stage::new();
    assert_snapshot!(stage.plays("import \"/etc/passwd\" as x;\n"), @r#"
    exit 1
    -- stdout
    -- stderr
    error[import-refused]: cannot import `/etc/passwd`: the path is absolute
     --> p.rhai:1:8
      |
    1 | import "/etc/passwd" as x;
      |        ^
    help: imports are paths below the playbook's folder, like `lib/roles`, or standard modules, like `std/policy`
    "#);
    assert_snapshot!(stage.plays("let n = 1;\n    import \"../secret\" as x;\n"), @r#"
    exit 1
    -- stdout
    -- stderr
    error[import-refused]: cannot import `../secret`: the path has the part `..`
     --> p.rhai:2:12
      |
    2 |     import "../secret" as x;
      |            ^
    help: imports are paths below the playbook's folder, like `lib/roles`, or standard modules, like `std/policy`
    "#);
    std::os::unix::fs::symlink("/etc/hostname", stage.project.path("link.rhai")).unwrap();
    assert_snapshot!(stage.plays("import \"link\" as x;\n"), @r#"
    exit 1
    -- stdout
    -- stderr
    error[import-refused]: cannot import `link`: `link.rhai` is a symbolic link
     --> p.rhai:1:8
      |
    1 | import "link" as x;
      |        ^
    help: imports are paths below the playbook's folder, like `lib/roles`, or standard modules, like `std/policy`
    "#);
    assert_snapshot!(stage.plays("import \"nowhere\" as x;\n"), @r#"
    exit 1
    -- stdout
    -- stderr
    error[import-refused]: cannot import `nowhere`: there is no such file
     --> p.rhai:1:8
      |
    1 | import "nowhere" as x;
      |        ^
    help: imports are paths below the playbook's folder, like `lib/roles`, or standard modules, like `std/policy`
    "#);
    assert_snapshot!(stage.plays("log(file(\"../secret.json\"));\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    total  ok=0 changed=0 failed=0 paused=0 replayed=0

    error[file-refused]: cannot read `../secret.json`: the path has the part `..`
     --> p.rhai:1:5
      |
    1 | log(file("../secret.json"));
      |     ^
    help: give a path below the playbook's folder, like `policies/app.json`

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
    to continue:
      runner resume RUN
    "#);
}

#[test]
fn scripts_without_end() {
    let stage = Stage::new();
    assert_snapshot!(stage.goes_on_with("loop { }\n"), @r"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[script-limit]: the script ran more than 1000000 operations without coming to an end
     --> p.rhai:4:6
      |
    4 | loop { }
      |      ^
    help: look for a loop that does not end; branches of `parallel` are counted one by one

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    ");
    assert_snapshot!(stage.goes_on_with("let text = \"x\";\nloop { text += text; }\n"), @r"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[script-limit]: a string grows too large
     --> p.rhai:5:13
      |
    5 | loop { text += text; }
      |             ^
    help: keep large things in files and read only what is needed

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    ");
    assert_snapshot!(stage.goes_on_with("let list = [1];\nloop { list = [list, list]; }\n"), @r"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[script-limit]: an array grows too large
     --> p.rhai:5:22
      |
    5 | loop { list = [list, list]; }
      |                      ^
    help: keep large things in files and read only what is needed

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    ");
    assert_snapshot!(stage.goes_on_with("fn again(n) { again(n + 1) }\nagain(0);\n"), @r"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total         ok=2 changed=0 failed=0 paused=0 replayed=0

    error[script-limit]: functions call one another too deeply
     --> p.rhai:5:1
      |
    5 | again(0);
      | ^
    help: look for a function that calls itself without end

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] 158694496618  create_organization
          ok [   0.0s] 158694496618  create_group readers
    to continue:
      runner resume RUN
    ");
}

#[test]
fn a_state_folder_that_cannot_be_written() {
    let project = Project::new();
    project.write("p.rhai", GOOD);
    let stage = Stage { world: String::new(), project };
    stage.project.write(".runner", "a file");
    assert_snapshot!(stage.told(&["play", "p.rhai"]), @r"
    exit 1
    -- stdout
    -- stderr
    error[unwritable-state]: cannot write `FOLDER/.runner/sandbox`
      = caused by: Not a directory (os error 20)
    help: a file is where the folder `.runner` belongs: move it away, or work elsewhere with -C DIR
    ");
    assert_snapshot!(stage.told(&["runs"]), @r"
    exit 1
    -- stdout
    -- stderr
    error[unreadable-state]: cannot read `FOLDER/.runner`
      = caused by: Not a directory (os error 20)
    help: a file is where the folder `.runner` belongs: move it away, or work elsewhere with -C DIR
    ");
    assert_eq!(fs::read_to_string(stage.project.path(".runner")).unwrap(), "a file");

    let stage = Stage::new();
    let journal = stage.state(".journal");
    let sound = stage.damages(".journal", "");
    fs::remove_file(&journal).unwrap();
    fs::create_dir(&journal).unwrap();
    assert_snapshot!(stage.told(&["play", "p.rhai"]), @r"
    exit 1
    -- stdout
    -- stderr
    error[journal-unusable]: cannot use the journal `FOLDER/.runner/sandbox/p-640f3f80.journal`
      = caused by: unable to open database file: FOLDER/.runner/sandbox/p-640f3f80.journal
    help: if it is damaged, put a copy from a backup in its place; if the disk is full, make room
    ");
    fs::remove_dir(&journal).unwrap();
    fs::write(&journal, sound).unwrap();
    assert_eq!(stage.world, stage.project.world());
    stage.project.run(&["show"]).ok();
}

#[test]
fn a_damaged_or_newer_journal() {
    let stage = Stage::new();
    let sound = stage.damages(".journal", "UPDATE event SET body = replace(body, 'readers', 'writers') WHERE body LIKE '%readers%'");
    assert_snapshot!(stage.refuses(".journal", &sound, &["runs"]), @r"
    exit 1
    -- stdout
    -- stderr
    error[journal-damaged]: the journal `FOLDER/.runner/sandbox/p-640f3f80.journal` is damaged at row 1: the row is not what was written
    help: put a copy from a backup in its place; it is kept as it is
    help: or move it away and play afresh: AWS is looked at, and what is there is kept

    exit 1
    -- stdout
    no run is written down here yet
    -- stderr
    error[journal-damaged]: the journal `FOLDER/.runner/sandbox/p-640f3f80.journal` is damaged at row 1: the row is not what was written
    help: put a copy from a backup in its place; it is kept as it is
    help: or move it away and play afresh: AWS is looked at, and what is there is kept
    ");

    let stage = Stage::new();
    let sound = stage.damages(".journal", "");
    fs::write(stage.state(".journal"), &sound[..sound.len() / 2]).unwrap();
    assert_snapshot!(stage.refuses(".journal", &sound, &["show"]), @r"
    exit 1
    -- stdout
    -- stderr
    error[journal-unusable]: cannot use the journal `FOLDER/.runner/sandbox/p-640f3f80.journal`
      = caused by: database disk image is malformed
    help: if it is damaged, put a copy from a backup in its place; if the disk is full, make room

    exit 1
    -- stdout
    -- stderr
    error[journal-unusable]: cannot use the journal `FOLDER/.runner/sandbox/p-640f3f80.journal`
      = caused by: database disk image is malformed
    help: if it is damaged, put a copy from a backup in its place; if the disk is full, make room
    ");

    let stage = Stage::new();
    let sound = stage.damages(".journal", "");
    let flipped: Vec<u8> = sound.iter().enumerate().map(|(at, byte)| if (100..200).contains(&at) { !byte } else { *byte }).collect();
    fs::write(stage.state(".journal"), flipped).unwrap();
    assert_snapshot!(stage.refuses(".journal", &sound, &["resume"]), @r"
    exit 1
    -- stdout
    -- stderr
    error[journal-unusable]: cannot use the journal `FOLDER/.runner/sandbox/p-640f3f80.journal`
      = caused by: database disk image is malformed
    help: if it is damaged, put a copy from a backup in its place; if the disk is full, make room

    exit 1
    -- stdout
    -- stderr
    error[journal-unusable]: cannot use the journal `FOLDER/.runner/sandbox/p-640f3f80.journal`
      = caused by: database disk image is malformed
    help: if it is damaged, put a copy from a backup in its place; if the disk is full, make room
    ");

    let stage = Stage::new();
    let sound = stage.damages(".journal", "PRAGMA user_version = 99");
    assert_snapshot!(stage.refuses(".journal", &sound, &["runs"]), @r"
    exit 1
    -- stdout
    -- stderr
    error[journal-newer]: the journal `FOLDER/.runner/sandbox/p-640f3f80.journal` has format 99, this runner knows formats up to 1
    help: use the runner that wrote it, or a newer one

    exit 1
    -- stdout
    no run is written down here yet
    -- stderr
    error[journal-newer]: the journal `FOLDER/.runner/sandbox/p-640f3f80.journal` has format 99, this runner knows formats up to 1
    help: use the runner that wrote it, or a newer one
    ");
}

#[test]
fn a_damaged_or_newer_world() {
    let stage = Stage::new();
    let sound = stage.damages("world.sqlite", "UPDATE rows SET json = '{' WHERE kind = 'organization'");
    assert_snapshot!(stage.refuses("world.sqlite", &sound, &["sandbox", "show"]), @r"
    exit 1
    -- stdout
    -- stderr
    error[world-damaged]: the sandbox in `FOLDER/.runner/sandbox/world.sqlite` is damaged at row `organization` ``
      = caused by: EOF while parsing an object at line 1 column 1
    help: restore the file from a copy, or remove it to begin anew; it was left as it is

    exit 1
    -- stdout
    -- stderr
    error[world-damaged]: the sandbox in `FOLDER/.runner/sandbox/world.sqlite` is damaged at row `organization` ``
      = caused by: EOF while parsing an object at line 1 column 1
    help: restore the file from a copy, or remove it to begin anew; it was left as it is
    ");

    let stage = Stage::new();
    let sound = stage.damages("world.sqlite", "PRAGMA user_version = 99");
    assert_snapshot!(stage.refuses("world.sqlite", &sound, &["sandbox", "show"]), @r"
    exit 64
    -- stdout
    -- stderr
    error[world-newer]: the sandbox in `FOLDER/.runner/sandbox/world.sqlite` has version 99, this runner knows 1
    help: use the runner that made it, or remove the file to begin anew

    exit 64
    -- stdout
    -- stderr
    error[world-newer]: the sandbox in `FOLDER/.runner/sandbox/world.sqlite` has version 99, this runner knows 1
    help: use the runner that made it, or remove the file to begin anew
    ");

    let stage = Stage::new();
    let sound = stage.damages("world.sqlite", "");
    fs::write(stage.state("world.sqlite"), "not a database, by no means one").unwrap();
    assert_snapshot!(stage.refuses("world.sqlite", &sound, &["sandbox", "show"]), @r"
    exit 1
    -- stdout
    -- stderr
    error[world-damaged]: the sandbox in `FOLDER/.runner/sandbox/world.sqlite` is damaged at the header
      = caused by: file is not a database
    help: restore the file from a copy, or remove it to begin anew; it was left as it is

    exit 1
    -- stdout
    -- stderr
    error[world-damaged]: the sandbox in `FOLDER/.runner/sandbox/world.sqlite` is damaged at the header
      = caused by: file is not a database
    help: restore the file from a copy, or remove it to begin anew; it was left as it is
    ");
}
