//! Scripts that are wrong: in their syntax, the names they call, the arguments they pass, the documents they hold.

use crate::bad_input::{GOOD, Stage};
use crate::project::Project;
use insta::assert_snapshot;

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
    explain: runner explain syntax
    "#);
    assert_snapshot!(stage.plays("let org = organization()\n\norg.create_organization();\n"), @"
    exit 1
    -- stdout
    -- stderr
    error[syntax]: `;` is missing to end this statement
     --> p.rhai:1:25
      |
    1 | let org = organization()
      |                         ^
    help: correct the playbook; `runner check` looks at it without running it
    explain: runner explain syntax
    ");
    assert_snapshot!(stage.plays("let org = organization();\nif true {\n    org.create_organization();\n"), @"
    exit 1
    -- stdout
    -- stderr
    error[syntax]: `}` is missing to end this block
     --> p.rhai:3:31
      |
    3 |     org.create_organization();
      |                               ^
    help: correct the playbook; `runner check` looks at it without running it
    explain: runner explain syntax
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
    explain: runner explain syntax
    "#);
    assert_snapshot!(stage.plays("let org = organization();\nogr.create_organization();\n"), @"
    exit 1
    -- stdout
    -- stderr
    error[unknown-variable]: there is no variable `ogr`
     --> p.rhai:2:1
      |
    2 | ogr.create_organization();
      | ^
    help: declare it with `let`; a function sees only its own parameters
    explain: runner explain unknown-variable
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
    explain: runner explain syntax
    "#);
}

#[test]
fn names_of_functions() {
    let stage = Stage::new();
    assert_snapshot!(stage.plays("let org = organization();\norg.create_organisation();\n"), @"
    exit 1
    -- stdout
    -- stderr
    error[unknown-function]: there is no function `create_organisation`
     --> p.rhai:2:5
      |
    2 | org.create_organisation();
      |     ^
    help: did you mean `create_organization`?
    explain: runner explain unknown-function
    ");
    assert_snapshot!(stage.goes_on_with("teleport(org, 3);\n"), @"
    exit 1
    -- stdout
    -- stderr
    error[unknown-function]: there is no function `teleport`
     --> p.rhai:4:1
      |
    4 | teleport(org, 3);
      | ^
    help: docs/script.md lists the functions there are
    explain: runner explain unknown-function
    ");
    assert_snapshot!(stage.goes_on_with("let count = \"three\".sqrt();\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[unknown-function]: there is no function `sqrt` for a string
     --> p.rhai:4:21
      |
    4 | let count = "three".sqrt();
      |                     ^
    help: docs/script.md lists the functions there are, and what is passed to them
    explain: runner explain unknown-function

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("log(#{} + 1);\n"), @"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[wrong-type]: `+` does not work with a map and an integer
     --> p.rhai:4:9
      |
    4 | log(#{} + 1);
      |         ^
    help: check what is on both sides: `type_of(x)` tells what a value is
    explain: runner explain wrong-type

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    ");
    assert_snapshot!(stage.goes_on_with("scope(3, || log(\"x\"));\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[wrong-arguments]: `scope` cannot be called with an integer, a function
     --> p.rhai:4:1
      |
    4 | scope(3, || log("x"));
      | ^
    help: write `scope(label, || …)`
    explain: runner explain wrong-arguments

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    "#);
}

#[test]
fn names_of_arguments() {
    let stage = Stage::new();
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
    explain: runner explain unknown-argument
    "#);
    assert_snapshot!(stage.goes_on_with("let terms = #{ mail: \"dev@example.com\" };\norg.create_account(\"dev\", terms);\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[unknown-argument]: `create_account`: there is no argument `mail`
     --> p.rhai:5:5
      |
    5 | org.create_account("dev", terms);
      |     ^
    help: did you mean `email`?
    explain: runner explain unknown-argument

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("org.create_account(\"dev\");\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[missing-argument]: `create_account`: `email` is missing
     --> p.rhai:4:5
      |
    4 | org.create_account("dev");
      |     ^
    help: write `org.create_account(name, #{email, ou, role, tags})`
    explain: runner explain missing-argument

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    "#);
}

#[test]
fn values_of_arguments() {
    let stage = Stage::new();
    assert_snapshot!(stage.goes_on_with("org.create_account(\"dev\", #{ email: 7 });\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[argument]: `create_account`: `email`: must be a string, not integer `7`
     --> p.rhai:4:5
      |
    4 | org.create_account("dev", #{ email: 7 });
      |     ^
    help: write `org.create_account(name, #{email, ou, role, tags})`
    explain: runner explain argument

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("org.create_account(\"dev\", #{ email: \"dev.example.com\" });\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[email]: `create_account`: `email`: `dev.example.com` cannot be an account's address
     --> p.rhai:4:5
      |
    4 | org.create_account("dev", #{ email: "dev.example.com" });
      |     ^
    help: give an address like `aws+dev@example.com`, 6 to 64 ASCII characters, not used by any AWS account
    explain: runner explain email

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("org.create_group(\"read only!\");\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[name]: `create_group`: `name`: `read only!` cannot be a name in IAM
     --> p.rhai:4:5
      |
    4 | org.create_group("read only!");
      |     ^
    help: use 1 to 128 letters, digits and `_+=,.@-`
    explain: runner explain name

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    "#);
}

#[test]
fn steps_that_cannot_be() {
    let stage = Stage::new();
    assert_snapshot!(stage.goes_on_with("org.create_group(\"readers\", #{ path: \"/x/\" });\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[step-conflict]: `158694496618/create_group:readers` is asked for twice with different arguments, at p.rhai:3:5 and at p.rhai:4:5
     --> p.rhai:4:5
      |
    4 | org.create_group("readers", #{ path: "/x/" });
      |     ^
    help: give both the same arguments, or tell them apart with `id:`
    explain: runner explain step-conflict

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with("org.attach_group_policy(\"writers\", \"arn:aws:iam::aws:policy/ReadOnlyAccess\");\n"), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=1 paused=0 replayed=0
    total                     ok=2 changed=0 failed=1 paused=0 replayed=0

    error[NoSuchEntity]: `attach_group_policy writers/arn:aws:iam::aws:policy/readonlyaccess` in `management`: AttachGroupPolicy: The group with name writers cannot be found.
     --> p.rhai:4:5
      |
    4 | org.attach_group_policy("writers", "arn:aws:iam::aws:policy/ReadOnlyAccess");
      |     ^
      = caused by: AWS request id REQUEST
    explain: runner explain NoSuchEntity

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
      failed [   0.0s] management    attach_group_policy writers/ReadOnlyAccess
    error[NoSuchEntity] management: attach_group_policy writers/ReadOnlyAccess  p.rhai:4:5
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
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[policy-malformed]: `put_group_policy`: `document.Statement[0].Efect`: unknown element `Efect`
     --> p.rhai:4:5
      |
    4 | org.put_group_policy("readers", "list", #{
      |     ^
    help: did you mean `Effect`?
    explain: runner explain policy-malformed

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
    to continue:
      runner resume RUN
    "#);
    assert_snapshot!(stage.goes_on_with(&format!("org.put_group_policy(\"readers\", \"list\", {});\n", policy(6000))), @r#"
    exit 1
    -- stdout
    play RUN p.rhai  target sandbox 158694496618  0.0s
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[policy-too-long]: `put_group_policy`: `document`: the policy has 6083 of 5120 characters
     --> p.rhai:4:5
      |
    4 | org.put_group_policy("readers", "list", #{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Ac…
      |     ^
    help: name the role with a wildcard and the organisation instead of each account: `arn:aws:iam::*:role/NAME` with a condition on aws:ResourceOrgID
    explain: runner explain policy-too-long

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
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
    management  158694496618  ok=2 changed=0 failed=0 paused=0 replayed=0
    total                     ok=2 changed=0 failed=0 paused=0 replayed=0

    error[policy-too-long]: `create_role`: `trust`: the policy has 2085 of 2048 characters
     --> p.rhai:6:5
      |
    6 | org.create_role("r", #{ trust: #{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Principal: …
      |     ^
    help: trust an account as a whole, or everyone (`*`) with a condition on aws:PrincipalOrgID, instead of each principal
    explain: runner explain policy-too-long

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
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
    management  158694496618  ok=3 changed=0 failed=1 paused=0 replayed=0
    total                     ok=3 changed=0 failed=1 paused=0 replayed=0

    error[policy-too-long]: `put_group_policy readers/two` in `management`: the inline policies of the group `readers` would have 6166 of 5120 characters together: 3083 are there, 3083 come with this one
     --> p.rhai:5:5
      |
    5 | org.put_group_policy("readers", "two", #{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Act…
      |     ^
    help: name the role with a wildcard and the organisation instead of each account, or make it a managed policy
    explain: runner explain policy-too-long

    to continue:
      runner resume RUN
    -- stderr
    play RUN p.rhai  target sandbox 158694496618
          ok [   0.0s] management    create_organization
          ok [   0.0s] management    create_group readers
          ok [   0.0s] management    put_group_policy readers/one
      failed [   0.0s] management    put_group_policy readers/two
    error[policy-too-long] management: put_group_policy readers/two  p.rhai:5:5
      the inline policies of the group `readers` would have 6166 of 5120 characters together: 3083 are there, 3083 come with this one
      help: name the role with a wildcard and the organisation instead of each account, or make it a managed policy
    to continue:
      runner resume RUN
    "#);
}
