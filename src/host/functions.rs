//! The functions a playbook has beside the primitives.

use super::object::Object;
use super::run::Run;
use super::{branch, confine, errors, limits, parallel, playbook, suggest, values};
use crate::aws::{Session, Terms};
use crate::error::Error;
use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, Map, NativeCallContext};
use serde_json::{Value, json};
use std::sync::Arc;

type Fallible = Result<Dynamic, Box<EvalAltResult>>;

/// A host function as it is documented.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) signature: &'static str,
    /// Markdown, with an example that the tests play.
    pub(super) doc: &'static str,
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "param",
        signature: "param(name, #{kind, help, value, one_of})",
        doc: "Declares a parameter and gives its value. `kind` is `string` (the default), `email`, `bool`, `int`, `list` or `map`; `value` \
              is used when the user gives none, without it the parameter must be given. The name and the map are written out, so that \
              they can be listed without running anything.\n\n```rhai\nlet mail = param(\"mail\", #{ kind: \"email\", help: \"root mailbox\", value: \"root@example.com\" });\n```",
    },
    Function {
        name: "output",
        signature: "output(name, value)",
        doc: "A result of the run: shown at its end and kept in the journal.\n\n```rhai\noutput(\"greeting\", `hello`);\n```",
    },
    Function {
        name: "log",
        signature: "log(text)",
        doc: "A line for people; `print` does the same.\n\n```rhai\nlog(\"accounts are ready\");\n```",
    },
    Function {
        name: "fail",
        signature: "fail(text)",
        doc: "Ends the run with this message, unless it is caught.\n\n```rhai\nif 1 + 1 != 2 { fail(\"arithmetic is broken\"); }\n```",
    },
    Function {
        name: "file",
        signature: "file(path)",
        doc: "The text of a file below the playbook's folder; symbolic links are refused.\n\n```rhai\nlet document = parse_json(file(\"policies/app.json\"));\n```",
    },
    Function {
        name: "parse_json",
        signature: "parse_json(text)",
        doc: "JSON as maps, arrays and plain values.\n\n```rhai\nlet document = parse_json(`{\"Version\": \"2012-10-17\"}`);\n```",
    },
    Function {
        name: "scope",
        signature: "scope(label, || …)",
        doc: "Groups the steps made inside under a label, for progress and recap. Gives what the closure gives, or `()` where \
              `runner resume --without LABEL` leaves it out.\n\n```rhai\nscope(\"people\", || log(\"users come here\"));\n```",
    },
    Function {
        name: "parallel",
        signature: "parallel(items, |item| …, #{tolerate})",
        doc: "Runs the closure for every item, side by side. An array gives an array in the same order, a map a map with the same keys. \
              Each branch is named by its item (a string, or its `key`, `name` or `id`), no two alike. Captured variables are copies: \
              return results instead of writing to them. All branches finish before the first failure is raised; up to `tolerate` \
              failed branches give `()` instead. A branch that `runner resume --without LABEL` leaves out is in the result as little as \
              if its item had not been in the list.\n\n```rhai\nlet lengths = parallel([\"dev\", \"prod\"], |name| name.len());\n```",
    },
    Function {
        name: "environment",
        signature: "environment()",
        doc: "The environment of the run as a map: its `name` and what `runner.toml` says of it.\n\n```rhai\nlet here = environment();\n```",
    },
    Function {
        name: "caller",
        signature: "caller()",
        doc: "Who the target's own credentials belong to: `account`, `arn`, `user_id`, `name`, `partition`.\n\n```rhai\nlog(`working as ${caller().arn}`);\n```",
    },
    Function {
        name: "organization",
        signature: "organization()",
        doc: "The organisation's management account, to call on.\n\n```rhai\nlet org = organization();\n```",
    },
    Function {
        name: "management",
        signature: "management()",
        doc: "The same as `organization()`, for playbooks without an organisation.\n\n```rhai\nlog(management().id);\n```",
    },
    Function {
        name: "account",
        signature: "account(id_or_name, #{role})",
        doc: "An account of the organisation or of the target, to call on; it is entered through its access role, or through `role`.\n\n```rhai\nlet org = organization();\norg.create_organization();\norg.create_account(\"dev\", #{ email: \"root+dev@example.com\" });\nlet dev = account(\"dev\");\n```",
    },
    Function {
        name: "assume",
        signature: "assume(account_or_role, #{role, external_id, duration, session_name, mfa, tags})",
        doc: "A session with other terms: the role of an ARN (or of an object), or a role of an account.\n\n```rhai\nlet org = organization();\norg.create_organization();\nlet dev = org.create_account(\"dev\", #{ email: \"root+dev@example.com\" });\nlet short = assume(dev, #{ role: \"OrganizationAccountAccessRole\", duration: 900 });\nshort.create_group(\"auditors\");\n```",
    },
];

pub(super) fn register(engine: &mut Engine, run: &Arc<Run>) {
    register_run(engine, run);
    register_sessions(engine, run);
    engine.register_fn("parse_json", |context: NativeCallContext, text: ImmutableString| -> Fallible {
        serde_json::from_str::<Value>(&text).map(|value| values::from_json(&value)).map_err(|error| {
            let mut fields = Map::new();
            fields.insert("code".into(), "json".into());
            fields.insert("message".into(), format!("this is not JSON: {error}").into());
            errors::catchable(fields, context.call_position())
        })
    });
    engine.register_fn("fail", |context: NativeCallContext, text: ImmutableString| -> Fallible {
        let mut fields = Map::new();
        fields.insert("code".into(), "failed".into());
        fields.insert("message".into(), text.into());
        Err(errors::catchable(fields, context.call_position()))
    });
}

fn register_run(engine: &mut Engine, run: &Arc<Run>) {
    for arguments in 1..=2 {
        let with = Arc::clone(run);
        engine.register_raw_fn("param", vec![std::any::TypeId::of::<Dynamic>(); arguments], move |context, arguments| {
            let name = arguments[0].clone().into_string().unwrap_or_default();
            param(&with, &context, &name)
        });
    }
    let with = Arc::clone(run);
    engine.register_fn("output", move |context: NativeCallContext, name: ImmutableString, value: Dynamic| -> Fallible {
        let value = values::to_json(&value).map_err(|problem| {
            let error = Error::failed("wrong-arguments", format!("output `{name}`: {}", problem.message()));
            with.refuse(error.hint("give texts, numbers, arrays, maps or objects of AWS"), &context)
        })?;
        limits::outside(|| with.engine.output(&name, &value).map_err(Box::new)).map_err(|error| with.refuse(error.to_error(), &context))?;
        Ok(Dynamic::UNIT)
    });
    let with = Arc::clone(run);
    engine.register_fn("log", move |context: NativeCallContext, mut text: Dynamic| -> Fallible {
        let text = text_of(&context, &mut text)?;
        limits::outside(|| with.engine.log(&text, &branch::scope()).map_err(Box::new))
            .map_err(|error| with.refuse(error.to_error(), &context))?;
        Ok(Dynamic::UNIT)
    });
    let with = Arc::clone(run);
    engine.on_print(move |text| with.print(text));
    let with = Arc::clone(run);
    engine.on_debug(move |text, _, _| with.print(text));
    let with = Arc::clone(run);
    engine.register_fn("file", move |context: NativeCallContext, path: ImmutableString| -> Fallible {
        let text = confine::below(with.playbook.folder(), &path).and_then(|found| playbook::read(&found));
        text.map(Dynamic::from).map_err(|problem| {
            let error = Error::failed("file-refused", format!("cannot read `{}`: {problem}", path.escape_debug()));
            with.refuse(error.hint("give a path below the playbook's folder, like `policies/app.json`"), &context)
        })
    });
    let with = Arc::clone(run);
    engine.register_fn("scope", move |context: NativeCallContext, label: ImmutableString, work: FnPtr| -> Fallible {
        parallel::scope(&with, &context, &label, &work)
    });
    let with = Arc::clone(run);
    engine.register_fn("environment", move || values::from_json(&Value::Object(with.environment.clone())));
}

fn register_sessions(engine: &mut Engine, run: &Arc<Run>) {
    let with = Arc::clone(run);
    engine.register_fn("caller", move |context: NativeCallContext| -> Fallible {
        let caller = with.wait(with.cloud.caller(), &context)?;
        let fields = json!({
            "account": caller.account, "arn": caller.arn, "user_id": caller.user_id, "name": caller.name, "partition": caller.partition,
        });
        Ok(values::from_json(&fields))
    });
    for name in ["organization", "management"] {
        let with = Arc::clone(run);
        engine
            .register_fn(name, move |context: NativeCallContext| -> Fallible { with.wait(with.cloud.management(), &context).map(handle) });
    }
    for name in ["account", "assume"] {
        let with = Arc::clone(run);
        engine.register_fn(name, move |context: NativeCallContext, target: Dynamic| enter(&with, &context, name, &target, &Map::new()));
        let with = Arc::clone(run);
        engine.register_fn(name, move |context: NativeCallContext, target: Dynamic, terms: Map| {
            enter(&with, &context, name, &target, &terms)
        });
    }
}

fn param(run: &Run, context: &NativeCallContext, name: &str) -> Fallible {
    if let Some(value) = run.parameters.get(name) {
        return Ok(values::from_json(value));
    }
    let error = Error::failed("unknown-parameter", format!("parameter `{name}` is not declared by the playbook itself"));
    let error = match suggest::nearest(name, run.parameters.keys().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("write its name out in the playbook: `param(\"name\", #{ … })`"),
    };
    Err(run.refuse(error, context))
}

/// A session as a script sees it: the account it works in, and nothing of its credentials.
fn handle(session: Session) -> Dynamic {
    let account = session.account();
    let fields = json!({ "kind": "account", "id": account.id, "name": account.name, "partition": session.partition() });
    match fields {
        Value::Object(fields) => Dynamic::from(Object::with_session(fields, session)),
        _ => Dynamic::UNIT,
    }
}

/// `account` and `assume`: the target is an id, a name, an ARN, or an object that has one.
fn enter(run: &Run, context: &NativeCallContext, function: &str, target: &Dynamic, terms: &Map) -> Fallible {
    let wrong = |message: String| {
        let usage = super::vocabulary::usage(function).unwrap_or_default();
        run.refuse(Error::failed("wrong-arguments", format!("`{function}`: {message}")).hint(format!("write {usage}")), context)
    };
    let allowed: &[&str] =
        if function == "account" { &["role"] } else { &["role", "external_id", "duration", "session_name", "mfa", "tags"] };
    if let Some(unknown) = terms.keys().find(|name| !allowed.contains(&name.as_str())) {
        return Err(wrong(format!("there is no option `{unknown}`")));
    }
    let terms = values::to_json(&Dynamic::from(terms.clone())).map_err(|problem| wrong(problem.message()))?;
    let mut terms: Terms = serde_json::from_value(terms).map_err(|error| wrong(error.to_string()))?;
    let target = if let Some(object) = target.read_lock::<Object>() {
        if object.kind() == "account" && terms.role.is_none() {
            terms.role = object.text("access_role").map(str::to_owned);
        }
        let named = if function == "account" {
            object.text("id")
        } else {
            object.text("arn").filter(|_| object.kind() == "role").or(object.text("id"))
        };
        named.map(str::to_owned)
    } else {
        target.clone().into_string().ok()
    };
    let target = target.ok_or_else(|| wrong("the account is given as a string (its id or name) or as an object".to_owned()))?;
    let session = if function == "account" {
        run.wait(run.cloud.account(&target, terms.role.as_deref()), context)?
    } else {
        run.wait(run.cloud.assume(&target, terms), context)?
    };
    Ok(handle(session))
}

/// What a value looks like as text, as string interpolation shows it.
fn text_of(context: &NativeCallContext, value: &mut Dynamic) -> Result<String, Box<EvalAltResult>> {
    if let Ok(text) = value.clone().into_string() {
        return Ok(text);
    }
    let text: Dynamic = context.call_native_fn("to_string", (value.clone(),))?;
    Ok(text.to_string())
}
