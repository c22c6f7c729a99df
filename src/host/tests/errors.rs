//! What users read when a script is wrong.

use super::super::{Playbook, check};
use super::stage::{failing, on_sandbox, with};
use crate::error::Error;
use crate::time::Time;
use serde_json::Map;
use std::path::Path;

/// Place, message and first hint of an error in one line.
fn line(error: &Error) -> String {
    let place = error.place.as_ref().map_or("-".to_owned(), ToString::to_string);
    format!("{place} {error} | {}", error.hints.first().map_or("-", String::as_str))
}

#[test]
fn errors_name_the_place_and_the_next_step() {
    let cases = [
        ("let x = ;", "test.rhai:1:9 error[syntax]"),
        ("let x = 1;\nlog(y);", "test.rhai:2:5 error[unknown-variable]: there is no variable `y`"),
        ("let eval = 1;", "test.rhai:1:5 error[syntax]"),
        ("sleep(1)", "test.rhai:1:1 error[unknown-function]: there is no function `sleep"),
        ("exit()", "test.rhai:1:1 error[unknown-function]"),
        ("timestamp()", "test.rhai:1:1 error[unknown-function]"),
        ("  organisation()", "test.rhai:1:3 error[unknown-function]: there is no function `organisation"),
        ("organization().nam", "test.rhai:1:15 error[script-error]: an account has no `nam`; did you mean `name`?"),
        ("let m = #{ a: 1 }; m.b", "test.rhai:1:22 error[unknown-property]"),
        (
            "\"x\".create_role(\"r\", #{})",
            "test.rhai:1:5 error[wrong-receiver]: `create_role` is called on an account or session, not on a string",
        ),
        ("organization().create_role()", "test.rhai:1:16 error[missing-argument]"),
        ("organization().create_role(\"r\", #{ trst: 1 })", "test.rhai:1:16 error[unknown-argument]"),
        (
            "organization().create_role(\"r\", #{ trust: |x| x })",
            "test.rhai:1:16 error[wrong-arguments]: `create_role`: `trust` is a function",
        ),
        ("organization().create_role(\"r\", #{}, 1, 2)", "test.rhai:1:16 error[wrong-arguments]"),
        ("parallel(1, |x| x)", "test.rhai:1:1 error[wrong-arguments]: `parallel` works on an array or a map, not on an integer"),
        ("parallel([\"a\", \"a\"], |x| x)", "test.rhai:1:1 error[duplicate-label]: two items of `parallel` are both called `a`"),
        ("parallel([#{}], |x| x)", "test.rhai:1:1 error[no-label]"),
        ("throw \"no\"", "test.rhai:1:1 error[script-error]: no"),
        ("fail(\"no\")", "test.rhai:1:1 error[failed]: no"),
        ("output(\"f\", |x| x)", "test.rhai:1:1 error[wrong-arguments]: output `f`: a function"),
        ("import \"../x\" as x;", "test.rhai:1:8 error[import-refused]: cannot import `../x`: the path has the part `..`"),
        ("import \"std/polcy\" as x;", "test.rhai:1:8 error[import-unknown]"),
        ("let p = \"std/policy\"; import p as x;", "test.rhai:1:23 error[import-not-literal]"),
        ("loop { }", "test.rhai:1:6 error[script-limit]"),
        ("param(\"x\" + 1)", "test.rhai:1:1 error[unknown-parameter]"),
        ("account(\"nobody\").id", "test.rhai:1:1 error[account-unknown]"),
        ("assume(\"dev\", #{ rol: 1 })", "test.rhai:1:1 error[wrong-arguments]: `assume`: there is no option `rol`"),
    ];
    for (text, expected) in cases {
        let error = failing(text);
        assert!(line(&error).starts_with(expected), "{text}\n  {}\n  {expected}", line(&error));
        assert!(
            !error.hints.is_empty() || error.message == "no" || error.message.contains("did you mean"),
            "{text} gives no next step: {error:?}"
        );
    }
}

#[test]
fn nothing_uncatchable_is_caught() {
    for text in ["organization().create_role(1)", "parallel(1, |x| x)", "loop { }", "output(\"f\", |x| x)"] {
        let played = on_sandbox(&format!("try {{ {text} }} catch {{ }}"));
        assert!(played.result.is_err(), "{text}");
    }
}

#[test]
fn the_chain_of_calls_is_told_across_files_and_branches() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("lib.rhai"),
        "fn outer(f) {\n    inner(f)\n}\nfn inner(f) {\n    f.call(1)\n}\nfn bad() {\n    organization().create_role(1, #{})\n}",
    )
    .unwrap();
    let told = |text: &str| {
        let played = with(text, Map::new(), folder.path(), Time::simulated(1));
        let error = played.error();
        let mut places: Vec<String> = error.trace.iter().map(ToString::to_string).collect();
        places.push(error.place.as_ref().unwrap().to_string());
        places.join(" ")
    };
    assert_eq!(told("import \"lib\" as lib;\nlib::outer(|x| fail(\"no\"));"), "test.rhai:2:6 lib.rhai:2:5 lib.rhai:5:7 test.rhai:2:16");
    assert_eq!(
        told("import \"lib\" as lib;\nlib::outer(|x| organization().create_role(x));"),
        "test.rhai:2:6 lib.rhai:2:5 lib.rhai:5:7 test.rhai:2:31"
    );
    assert_eq!(told("import \"lib\" as lib;\nparallel([\"a\"], |x| lib::bad());"), "test.rhai:2:1 test.rhai:2:26 lib.rhai:8:20");
    assert_eq!(told("fn f() {\n fail(\"no\")\n}\nf();"), "test.rhai:4:1 test.rhai:2:2");
}

/// Where the caret stands: the place, and the text of its line from the column on.
#[test]
fn the_caret_points_into_modules_closures_and_nested_branches() {
    let folder = tempfile::tempdir().unwrap();
    let module = "fn divide(n) {\n    let x = 1;\n    x / n\n}\nfn later() {\n    |n| 1 / n\n}\nfn steps(account) {\n    parallel([\"a\"], |name| parallel([\"b\"], |inner|\n        account.attach_role_policy(`${name}-${inner}`, \"arn:aws:iam::aws:policy/ReadOnlyAccess\")))\n}\nfn missing(m) { m.nothing }\nfn each(items) {\n    items.map(|item|\n        item.sub_string(1, 2, 3))\n}\n";
    std::fs::create_dir(folder.path().join("lib")).unwrap();
    std::fs::write(folder.path().join("lib/deep.rhai"), module).unwrap();
    std::fs::write(folder.path().join("outer.rhai"), "import \"lib/deep\" as deep;\nfn through(n) {\n    deep::divide(n)\n}\n").unwrap();
    for (text, expected) in [
        ("lib::divide(0);", "lib/deep.rhai:3:7 / n"),
        ("outer::through(0);", "lib/deep.rhai:3:7 / n"),
        ("parallel([0], |n| lib::divide(n));", "lib/deep.rhai:3:7 / n"),
        ("[0].map(lib::later());", "test.rhai:3:5 map("),
        ("parallel([1], |a| parallel([2], |b|\n    1 / (b - 2)));", "test.rhai:4:7 / (b - 2)));"),
        ("parallel([1], |a| parallel([2], |b| scope(\"s\", ||\n    lib::missing(#{}))));", "lib/deep.rhai:12:19 nothing }"),
        ("lib::each([\"x\"]);", "lib/deep.rhai:15:14 sub_string(1, 2, 3))"),
        ("lib::steps(organization());", "lib/deep.rhai:10:17 attach_role_policy(`"),
        ("try { lib::divide(0) } catch (e) { throw `again` }", "test.rhai:3:36 throw `again` }"),
    ] {
        let text = format!("import \"lib/deep\" as lib;\nimport \"outer\" as outer;\n{text}");
        let played = with(&text, Map::new(), folder.path(), Time::simulated(1));
        let place = played.error().place.clone().unwrap();
        let line = place.source_line.clone().unwrap();
        let shown = format!("{place} {}", line.chars().skip(place.column - 1).collect::<String>());
        assert!(shown.starts_with(expected), "{text}\n  {shown}\n  {expected}\n  {:?}", played.error());
    }
}

fn checked(text: &str) -> Vec<String> {
    match Playbook::from_text("test.rhai", text.to_owned(), Path::new(".")) {
        Ok(playbook) => check(&playbook).iter().map(line).collect(),
        Err(error) => vec![line(&error)],
    }
}

#[test]
fn check_finds_mistakes_without_running() {
    let cases = [
        (
            "let dev = organization();\ndev.creat_role(\"x\");",
            "test.rhai:2:5 error[unknown-function]: there is no function `creat_role` | did you mean `create_role`?",
        ),
        ("fn f() { g() }", "test.rhai:1:10 error[unknown-function]"),
        (
            "import \"std/policy\" as policy; policy::trsut(1);",
            "test.rhai:1:40 error[unknown-function]: module `std/policy` has no function `trsut` | did you mean `policy::trust`?",
        ),
        (
            "let o = organization(); o.create_role(\"x\", #{ trsut: 1 });",
            "test.rhai:1:27 error[unknown-argument]: `create_role` has no argument `trsut` | did you mean `trust`?",
        ),
        ("let o = organization(); create_role(o, \"x\", #{ trsut: 1 });", "test.rhai:1:25 error[unknown-argument]"),
        ("let n = 0; parallel([1], |x| n += x);", "test.rhai:1:30 error[lost-write]: `n` is changed inside `parallel`"),
        ("let n = []; parallel([1], |x| { n.push(x); });", "test.rhai:1:33 error[lost-write]"),
        ("let m = #{}; [1].parallel(|x| m.a = x);", "test.rhai:1:31 error[lost-write]"),
        ("let m = #{}; parallel([1], |x| [2].for_each(|y| m.a = y));", "test.rhai:1:49 error[lost-write]"),
        ("let m = #{}; for i in 0..2 { m.keys().filter(|k| m[k] == 1); }", "test.rhai:1:30 error[locked-variable]: `m` is in use"),
        ("param(\"x\", #{ kind: \"mail\" });", "test.rhai:1:1 error[parameter-not-literal]"),
        ("param(\"x\", #{ valeu: 1 });", "test.rhai:1:1 error[parameter-not-literal]"),
        (
            "param(\"x\", #{ kind: \"int\", value: \"1\" });",
            "test.rhai:1:1 error[parameter-not-literal]: parameter `x`: its `value` cannot be `\"1\"`; give a whole number",
        ),
        ("param(\"x\", #{ value: \"c\", one_of: [\"a\", \"b\"] });", "test.rhai:1:1 error[parameter-not-literal]"),
        ("param(\"x\", #{ value: 1 }); param(\"x\", #{ value: 2 });", "test.rhai:1:28 error[parameter-twice]"),
        ("let n = \"x\"; param(n);", "test.rhai:1:14 error[parameter-not-literal]"),
        ("let f = |x| y;", "test.rhai:1:13 error[unknown-variable]"),
    ];
    for (text, expected) in cases {
        let found = checked(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}\n  {found:?}\n  {expected}");
    }
}

#[test]
fn check_has_no_false_alarms() {
    for text in [
        "let n = 0; [1].for_each(|x| n += x);",
        "let n = 1; parallel([1], |x| { let n = 2; n += x; n });",
        "parallel([[1]], |list| { list.push(2); list });",
        "let m = #{ run: |x| x }; m.run(1);",
        "fn f(x) { x } let g = Fn(\"f\"); g.call(1); print(type_of(g));",
        "let o = organization(); o.put_group_policy(\"g\", \"p\", #{ Statement: [] });",
        "import \"std/accounts\" as accounts; accounts::mail(\"a@b.example\", \"x\");",
        "let s = 0; for x in [1] { s += x; } switch s { 1 => log(\"one\"), _ => () }",
    ] {
        assert_eq!(checked(text), Vec::<String>::new(), "{text}");
    }
}
