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
        connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).unwrap();
        let before = fs::read(&path).unwrap();
        connection.execute_batch(sql).unwrap();
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
    assert_snapshot!(stage.plays("let org = organization();\norg.create_group(\"g\", #{ path: \"/x/\" );\n"), @"");
    assert_snapshot!(stage.plays("let org = organization()\n\norg.create_organization();\n"), @"");
    assert_snapshot!(stage.plays("let org = organization();\nif true {\n    org.create_organization();\n"), @"");
    assert_snapshot!(stage.plays("let name = \"dev;\nlog(name);\n"), @"");
    assert_snapshot!(stage.plays("let org = organization();\nogr.create_organization();\n"), @"");
    stage.project.write("lib/groups.rhai", "fn make(s) {\n    s.create_group(\"g\"\n}\n");
    assert_snapshot!(stage.plays("import \"lib/groups\" as groups;\ngroups::make(organization());\n"), @"");
}

#[test]
fn functions_and_arguments() {
    let stage = Stage::new();
    assert_snapshot!(stage.plays("let org = organization();\norg.create_organisation();\n"), @"");
    assert_snapshot!(stage.goes_on_with("teleport(org, 3);\n"), @"");
    assert_snapshot!(stage.goes_on_with("let count = \"three\".sqrt();\n"), @"");
    assert_snapshot!(stage.goes_on_with("log(#{} + 1);\n"), @"");
    assert_snapshot!(stage.goes_on_with("scope(3, || log(\"x\"));\n"), @"");
    assert_snapshot!(stage.goes_on_with("org.create_account(\"dev\", #{ mail: \"dev@example.com\" });\n"), @"");
    assert_snapshot!(stage.goes_on_with("let terms = #{ mail: \"dev@example.com\" };\norg.create_account(\"dev\", terms);\n"), @"");
    assert_snapshot!(stage.goes_on_with("org.create_account(\"dev\");\n"), @"");
    assert_snapshot!(stage.goes_on_with("org.create_account(\"dev\", #{ email: 7 });\n"), @"");
    assert_snapshot!(stage.goes_on_with("org.create_account(\"dev\", #{ email: \"dev.example.com\" });\n"), @"");
    assert_snapshot!(stage.goes_on_with("org.create_group(\"read only!\");\n"), @"");
    assert_snapshot!(stage.goes_on_with("org.create_group(\"readers\", #{ path: \"/x/\" });\n"), @"");
    assert_snapshot!(stage.goes_on_with("org.attach_group_policy(\"writers\", \"arn:aws:iam::aws:policy/ReadOnlyAccess\");\n"), @"");
}

#[test]
fn documents() {
    let stage = Stage::new();
    assert_snapshot!(stage.goes_on_with(
        "org.put_group_policy(\"readers\", \"list\", #{\n    Version: \"2012-10-17\",\n    \
         Statement: [#{ Efect: \"Allow\", Action: \"iam:ListUsers\", Resource: \"*\" }],\n});\n"
    ), @"");
    assert_snapshot!(stage.goes_on_with(&format!("org.put_group_policy(\"readers\", \"list\", {});\n", policy(6000))), @"");
    let trust = "#{ Version: \"2012-10-17\", Statement: [#{ Effect: \"Allow\", Principal: #{ AWS: ids }, Action: \"sts:AssumeRole\" }] }";
    assert_snapshot!(stage.goes_on_with(&format!(
        "let ids = [];\nfor n in 0..60 {{ ids.push(`arn:aws:iam::${{111122223000 + n}}:root`); }}\norg.create_role(\"r\", #{{ trust: {trust} }});\n"
    )), @"");
}

#[test]
fn inline_policies_that_fit_one_by_one_but_not_together() {
    let project = Project::new();
    let put = |name: &str| format!("org.put_group_policy(\"readers\", \"{name}\", {});\n", policy(3000));
    project.write("p.rhai", &format!("{GOOD}{}", put("one")));
    project.run(&["play", "p.rhai"]).ok();
    let stage = Stage { world: project.world(), project };
    assert_snapshot!(stage.goes_on_with(&format!("{}{}", put("one"), put("two"))), @"");
}

#[test]
fn parameters() {
    let stage = Stage::new();
    let playbook = "let mail = param(\"mail\", #{ kind: \"email\", help: \"root mailbox\" });\n\
        let count = param(\"count\", #{ kind: \"int\", value: 2 });\norganization().create_organization();\n";
    assert_snapshot!(stage.plays(playbook), @"");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "-p", "mial=aws@example.com"]), @"");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "-p", "mail=aws.example.com"]), @"");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "-p", "mail=aws@example.com", "-p", "count=few"]), @"");
    stage.project.write("people.toml", "mail = 7\n");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "--params", "people.toml"]), @"");
}

#[test]
fn targets_and_playbooks() {
    let stage = Stage::new();
    assert_snapshot!(stage.answers(&["play", "p.rhai", "--target", "sandbax"]), @"");
    assert_snapshot!(stage.answers(&["play", "q.rhai"]), @"");
    assert_snapshot!(stage.answers(&["play", "."]), @"");
    fs::write(stage.project.path("binary.rhai"), [0x7f, b'E', b'L', b'F', 0, 0xff, 0xfe]).unwrap();
    assert_snapshot!(stage.answers(&["play", "binary.rhai"]), @"");
    assert_snapshot!(stage.plays(""), @"");
}

#[test]
fn a_misspelt_key_of_runner_toml() {
    let stage = Stage::new();
    let sound = fs::read(stage.project.path("runner.toml")).unwrap();
    stage.project.write("runner.toml", "[targets.sandbox]\nkind = \"sandbox\"\ncreation_secnds = 3\n");
    let told = stage.told(&["play", "p.rhai"]);
    fs::write(stage.project.path("runner.toml"), sound).unwrap();
    assert_eq!(stage.world, stage.project.world());
    assert_snapshot!(told, @"");
}

#[test]
fn imports_that_leave_the_folder() {
    let stage = Stage::new();
    assert_snapshot!(stage.plays("import \"/etc/passwd\" as x;\n"), @"");
    assert_snapshot!(stage.plays("let n = 1;\n    import \"../secret\" as x;\n"), @"");
    std::os::unix::fs::symlink("/etc/hostname", stage.project.path("link.rhai")).unwrap();
    assert_snapshot!(stage.plays("import \"link\" as x;\n"), @"");
    assert_snapshot!(stage.plays("import \"nowhere\" as x;\n"), @"");
    assert_snapshot!(stage.plays("log(file(\"../secret.json\"));\n"), @"");
}

#[test]
fn scripts_without_end() {
    let stage = Stage::new();
    assert_snapshot!(stage.goes_on_with("loop { }\n"), @"");
    assert_snapshot!(stage.goes_on_with("let text = \"x\";\nloop { text += text; }\n"), @"");
    assert_snapshot!(stage.goes_on_with("let list = [1];\nloop { list = [list, list]; }\n"), @"");
    assert_snapshot!(stage.goes_on_with("fn again(n) { again(n + 1) }\nagain(0);\n"), @"");
}

#[test]
fn a_state_folder_that_cannot_be_written() {
    let project = Project::new();
    project.write("p.rhai", GOOD);
    let stage = Stage { world: String::new(), project };
    stage.project.write(".runner", "a file");
    assert_snapshot!(stage.told(&["play", "p.rhai"]), @"");
    assert_snapshot!(stage.told(&["runs"]), @"");
    assert_eq!(fs::read_to_string(stage.project.path(".runner")).unwrap(), "a file");

    let stage = Stage::new();
    let journal = stage.state(".journal");
    let sound = stage.damages(".journal", "");
    fs::remove_file(&journal).unwrap();
    fs::create_dir(&journal).unwrap();
    assert_snapshot!(stage.told(&["play", "p.rhai"]), @"");
    fs::remove_dir(&journal).unwrap();
    fs::write(&journal, sound).unwrap();
    assert_eq!(stage.world, stage.project.world());
    stage.project.run(&["show"]).ok();
}

#[test]
fn a_damaged_or_newer_journal() {
    let stage = Stage::new();
    let sound = stage.damages(".journal", "UPDATE event SET body = replace(body, 'readers', 'writers') WHERE seq = 4");
    assert_snapshot!(stage.refuses(".journal", &sound, &["runs"]), @"");

    let stage = Stage::new();
    let sound = stage.damages(".journal", "");
    fs::write(stage.state(".journal"), &sound[..sound.len() / 2]).unwrap();
    assert_snapshot!(stage.refuses(".journal", &sound, &["show"]), @"");

    let stage = Stage::new();
    let sound = stage.damages(".journal", "");
    let flipped: Vec<u8> = sound.iter().enumerate().map(|(at, byte)| if (100..200).contains(&at) { !byte } else { *byte }).collect();
    fs::write(stage.state(".journal"), flipped).unwrap();
    assert_snapshot!(stage.refuses(".journal", &sound, &["resume"]), @"");

    let stage = Stage::new();
    let sound = stage.damages(".journal", "PRAGMA user_version = 99");
    assert_snapshot!(stage.refuses(".journal", &sound, &["runs"]), @"");
}

#[test]
fn a_damaged_or_newer_world() {
    let stage = Stage::new();
    let sound = stage.damages("world.sqlite", "UPDATE rows SET json = '{' WHERE kind = 'organization'");
    assert_snapshot!(stage.refuses("world.sqlite", &sound, &["sandbox", "show"]), @"");

    let stage = Stage::new();
    let sound = stage.damages("world.sqlite", "PRAGMA user_version = 99");
    assert_snapshot!(stage.refuses("world.sqlite", &sound, &["sandbox", "show"]), @"");

    let stage = Stage::new();
    let sound = stage.damages("world.sqlite", "");
    fs::write(stage.state("world.sqlite"), "not a database, by no means one").unwrap();
    assert_snapshot!(stage.refuses("world.sqlite", &sound, &["sandbox", "show"]), @"");
}
