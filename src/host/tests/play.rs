//! Steps of a script on the sandbox.

use super::stage::{on_sandbox, with};
use crate::time::Time;
use serde_json::Map;
use std::path::Path;

const TRUST: &str =
    "#{ Version: \"2012-10-17\", Statement: [#{ Effect: \"Allow\", Principal: #{ AWS: organization().id }, Action: \"sts:AssumeRole\" }] }";

#[test]
fn the_same_call_in_every_notation_is_one_step() {
    let played = on_sandbox(&format!(
        "let o = organization(); let t = {TRUST};
         let a = o.create_role(\"r\", #{{ trust: t }});
         let b = create_role(o, \"r\", #{{ trust: t }});
         let c = o.create_role(#{{ name: \"r\", trust: t }});
         let d = create_role(o, #{{ name: \"r\", trust: t }});
         output(\"same\", a == b && b == c && c == d); output(\"text\", `${{a}}` == a.arn);"
    ));
    assert_eq!(played.result, Ok(()));
    assert_eq!(played.steps.iter().filter(|key| key.contains("create_role")).count(), 1, "{:?}", played.steps);
    assert!(played.outputs.values().all(|value| value == true));
    assert_eq!(played.recap.total.changed, 1);
}

#[test]
fn parts_are_steps_at_the_same_place() {
    let played = on_sandbox(&format!(
        "organization().create_role(\"r\", #{{ trust: {TRUST}, managed: [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"], inline: #{{ p: #{{ Statement: [#{{ Effect: \"Allow\", Action: \"s3:*\", Resource: \"*\" }}] }} }} }});"
    ));
    assert_eq!(played.result, Ok(()));
    assert_eq!(played.places.len(), 3, "{:?}", played.places);
    assert!(played.places.values().all(|place| place == "test.rhai:1:16"), "{:?}", played.places);
}

#[test]
fn a_caught_failure_does_not_fail_the_run() {
    let text = format!(
        "let o = organization();
         try {{ o.attach_role_policy(\"nobody\", \"arn:aws:iam::aws:policy/ReadOnlyAccess\"); }} catch (e) {{ output(\"code\", e.code); output(\"account\", e.account); }}
         o.create_role(\"r\", #{{ trust: {TRUST} }});"
    );
    let played = on_sandbox(&text);
    assert_eq!(played.result, Ok(()));
    assert_eq!(played.outputs["code"], "NoSuchEntity");
    assert_eq!((played.recap.total.failed, played.recap.total.caught, played.recap.total.changed), (0, 1, 1));
}

#[test]
fn an_uncaught_failure_fails_it_with_the_place() {
    let played =
        on_sandbox("fn f(o) {\n  o.attach_role_policy(\"nobody\", \"arn:aws:iam::aws:policy/ReadOnlyAccess\")\n}\nf(organization());");
    let error = played.error();
    assert_eq!(error.code, "NoSuchEntity");
    assert_eq!(error.place.as_ref().unwrap().to_string(), "test.rhai:2:5");
    assert_eq!(error.trace.iter().map(ToString::to_string).collect::<Vec<_>>(), ["test.rhai:4:1"]);
    assert_eq!(played.recap.total.failed, 1);
}

#[test]
fn a_join_raises_the_first_in_input_order_and_tolerates_when_asked() {
    let branches = "parallel([\"b\", \"a\", \"c\"], |n| if n == \"c\" { n } else { organization().attach_role_policy(n, \"arn:aws:iam::aws:policy/ReadOnlyAccess\") }";
    let played = on_sandbox(&format!("{branches});"));
    assert!(played.error().message.contains('b'), "{:?}", played.error());
    assert_eq!((played.recap.total.failed, played.recap.total.caught), (2, 0));
    let played = on_sandbox(&format!("output(\"r\", {branches}, #{{ tolerate: 2 }}));"));
    assert_eq!(played.result, Ok(()));
    assert_eq!(played.outputs["r"], serde_json::json!([null, null, "c"]));
    assert_eq!((played.recap.total.failed, played.recap.total.caught), (0, 2));
    let played = on_sandbox(&format!("try {{ {branches}) }} catch {{ }}"));
    assert_eq!((played.result, played.recap.total.failed, played.recap.total.caught), (Ok(()), 0, 2));
}

#[test]
fn the_same_step_with_other_arguments_is_refused_with_both_places() {
    let played = on_sandbox(&format!(
        "let o = organization(); let t = {TRUST};\no.create_role(\"r\", #{{ trust: t }});\no.create_role(\"R\", #{{ trust: t, description: \"other\" }});\n"
    ));
    let error = played.error();
    assert_eq!(error.code, "step-conflict");
    assert_eq!(error.place.as_ref().unwrap().to_string(), "test.rhai:3:3");
    assert!(error.message.ends_with("at test.rhai:2:3 and at test.rhai:3:3"), "{error:?}");
}

/// Two hundred branches of ten steps, in real time.
#[test]
fn two_hundred_branches_are_quick() {
    let text = format!(
        "let o = organization(); let t = {TRUST}; let list = []; for i in 0..200 {{ list.push(i); }}
         let p = #{{ Statement: [#{{ Effect: \"Allow\", Action: \"s3:*\", Resource: \"*\" }}] }};
         parallel(list, |i| {{
             let r = o.create_role(`r-${{i}}`, #{{ trust: t }});
             for j in 1..10 {{ o.put_role_policy(r, `p-${{j}}`, p); }}
         }});"
    );
    let played = with(&text, Map::new(), Path::new("."), Time::real().unwrap());
    assert_eq!(played.result, Ok(()));
    assert_eq!(played.recap.total.changed, 2000);
}

#[test]
fn the_organisation_is_changed_through_its_own_account_alone() {
    let made =
        "let o = organization(); o.create_organization(); let dev = o.create_account(\"dev\", #{ email: \"aws+dev@example.com\" });\n";
    let played = on_sandbox(&format!("{made}dev.create_account(\"other\", #{{ email: \"aws+other@example.com\" }});"));
    let error = played.error();
    assert_eq!(error.code, "needs-management");
    assert!(error.hints[0].contains("`org` is `organization()`"), "{error:?}");
    assert_eq!(played.sandbox.accounts_made(), 1);
    // What only reads may be called on any; AWS says whether it answers.
    let played = on_sandbox(&format!("{made}dev.list_accounts();"));
    assert_eq!(played.error().code, "AccessDeniedException");
    // A role in the management account works in the same organisation.
    let trust = TRUST.replace("organization()", "o");
    let role =
        format!("let r = o.create_role(\"r\", #{{ trust: {trust}, managed: [\"arn:aws:iam::aws:policy/AdministratorAccess\"] }});\n");
    let played =
        on_sandbox(&format!("{made}{role}let s = assume(r); s.create_account(\"other\", #{{ email: \"aws+other@example.com\" }});"));
    played.result.unwrap();
    assert_eq!(played.sandbox.accounts_made(), 2);
}
