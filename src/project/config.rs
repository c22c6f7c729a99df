//! What `runner.toml` says. Strict: a key that is not known is refused with its place.

use super::params::json_map;
use super::target::{Target, TargetTable};
use crate::error::{Error, Place};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// The JSON schema of the file, for editors.
pub const SCHEMA: &str = include_str!("../../docs/runner.schema.json");

/// A checked `runner.toml`. There is always a target `sandbox`, written or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub default_target: String,
    pub targets: BTreeMap<String, Target>,
    pub environments: BTreeMap<String, Environment>,
    pub hooks: Hooks,
}

/// `[hooks]`: program and arguments, run without a shell in the project's folder; nothing is run for an empty list.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Hooks {
    /// Run before a play or resume does anything; one that fails stops it.
    #[serde(default)]
    pub before: Vec<String>,
    /// Run when a play or resume has ended, however it ended; one that fails is reported.
    #[serde(default)]
    pub after: Vec<String>,
}

/// A named set of parameters; the name is part of what tells rollouts apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environment {
    pub name: String,
    pub params: Map<String, Value>,
}

/// Where playbooks are played, and with what.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "runner.toml"))]
struct File {
    /// The target played on without `--target`; `sandbox` unless given.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    default_target: Option<Spanned<String>>,
    /// By name. There is always a target `sandbox`.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, TargetTable>"))]
    targets: BTreeMap<Spanned<String>, TargetTable>,
    /// By name: sets of parameters with runs of their own, chosen with `--env`.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, EnvironmentTable>"))]
    environments: BTreeMap<Spanned<String>, EnvironmentTable>,
    /// Commands before and after each play and resume.
    #[serde(default)]
    hooks: Hooks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EnvironmentTable {
    /// Values of the playbook's parameters.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Map<String, Value>"))]
    params: toml::Table,
}

impl Default for Config {
    fn default() -> Config {
        let sandbox = Target::sandbox();
        Config {
            default_target: sandbox.name.clone(),
            targets: BTreeMap::from([(sandbox.name.clone(), sandbox)]),
            environments: BTreeMap::new(),
            hooks: Hooks::default(),
        }
    }
}

impl Config {
    /// Reads the text of a `runner.toml`; `file` is the name shown in errors.
    pub fn parse(file: &str, text: &str) -> Result<Config, Error> {
        let at = |span: Range<usize>| place(file, text, span.start);
        let written: File = toml::from_str(text).map_err(|error| syntax(file, text, &error))?;
        let mut config = Config { hooks: written.hooks, ..Config::default() };
        for (name, table) in written.targets {
            check_name("target", name.get_ref()).map_err(|error| error.at(at(name.span())))?;
            let target = table.target(name.get_ref().clone()).map_err(|error| error.at(at(name.span())))?;
            config.targets.insert(target.name.clone(), target);
        }
        for (name, table) in written.environments {
            check_name("environment", name.get_ref()).map_err(|error| error.at(at(name.span())))?;
            let environment = Environment { name: name.get_ref().clone(), params: json_map(table.params) };
            config.environments.insert(environment.name.clone(), environment);
        }
        if let Some(name) = written.default_target {
            let span = name.span();
            config.default_target = name.into_inner();
            config.target(None).map_err(|error| error.at(at(span)))?;
        }
        Ok(config)
    }

    /// The target of that name, or the default one.
    pub fn target(&self, name: Option<&str>) -> Result<&Target, Error> {
        let name = name.unwrap_or(&self.default_target);
        self.targets.get(name).ok_or_else(|| {
            unknown("target", name, self.targets.keys()).hint(format!("name one with --target, or add [targets.{name}] to runner.toml"))
        })
    }

    pub fn environment(&self, name: Option<&str>) -> Result<Option<&Environment>, Error> {
        let Some(name) = name else { return Ok(None) };
        self.environments.get(name).map(Some).ok_or_else(|| {
            unknown("environment", name, self.environments.keys())
                .hint(format!("name one with --env, or add [environments.{name}.params] to runner.toml"))
        })
    }
}

/// `unknown target …`, with the nearest name or all of them.
fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a String>) -> Error {
    let known: Vec<&str> = known.map(String::as_str).collect();
    let error = Error::usage("unknown-name", format!("unknown {what} `{name}`"));
    match nearest(name, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None if known.is_empty() => error.hint(format!("there is no {what} in runner.toml yet")),
        None => error.hint(format!("known: {}", known.join(", "))),
    }
}

/// The known name that was probably meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Names become folder and file names.
fn check_name(what: &str, name: &str) -> Result<(), Error> {
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if fits && !name.is_empty() && !name.starts_with('.') && name.len() <= 64 {
        return Ok(());
    }
    Err(Error::usage("bad-name", format!("`{name}` cannot name a {what}"))
        .hint("use up to 64 letters, digits, `-`, `_` and `.`, not starting with `.`"))
}

/// "unknown field `acount_id`, expected one of `kind`, …": the one that was probably meant is enough.
fn misspelt(message: &str) -> Option<Error> {
    let mut words = message.strip_prefix("unknown field `")?.split('`');
    let written = words.next()?;
    let error = Error::usage("bad-config", format!("unknown key `{written}`"));
    let known: Vec<&str> = words.skip(1).step_by(2).collect();
    Some(match nearest(written, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("there are {}", known.join(", "))),
    })
}

fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Error {
    let shown = misspelt(error.message()).unwrap_or_else(|| Error::usage("bad-config", error.message()));
    let shown = shown.hint("the keys of runner.toml are listed in docs/usage.md");
    match error.span() {
        Some(span) => shown.at(place(file, text, span.start)),
        None => shown.at(place(file, text, 0)),
    }
}

/// The place of a byte offset.
fn place(file: &str, text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Place {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        source_line: text[line_start..].lines().next().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::TargetKind;
    use crate::report::Paint;
    use serde_json::json;

    const FULL: &str = r#"
default_target = "prod"

[targets.rehearsal]
kind = "sandbox"
seed = 7
account_quota = 12
creation_seconds = 2.5
management_email = "aws@example.com"

[targets.rehearsal.accounts.legacy]
account_id = "111122223333"
email = "legacy@example.com"

[targets.prod]
kind = "aws"
account_id = "123456789012"
profile = "ana"
region = "eu-central-1"
role_lag_seconds = 30
new_account_minutes = 60
role = "OrganizationAccountAccessRole"

[targets.prod.params]
mail = "aws@example.com"
users = { ana = "admin" }
day = 2026-01-02

[environments.stage.params]
mfa = false

[hooks]
before = ["./notify.sh", "start"]
"#;

    #[test]
    fn everything_is_read() {
        let config = Config::parse("runner.toml", FULL).unwrap();
        assert_eq!(config.targets.keys().collect::<Vec<_>>(), ["prod", "rehearsal", "sandbox"]);
        let prod = config.target(None).unwrap();
        assert_eq!(Value::Object(prod.params.clone()), json!({"mail": "aws@example.com", "users": {"ana": "admin"}, "day": "2026-01-02"}));
        let TargetKind::Aws(aws) = &prod.kind else { panic!("{prod:?}") };
        assert_eq!((aws.account_id.as_deref(), aws.profile.as_deref()), (Some("123456789012"), Some("ana")));
        assert_eq!((aws.role_lag_seconds, aws.new_account_minutes), (Some(30.0), Some(60.0)));
        let TargetKind::Sandbox(sandbox) = &config.target(Some("rehearsal")).unwrap().kind else { panic!() };
        assert_eq!((sandbox.seed, sandbox.account_quota, sandbox.creation_seconds), (Some(7), Some(12), Some(2.5)));
        assert_eq!(config.environment(Some("stage")).unwrap().unwrap().params["mfa"], json!(false));
        assert_eq!((config.hooks.before.len(), config.hooks.after.len()), (2, 0));
    }

    /// `docs/runner.schema.json` is made from the types that read the file, so it has every key and no other.
    #[test]
    fn the_schema_in_docs_is_that_of_the_parser() {
        let made = serde_json::to_string_pretty(&schemars::schema_for!(File)).unwrap() + "\n";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runner.schema.json");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written == made, "docs/runner.schema.json is out of date: UPDATE_DOCS=1 cargo test --lib schema");
        let target = &serde_json::from_str::<Value>(&made).unwrap()["$defs"]["TargetTable"];
        assert_eq!((&target["required"], &target["additionalProperties"]), (&json!(["kind"]), &json!(false)));
        for key in ["account_id", "profile", "seed", "throttle", "accounts", "params"] {
            assert!(target["properties"][key]["description"].is_string(), "{key}");
        }
    }

    #[test]
    fn nothing_written_is_a_sandbox() {
        assert_eq!(Config::parse("runner.toml", "").unwrap(), Config::default());
        assert_eq!(Config::default().target(None).unwrap().name, "sandbox");
    }

    #[test]
    fn an_unknown_key_is_shown_in_its_line() {
        let error = Config::parse("runner.toml", "[targets.prod]\nkind = \"aws\"\nprofil = \"ana\"\n").unwrap_err();
        assert_eq!(error.kind.exit_code(), 64);
        let text = error.text(Paint::OFF);
        assert!(
            text.contains("unknown key `profil`") && text.contains("did you mean `profile`?") && text.contains("--> runner.toml:3:1"),
            "{text}"
        );
        assert!(text.contains("3 | profil = \"ana\"\n  | ^"), "{text}");
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, message, line) in [
            ("[targets.a]\nkind = \"aws\"\nseed = 1", "`seed` is a setting of sandbox targets", 1),
            ("[targets.a]\nkind = \"sandbox\"\nprofile = \"x\"", "`profile` is a setting of aws targets", 1),
            ("[targets.a]\nkind = \"aws\"\nsettle_seconds = 0", "`settle_seconds` is for emulators", 1),
            ("[targets.a]\nkind = \"aws\"\nrole_lag_seconds = 901", "`role_lag_seconds` cannot be `901`", 1),
            ("[targets.a]\nkind = \"aws\"\nnew_account_minutes = 0", "`new_account_minutes` cannot be `0`", 1),
            ("[targets.a]\nkind = \"sandbox\"\nnew_account_minutes = 5", "`new_account_minutes` is a setting of aws targets", 1),
            ("[targets.a]\nkind = \"aws\"\naccount_id = \"12\"", "`12` is not an account id", 1),
            ("[targets.a]\nkind = \"aws\"\n[targets.a.accounts.x]\naccount_id = \"zz\"", "`zz` is not an account id", 1),
            ("[targets.a]\nkind = \"cloud\"", "unknown variant `cloud`", 2),
            ("[targets.\"a/b\"]\nkind = \"aws\"", "`a/b` cannot name a target", 1),
            ("\ndefault_target = \"prd\"\n[targets.prod]\nkind = \"aws\"", "unknown target `prd`", 2),
            ("a = ", "", 1),
        ] {
            let error = Config::parse("runner.toml", text).unwrap_err();
            assert!(error.message.contains(message), "{text}: {}", error.message);
            assert_eq!(error.place.as_ref().map(|place| place.line), Some(line), "{text}");
            assert!(!error.hints.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_misspelt_name_is_corrected() {
        let config = Config::parse("runner.toml", FULL).unwrap();
        assert_eq!(config.target(Some("prd")).unwrap_err().hints[0], "did you mean `prod`?");
        assert_eq!(config.environment(Some("zzz")).unwrap_err().hints[0], "known: stage");
    }
}
