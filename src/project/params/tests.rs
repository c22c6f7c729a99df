use super::*;
use crate::report::Paint;
use serde_json::json;

fn declared(name: &str, kind: Kind) -> Parameter {
    Parameter { name: name.into(), kind, ..Parameter::default() }
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

fn flags(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_strongest_source_wins() {
    let parameters = [declared("a", Kind::String), declared("b", Kind::String), declared("c", Kind::String), declared("d", Kind::String)];
    let parameters = [&parameters[..], &[Parameter { value: Some(json!(null)), ..declared("e", Kind::Int) }]].concat();
    let (flags, file) = (flags(&[("a", "early"), ("a", "flag")]), map(json!({"a": "file", "b": "file"})));
    let (environment, target) =
        (map(json!({"a": "env", "b": "env", "c": "env", "other": 1})), map(json!({"a": "t", "b": "t", "c": "t", "d": "t"})));
    let sources =
        [Source::Flags(&flags), Source::File("p.json", &file), Source::Environment("stage", &environment), Source::Target("prod", &target)];
    let values = resolve(&parameters, &sources).unwrap();
    assert_eq!(Value::Object(values), json!({"a": "flag", "b": "file", "c": "env", "d": "t"}));
}

#[test]
fn text_is_read_by_kind() {
    let cases = [
        (Kind::String, "12", Some(json!("12"))),
        (Kind::String, "", Some(json!(""))),
        (Kind::Email, "aws+dev@example.com", Some(json!("aws+dev@example.com"))),
        (Kind::Email, "aws", None),
        (Kind::Email, "a@b", None),
        (Kind::Email, "a b@example.com", None),
        (Kind::Email, "a@@example.com", None),
        (Kind::Email, "a@example..com", None),
        (Kind::Email, "a@b.c", None),
        (Kind::Email, "a,b@example.com", None),
        (Kind::Email, ".a@example.com", None),
        (Kind::Email, "a@-example.com", None),
        (Kind::Email, "é@example.com", None),
        (Kind::Bool, "true", Some(json!(true))),
        (Kind::Bool, "yes", None),
        (Kind::Int, "-3", Some(json!(-3))),
        (Kind::Int, "3.5", None),
        (Kind::Int, "99999999999999999999", None),
        (Kind::List, "[1, \"a\"]", Some(json!([1, "a"]))),
        (Kind::List, "a, b", Some(json!(["a", "b"]))),
        (Kind::List, "", Some(json!([]))),
        (Kind::List, "[1", None),
        (Kind::Map, "ana=admin, bo=ro", Some(json!({"ana": "admin", "bo": "ro"}))),
        (Kind::Map, "ana", None),
        (Kind::Map, "{\"ana\": \"admin\"}", Some(json!({"ana": "admin"}))),
        (Kind::Map, "{\"a\": }", None),
    ];
    for (kind, text, value) in cases {
        let given = flags(&[("p", text)]);
        let read = resolve(&[declared("p", kind)], &[Source::Flags(&given)]).map(|mut values| values.remove("p"));
        assert_eq!(read.ok().flatten(), value, "{kind:?} {text}");
    }
}

#[test]
fn a_file_is_held_to_the_kind_too() {
    let file = map(json!({"id": 12}));
    let error = resolve(&[declared("id", Kind::String)], &[Source::File("p.json", &file)]).unwrap_err();
    assert_eq!(
        error.text(Paint::OFF),
        "error[bad-parameter]: parameter `id` from `p.json` cannot be `12`\nhelp: give a text: -p id=TEXT\n"
    );
}

#[test]
fn only_named_values_are_taken() {
    let parameter = Parameter { one_of: Some(vec![json!("eu"), json!("us")]), ..declared("where", Kind::String) };
    let given = flags(&[("where", "asia")]);
    let error = resolve(&[parameter], &[Source::Flags(&given)]).unwrap_err();
    assert_eq!(error.hints, ["give one of: eu, us: -p where=TEXT"]);
}

#[test]
fn all_missing_ones_are_named_with_their_flags() {
    let parameters = [
        Parameter { help: Some("root mailbox".into()), ..declared("mail", Kind::Email) },
        declared("users", Kind::Map),
        Parameter { one_of: Some(vec![json!(1), json!(2)]), ..declared("n", Kind::Int) },
    ];
    let error = resolve(&parameters, &[]).unwrap_err();
    let expected = "\
error[missing-parameter]: parameters `mail`, `users`, `n` are missing
help: -p mail=NAME@EXAMPLE.COM   root mailbox
help: -p users=KEY=TEXT,KEY=TEXT
help: -p n=NUMBER   (one of: 1, 2)
";
    assert_eq!(error.text(Paint::OFF), expected);
    assert_eq!(error.kind.exit_code(), 64);
}

#[test]
fn unknown_names_are_refused_where_they_are_a_mistake() {
    let parameters = [Parameter { value: Some(json!(null)), ..declared("mail", Kind::Email) }];
    let typo = flags(&[("mial", "x")]);
    let error = resolve(&parameters, &[Source::Flags(&typo)]).unwrap_err();
    assert_eq!((&*error.code, error.hints), ("unknown-parameter", vec!["did you mean `mail`?".to_owned()]));
    let file = map(json!({"zzz": 1}));
    let error = resolve(&parameters, &[Source::File("p.toml", &file)]).unwrap_err();
    assert_eq!(error.hints, ["its parameters: mail"]);
    assert!(resolve(&parameters, &[Source::Target("prod", &file), Source::Run("7k2q", &file)]).unwrap().is_empty());
    let given = flags(&[("x", "1")]);
    assert_eq!(resolve(&[], &[Source::Flags(&given)]).unwrap_err().hints, ["leave it out: this playbook takes no parameters"]);
}

#[test]
fn files_are_toml_or_json() {
    let wanted = json!({"n": 1, "m": {"a": [true]}, "f": 0.5});
    assert_eq!(Value::Object(parse_file("p.toml", "n = 1\nf = 0.5\n[m]\na = [true]").unwrap()), wanted);
    assert_eq!(Value::Object(parse_file("p.json", &wanted.to_string()).unwrap()), wanted);
    for (file, text) in [("p.toml", "n = "), ("p.json", "[1]"), ("p.json", "{")] {
        assert_eq!(parse_file(file, text).unwrap_err().code, "bad-params-file");
    }
}

#[test]
fn pairs_are_split_at_the_first_equals_sign() {
    assert_eq!(split("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
    assert_eq!(split("a="), Ok(("a".to_owned(), String::new())));
    assert!(split("a").is_err() && split("=b").is_err());
}
