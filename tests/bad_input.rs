//! Bad input: whatever is wrong, the whole answer is as it should be (what, where, what to do next, exit code), and nothing is changed or lost.

use crate::project::{Ended, Project};
use insta::assert_snapshot;
use rusqlite::Connection;
use std::fs;
use std::path::PathBuf;

pub(crate) const GOOD: &str = "let org = organization();\norg.create_organization();\norg.create_group(\"readers\");\n";

/// A project in which a good playbook was played once: what bad input must not touch.
pub(crate) struct Stage {
    pub(crate) project: Project,
    pub(crate) world: String,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        let project = Project::new();
        project.write("p.rhai", GOOD);
        project.run(&["play", "p.rhai"]).ok();
        let world = project.world();
        Stage { project, world }
    }

    /// Plays a text as `p.rhai`.
    pub(crate) fn plays(&self, text: &str) -> String {
        self.project.write("p.rhai", text);
        self.answers(&["play", "p.rhai"])
    }

    /// The same, behind the steps of the good playbook, which find everything there.
    pub(crate) fn goes_on_with(&self, text: &str) -> String {
        self.plays(&format!("{GOOD}{text}"))
    }

    /// The whole answer to a command, after which the world is the same and the journal can be read.
    pub(crate) fn answers(&self, args: &[&str]) -> String {
        let told = self.told(args);
        assert_eq!(self.world, self.project.world(), "{args:?} changed something");
        self.project.run(&["runs"]).ok();
        told
    }

    pub(crate) fn told(&self, args: &[&str]) -> String {
        let ended = self.project.run(args);
        redacted(&self.project, &ended)
    }

    /// The file of the state folder whose name ends so.
    pub(crate) fn state(&self, end: &str) -> PathBuf {
        let files = fs::read_dir(self.project.path(".runner/sandbox")).unwrap().map(|entry| entry.unwrap().path());
        files.into_iter().find(|path| path.to_string_lossy().ends_with(end)).unwrap()
    }

    /// Does something to a database, with all of it in the one file afterwards; gives what the file was before.
    pub(crate) fn damages(&self, end: &str, sql: &str) -> Vec<u8> {
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
    pub(crate) fn refuses(&self, end: &str, sound: &[u8], args: &[&str]) -> String {
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

#[test]
fn parameters() {
    let stage = Stage::new();
    let playbook = "let contact = param(\"contact\", #{ kind: \"email\", help: \"root mailbox\" });\n\
        let count = param(\"count\", #{ kind: \"int\", value: 2 });\norganization().create_organization();\n";
    assert_snapshot!(stage.plays(playbook), @"
    exit 64
    -- stdout
    -- stderr
    error[missing-parameter]: parameter `contact` is missing
    help: -p contact=NAME@EXAMPLE.COM   root mailbox
    explain: runner explain missing-parameter
    ");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "-p", "contcat=aws@example.com"]), @"
    exit 64
    -- stdout
    -- stderr
    error[unknown-parameter]: the playbook has no parameter `contcat`, given by -p
    help: did you mean `contact`?
    explain: runner explain unknown-parameter
    ");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "-p", "contact=aws.example.com"]), @"
    exit 64
    -- stdout
    -- stderr
    error[bad-parameter]: parameter `contact` from -p cannot be `aws.example.com`
    help: give an e-mail address of 6 to 64 characters that AWS accepts: -p contact=NAME@EXAMPLE.COM
    explain: runner explain bad-parameter
    ");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "-p", "contact=aws@example.com", "-p", "count=few"]), @"
    exit 64
    -- stdout
    -- stderr
    error[bad-parameter]: parameter `count` from -p cannot be `few`
    help: give a whole number: -p count=NUMBER
    explain: runner explain bad-parameter
    ");
    stage.project.write("people.toml", "contact = 7\n");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "--params", "people.toml"]), @"
    exit 64
    -- stdout
    -- stderr
    error[bad-parameter]: parameter `contact` from `people.toml` cannot be `7`
    help: give an e-mail address of 6 to 64 characters that AWS accepts: -p contact=NAME@EXAMPLE.COM
    explain: runner explain bad-parameter
    ");
}

#[test]
fn targets_and_playbooks() {
    let stage = Stage::new();
    stage.project.write("lib/groups.rhai", "");
    assert_snapshot!(stage.answers(&["play", "p.rhai", "--target", "sandbax"]), @"
    exit 64
    -- stdout
    -- stderr
    error[unknown-name]: unknown target `sandbax`
    help: did you mean `sandbox`?
    help: name one with --target, or add [targets.sandbax] to runner.toml
    explain: runner explain unknown-name
    ");
    assert_snapshot!(stage.answers(&["play", "q.rhai"]), @"
    exit 64
    -- stdout
    -- stderr
    error[no-playbook]: cannot open the playbook `q.rhai`
      = caused by: No such file or directory (os error 2)
    help: `runner list` shows the playbooks of this project
    explain: runner explain no-playbook
    ");
    assert_snapshot!(stage.answers(&["play", "lib"]), @"
    exit 64
    -- stdout
    -- stderr
    error[playbook-unreadable]: cannot read the playbook `lib`: it is not a file
    help: `runner list` shows the playbooks there are
    explain: runner explain playbook-unreadable
    ");
    fs::write(stage.project.path("binary.rhai"), [0x7f, b'E', b'L', b'F', 0, 0xff, 0xfe]).unwrap();
    assert_snapshot!(stage.answers(&["play", "binary.rhai"]), @"
    exit 64
    -- stdout
    -- stderr
    error[playbook-unreadable]: cannot read the playbook `binary.rhai`: it is not text (UTF-8)
    help: `runner list` shows the playbooks there are
    explain: runner explain playbook-unreadable
    ");
    assert_snapshot!(stage.plays(""), @"
    exit 0
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    total    ok=0 changed=0 failed=0 paused=0 replayed=0

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
    assert_snapshot!(told, @"
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
    explain: runner explain bad-config
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
    explain: runner explain import-refused
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
    explain: runner explain import-refused
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
    explain: runner explain import-refused
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
    explain: runner explain import-refused
    "#);
    assert_snapshot!(stage.plays("log(file(\"../secret.json\"));\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    total    ok=0 changed=0 failed=0 paused=0 replayed=0

    error[file-refused]: cannot read `../secret.json`: the path has the part `..`
     --> p.rhai:1:5
      |
    1 | log(file("../secret.json"));
      |     ^
    help: give a path below the playbook's folder, like `policies/app.json`
    explain: runner explain file-refused

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
    assert_snapshot!(stage.goes_on_with("loop { }\n"), @"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[script-limit]: the script ran more than 1000000 operations without coming to an end
     --> p.rhai:4:6
      |
    4 | loop { }
      |      ^
    help: look for a loop that does not end; branches of `parallel` are counted one by one
    explain: runner explain script-limit

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    ");
    assert_snapshot!(stage.goes_on_with("let text = \"x\";\nloop { text += text; }\n"), @"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[script-limit]: a string grows too large
     --> p.rhai:5:13
      |
    5 | loop { text += text; }
      |             ^
    help: keep large things in files and read only what is needed
    explain: runner explain script-limit

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    ");
    assert_snapshot!(stage.goes_on_with("let list = [1];\nloop { list = [list, list]; }\n"), @"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[script-limit]: an array grows too large
     --> p.rhai:5:22
      |
    5 | loop { list = [list, list]; }
      |                      ^
    help: keep large things in files and read only what is needed
    explain: runner explain script-limit

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    ");
    assert_snapshot!(stage.goes_on_with("fn again(n) { again(n + 1) }\nagain(0);\n"), @"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[script-limit]: functions call one another too deeply
     --> p.rhai:5:1
      |
    5 | again(0);
      | ^
    help: look for a function that calls itself without end
    explain: runner explain script-limit

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    ");
}
