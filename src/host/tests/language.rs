//! What scripts can do without AWS.

use super::stage::{on_sandbox, with};
use crate::time::Time;
use serde_json::{Map, json};
use std::path::Path;

#[test]
fn outputs_and_logs_come_out() {
    let played = on_sandbox("output(\"a\", [1, 2.5, \"x\", #{ b: () }]); log(1); print(\"p\"); log(`${[1]}`);");
    assert_eq!(played.result, Ok(()));
    assert_eq!(played.outputs["a"], json!([1, 2.5, "x", { "b": null }]));
    assert_eq!(played.logs, ["1", "p", "[1]"]);
}

#[test]
fn sessions_are_objects() {
    let played = on_sandbox(
        "let org = organization(); output(\"id\", org.id); output(\"same\", org == management()); output(\"keys\", org.keys());
         output(\"text\", `${org}`); output(\"has\", \"id\" in org); output(\"not\", org.get(\"x\") == ()); output(\"caller\", caller().account == org.id);
         output(\"name\", environment().name);",
    );
    assert_eq!(played.result, Ok(()));
    assert_eq!(played.outputs["id"], json!(played.sandbox.management_account()));
    for truth in ["same", "has", "not", "caller"] {
        assert_eq!(played.outputs[truth], json!(true), "{truth}");
    }
    assert_eq!(played.outputs["keys"], json!(["id", "kind", "name", "partition"]));
    assert_eq!(played.outputs["name"], json!("test"));
}

#[test]
fn parallel_keeps_order_and_keys() {
    let played = on_sandbox(
        "let factor = 10; let add = |x| x + 1;
         output(\"array\", parallel([3, 1, 2], |x| add.call(x) * factor));
         output(\"map\", parallel(#{ b: 2, a: 1 }, |x| x * factor));
         output(\"nested\", parallel([\"x\", \"y\"], |a| parallel([\"1\", \"2\"], |b| a + b)));
         let list = [1, 2]; output(\"captured\", parallel([\"p\", \"q\"], |n| n + list.len()));
         output(\"none\", parallel([], |x| x));",
    );
    assert_eq!(played.result, Ok(()));
    assert_eq!(played.outputs["array"], json!([40, 20, 30]));
    assert_eq!(played.outputs["map"], json!({ "a": 10, "b": 20 }));
    assert_eq!(played.outputs["nested"], json!([["x1", "x2"], ["y1", "y2"]]));
    assert_eq!(played.outputs["captured"], json!(["p2", "q2"]));
    assert_eq!(played.outputs["none"], json!([]));
}

#[test]
fn every_branch_has_a_budget_of_its_own() {
    let played = on_sandbox("output(\"n\", parallel([1, 2, 3], |x| { let n = 0; for i in 0..100000 { n += 1; } n }));");
    assert_eq!(played.result, Ok(()));
    assert_eq!(played.outputs["n"], json!([100_000, 100_000, 100_000]));
}

#[test]
fn what_a_branch_may_compute_grows_with_its_steps() {
    let played = on_sandbox("let o = organization(); for i in 0..250 { o.create_group(`g-${i}`); for j in 0..1500 { let n = j; } }");
    assert_eq!(played.result, Ok(()));
    for text in ["loop { management(); }", "loop { log(`x`); }", "let o = organization(); loop { o.create_group(`g`); }"] {
        assert_eq!(on_sandbox(text).error().code, "script-limit", "{text}");
    }
}

#[test]
fn thrown_things_are_caught_also_through_parallel() {
    let played = on_sandbox(
        "try { parallel([\"a\", \"b\"], |x| fail(`no ${x}`)) } catch (e) { output(\"caught\", e.message); }
         output(\"tolerated\", parallel([\"a\", \"b\"], |x| if x == \"a\" { throw #{ code: \"c\" } } else { x }, #{ tolerate: 1 }));",
    );
    assert_eq!(played.result, Ok(()));
    assert_eq!(played.outputs["caught"], json!("no a"));
    assert_eq!(played.outputs["tolerated"], json!([null, "b"]));
}

#[test]
fn files_are_read_below_the_folder_only() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), "{\"x\": [1]}").unwrap();
    let text = "output(\"x\", parse_json(file(\"a.json\")).x);";
    let played = with(text, Map::new(), folder.path(), Time::simulated(1));
    assert_eq!(played.outputs["x"], json!([1]));
    let played = with("file(\"../a.json\")", Map::new(), folder.path(), Time::simulated(1));
    assert_eq!(played.error().to_string(), "error[file-refused]: cannot read `../a.json`: the path has the part `..`");
}

#[test]
fn modules_of_the_folder_are_imported() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("lib")).unwrap();
    std::fs::write(
        folder.path().join("lib/a.rhai"),
        "import \"lib/b\" as b; fn twice(x) { b::double(x) } fn each(list, f) { list.map(f) }",
    )
    .unwrap();
    std::fs::write(folder.path().join("lib/b.rhai"), "fn double(x) { x * 2 }").unwrap();
    let text = "import \"lib/a\" as a; let n = 1; output(\"x\", a::twice(21)); output(\"y\", parallel([1, 2], |x| a::twice(x))); output(\"z\", a::each([1], |x| x + n));";
    let played = with(text, Map::new(), folder.path(), Time::simulated(1));
    assert_eq!(played.result, Ok(()));
    assert_eq!((&played.outputs["x"], &played.outputs["y"], &played.outputs["z"]), (&json!(42), &json!([2, 4]), &json!([2])));
}

#[test]
fn a_parameter_has_the_value_given_or_its_own() {
    let text = "let mail = param(\"mail\", #{ kind: \"email\", help: \"root\" }); let n = param(\"n\", #{ value: 3 }); output(\"n\", n); output(\"mail\", mail);";
    let played = with(text, Map::from_iter([("mail".to_owned(), json!("a@b.example"))]), Path::new("."), Time::simulated(1));
    assert_eq!((&played.outputs["mail"], &played.outputs["n"]), (&json!("a@b.example"), &json!(3)));
    let both = Map::from_iter([("mail".to_owned(), json!("a@b.example")), ("n".to_owned(), json!(4))]);
    assert_eq!(with(text, both, Path::new("."), Time::simulated(1)).outputs["n"], json!(4));
}

/// Rhai panics when it measures a value with a shared one inside; captured variables are shared, so all ways into a value are tried.
#[test]
fn captured_variables_can_go_into_values() {
    let played = on_sandbox(
        "let x = [1]; let f = || x; let a = [x]; a.push(x); a[0] = x; a += x; a.insert(0, x); let m = #{ k: x }; m.l = x; m[\"o\"] = x; m.set(\"p\", x);
         let g = || m; let n = [m, #{ deep: m }]; let h = || n; n.push(#{ m: m }); let o = m + #{ q: x }; o.mixin(m); let p = [x] + a;
         fn id(v) { [v] } let q = id(x); q.push(id(m)); for y in a { q.push(y); } let r = a.map(|v| [v, x]); let s = if true { x } else { m };
         switch s { _ => q.push(s) } let t = parallel([\"a\"], |i| [x, m, a, i]); q.append(t); output(\"n\", q.len()); output(\"t\", t.len() + r.len());",
    );
    assert_eq!(played.result, Ok(()));
}
