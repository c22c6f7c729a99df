//! A playbook that stopped in its middle, edited in forty ways and resumed: each end is that of a fresh play of the edited text, or refused by name.

use super::*;
use crate::estate::canonical;
use crate::event::{Event, Status, Survey};
use crate::host::Playbook;
use crate::project::{Project, Target};
use crate::sandbox::faults::{Kind, Rule};
use crate::step;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

/// What a user can edit: the playbook, a module of it, and the parameters given.
const SOURCES: [&str; 3] = [
    r#"import "lib/work" as lib;
let mail = param("mail", #{ kind: "string" });
let org = organization();
org.create_organization();
let workloads = org.create_organizational_unit("Workloads");
let spare = org.create_organizational_unit("Spare");
let dev = org.create_account("dev", #{ email: `${mail}+dev@example.com`, ou: workloads, tags: #{ team: "a" } });
dev.create_role("deploy", #{ trust: lib::trust(dev), description: "deploys", managed: [lib::aws("ReadOnlyAccess")], inline: #{ list: lib::allow("iam:ListUsers") } });
dev.create_group("staff", #{ id: "first" });
scope("people", || {
    dev.create_user("ana", #{ groups: ["staff"] });
});
parallel(["red", "green", "blue"], |name| {
    dev.create_group(name);
});
let stage = org.create_account("stage", #{ email: `${mail}+stage@example.com`, ou: workloads });
stage.create_role("deploy", #{ trust: lib::trust(dev) });
let prod = org.create_account("prod", #{ email: `${mail}+prod@example.com` });
prod.create_role("deploy", #{ trust: lib::trust(dev), managed: [lib::aws("ReadOnlyAccess")] });
prod.create_group("guests");
output("prod", prod.id);
"#,
    r#"fn trust(account) {
    #{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Principal: #{ AWS: `arn:aws:iam::${account.id}:root` }, Action: "sts:AssumeRole" }] }
}
fn aws(name) { `arn:aws:iam::aws:policy/${name}` }
fn allow(action) {
    #{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Action: action, Resource: "*" }] }
}
"#,
    r#"{"mail": "aws"}"#,
];

/// What comes of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The estate of a fresh play; of the steps, so many are changed, new, and no longer reached.
    Safe(usize, usize, usize),
    /// By this code.
    Refused(&'static str),
}

use End::{Refused, Safe};

/// What is edited: each text stands once in one of the sources, and is replaced there.
type Edit = (&'static str, &'static [(&'static str, &'static str)], End);

const ROLE: &str = r#"dev.create_role("deploy", #{ trust: lib::trust(dev), description: "deploys", managed: [lib::aws("ReadOnlyAccess")], inline: #{ list: lib::allow("iam:ListUsers") } });
"#;
const USER: &str = "    dev.create_user(\"ana\", #{ groups: [\"staff\"] });\n";
const STAGE: &str = "let stage = org.create_account(\"stage\", #{ email: `${mail}+stage@example.com`, ou: workloads });\n";
const STAGE_ROLE: &str = "stage.create_role(\"deploy\", #{ trust: lib::trust(dev) });\n";
const PROD: &str = "let prod = org.create_account(\"prod\", #{ email: `${mail}+prod@example.com` });\n";
const GUESTS: &str = "prod.create_group(\"guests\");\n";
const PARALLEL: &str = "parallel([\"red\", \"green\", \"blue\"]";

/// Of the steps, five stand behind the stop and are new in every resume.
const EDITS: [Edit; 40] = [
    ("nothing", &[], Safe(0, 5, 0)),
    (
        "comments and white space",
        &[(
            ROLE,
            "// the role\n\n\ndev.create_role(\n  \"deploy\", #{ trust: lib::trust(dev), managed: [lib::aws(\"ReadOnlyAccess\")], inline: #{ list: lib::allow(\"iam:ListUsers\") }, description: \"deploys\" });\n",
        )],
        Safe(0, 5, 0),
    ),
    (
        "a step inserted before the stop",
        &[(
            ROLE,
            "dev.create_group(\"early\");\ndev.create_role(\"deploy\", #{ trust: lib::trust(dev), description: \"deploys\", managed: [lib::aws(\"ReadOnlyAccess\")], inline: #{ list: lib::allow(\"iam:ListUsers\") } });\n",
        )],
        Safe(0, 6, 0),
    ),
    ("a step inserted at the stop", &[("let stage =", "dev.create_group(\"late\");\nlet stage =")], Safe(0, 6, 0)),
    ("a step inserted behind it", &[(GUESTS, "prod.create_group(\"guests\");\nprod.create_group(\"more\");\n")], Safe(0, 6, 0)),
    ("a step deleted before the stop", &[(USER, "")], Safe(0, 5, 2)),
    ("a step with its parts deleted", &[(ROLE, "")], Safe(0, 5, 3)),
    ("the step of the stop deleted", &[(STAGE, ""), (STAGE_ROLE, "")], Safe(0, 4, 0)),
    ("a step behind it deleted", &[(GUESTS, "")], Safe(0, 4, 0)),
    (
        "a step before the stop moved behind it",
        &[
            (ROLE, ""),
            (
                GUESTS,
                "prod.create_group(\"guests\");\ndev.create_role(\"deploy\", #{ trust: lib::trust(dev), description: \"deploys\", managed: [lib::aws(\"ReadOnlyAccess\")], inline: #{ list: lib::allow(\"iam:ListUsers\") } });\n",
            ),
        ],
        Safe(0, 5, 0),
    ),
    (
        "the step of the stop moved to the front",
        &[
            (STAGE, ""),
            (
                "let spare =",
                "let stage = org.create_account(\"stage\", #{ email: `${mail}+stage@example.com`, ou: workloads });\nlet spare =",
            ),
        ],
        Safe(0, 5, 0),
    ),
    (
        "a step behind the stop moved before it",
        &[(PROD, ""), ("let stage =", "let prod = org.create_account(\"prod\", #{ email: `${mail}+prod@example.com` });\nlet stage =")],
        Safe(0, 5, 0),
    ),
    ("a group renamed that is done", &[(PARALLEL, "parallel([\"red\", \"green\", \"violet\"]")], Safe(0, 6, 1)),
    ("a group behind the stop renamed", &[(GUESTS, "prod.create_group(\"visitors\");\n")], Safe(0, 5, 0)),
    ("a description changed", &[("\"deploys\"", "\"deploys everything\"")], Safe(1, 5, 0)),
    ("a trust policy changed", &[("lib::trust(dev), description", "lib::trust(#{ id: caller().account }), description")], Safe(1, 5, 0)),
    ("a managed policy exchanged", &[("[lib::aws(\"ReadOnlyAccess\")], inline", "[lib::aws(\"SecurityAudit\")], inline")], Safe(0, 6, 1)),
    ("an inline policy changed", &[("iam:ListUsers", "iam:ListRoles")], Safe(1, 5, 0)),
    ("an inline policy renamed", &[("#{ list:", "#{ show:")], Safe(0, 6, 1)),
    (
        "arguments changed behind the stop",
        &[(STAGE_ROLE, "stage.create_role(\"deploy\", #{ trust: lib::trust(dev), description: \"new\" });\n")],
        Safe(0, 5, 0),
    ),
    ("a parameter changed that a created account has", &[(r#""aws""#, r#""cloud""#)], Refused("created-before")),
    ("a parameter changed that only the rest has", &[(r#""aws""#, r#""cloud""#), ("`${mail}+dev@", "`aws+dev@")], Safe(1, 5, 0)),
    (
        "a function of a module renamed and moved",
        &[
            (
                "fn allow(action) {\n    #{ Version: \"2012-10-17\", Statement: [#{ Effect: \"Allow\", Action: action, Resource: \"*\" }] }\n}\n",
                "",
            ),
            (
                "fn trust(",
                "fn may(action) {\n    #{ Version: \"2012-10-17\", Statement: [#{ Effect: \"Allow\", Action: action, Resource: \"*\" }] }\n}\nfn trust(",
            ),
            ("lib::allow", "lib::may"),
        ],
        Safe(0, 5, 0),
    ),
    ("a function of a module changed", &[("Resource: \"*\" }", "Resource: \"*\", Sid: \"All\" }")], Safe(1, 5, 0)),
    ("a created account renamed", &[("account(\"dev\"", "account(\"development\"")], Refused("account-name-differs")),
    ("the failed account renamed", &[("account(\"stage\"", "account(\"staging\"")], Safe(0, 6, 0)),
    ("an account behind the stop renamed", &[("account(\"prod\"", "account(\"production\"")], Safe(0, 5, 0)),
    ("the address of a created account changed", &[("+dev@", "+development@")], Refused("created-before")),
    ("the address of the failed account corrected", &[("+stage@", "+staging@")], Safe(1, 5, 0)),
    ("the address of an account behind the stop changed", &[("+prod@", "+production@")], Safe(0, 5, 0)),
    ("the address of a created account given to another", &[("+prod@", "+dev@")], Refused("account-name-differs")),
    ("a parallel list extended", &[(PARALLEL, "parallel([\"red\", \"green\", \"blue\", \"violet\"]")], Safe(0, 6, 0)),
    ("a parallel list reordered", &[(PARALLEL, "parallel([\"blue\", \"red\", \"green\"]")], Safe(0, 5, 0)),
    ("a parallel list shortened", &[(PARALLEL, "parallel([\"green\"]")], Safe(0, 5, 2)),
    ("a scope renamed", &[("scope(\"people\"", "scope(\"persons\"")], Safe(0, 5, 0)),
    (
        "an id added and another removed",
        &[("#{ id: \"first\" }", "#{}"), ("dev.create_group(name)", "dev.create_group(name, #{ id: \"colour\" })")],
        Safe(0, 9, 4),
    ),
    ("the unit of a created account changed", &[("dev@example.com`, ou: workloads", "dev@example.com`, ou: spare")], Safe(1, 5, 0)),
    ("the unit of the failed account changed", &[("stage@example.com`, ou: workloads", "stage@example.com`, ou: spare")], Safe(1, 5, 0)),
    ("steps moved into another account", &[("dev.create_group(name)", "org.create_group(name)")], Safe(0, 8, 3)),
    (
        "one step asked for twice, with other arguments",
        &[(GUESTS, "prod.create_group(\"guests\");\nprod.create_group(\"guests\", #{ path: \"/x/\" });\n")],
        Refused("step-conflict"),
    ),
];

/// Nobody is there to be asked; what is taken away is confirmed.
struct Nobody;

impl Ask for Nobody {
    fn confirm(&self, _: &str) -> bool {
        true
    }

    fn decide(&self, _: &str) -> bool {
        false
    }
}

/// One AWS and one journal, and a process on them after the other.
struct Machine {
    world: Sandbox,
    journal: Journal,
    now: jiff::Timestamp,
}

struct Played {
    error: Option<Error>,
    survey: Option<Survey>,
    /// The steps as they ended: status and label, and their codes.
    ends: Vec<(Status, String)>,
    codes: BTreeSet<String>,
    unreached: Vec<String>,
}

fn edited(edits: &[(&str, &str)]) -> [String; 3] {
    let mut sources = SOURCES.map(str::to_owned);
    for (from, to) in edits {
        let source = sources.iter_mut().find(|source| source.matches(from).count() == 1).unwrap_or_else(|| panic!("once: {from}"));
        *source = source.replace(from, to);
    }
    sources
}

fn work([text, module, params]: &[String; 3], time: &Time) -> Work {
    let folder = tempfile::tempdir().unwrap();
    let modules = BTreeMap::from([("lib/work.rhai".to_owned(), module.clone())]);
    Work {
        project: Project::find(folder.path()).unwrap(),
        target: Target::sandbox(),
        environment: None,
        playbook: Arc::new(
            Playbook::from_stored("p.rhai", text.clone(), modules, Path::new(".")).unwrap_or_else(|error| panic!("{error:?}")),
        ),
        playbook_name: "p.rhai".to_owned(),
        params: serde_json::from_str::<Map<String, Value>>(params).unwrap(),
        max_parallel: 4,
        time: time.clone(),
        token_code: Arc::new(|_, _| None),
    }
}

impl Machine {
    /// The playbook has been played, and has stopped at its second account.
    fn stopped() -> Machine {
        let reason = "INVALID_ADDRESS".to_owned();
        let fault = Rule { operation: "CreateAccount".to_owned(), nth: Some(2), kind: Kind::CreateAccountFailure { reason } };
        let settings = Settings { faults: vec![fault], ..Settings::default() };
        let world = Sandbox::open(settings, None).unwrap();
        let mut machine = Machine { world, journal: Journal::in_memory("test").unwrap(), now: Time::simulated(0).now() };
        let played = machine.process(&edited(&[]), false);
        let failed: Vec<_> = played.ends.iter().filter(|(status, _)| matches!(status, Status::Failed | Status::Paused)).collect();
        assert!(played.error.is_some() && failed.len() == 1 && failed[0].1 == "create_account stage", "{:?}", played.ends);
        machine
    }

    /// As `wiring::run` does it, all in memory.
    fn process(&mut self, sources: &[String; 3], fresh: bool) -> Played {
        let time = Time::simulated_from(7, self.now);
        let work = work(sources, &time);
        let (answering, clock) = (self.world.clone(), time.clone());
        let http = smithy::in_process(Arc::new(move |request| Box::pin(std::future::ready(answering.handle(request, clock.now())))));
        let cloud = Cloud::new(sandbox_config(&self.world, &work.target, http, &time).unwrap());
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let seen = Arc::clone(&events);
        let ports = Ports {
            time: time.clone(),
            journal: self.journal.clone(),
            sink: Arc::new(move |event| seen.lock().unwrap().push(event.clone())),
            ask: Arc::new(Nobody),
            catalog: Arc::new(list::Catalog::new(cloud.clone())),
            ready: Arc::new(|_| Ok(())),
            lease: None,
            resume: Arc::new(|_, _| None),
        };
        let start = run_start(&work, &self.world.management_account());
        let unfinished = self.journal.runs().unwrap().pop().filter(|run| !fresh && !run.status.is_over());
        let (engine, survey) = match unfinished {
            None => (Engine::play(ports, start, true).unwrap(), None),
            Some(run) => {
                let view = Engine::may_resume(&self.journal, &run.id, &start).unwrap();
                let copy = self.world.apart(at_once(Settings::default()));
                let before = canonical(&self.world.estate());
                let wanted = played(&work, &copy, &Time::simulated_from(1, time.now()), &run.id, &view).unwrap();
                assert_eq!(canonical(&self.world.estate()), before, "a survey changes nothing");
                let survey = step::survey(&run.id, &view, &wanted).unwrap();
                (Engine::resume(ports, &run.id, start, Answers::new()).unwrap(), Some(survey))
            }
        };
        cloud.begin(engine.run());
        let error = host::play(&work.playbook, deps(&work, engine.clone(), cloud)).err();
        engine.finish(error.as_ref().map(|error| error.kind)).unwrap();
        self.now = time.now() + jiff::SignedDuration::from_secs(60);
        let events = std::mem::take(&mut *events.lock().unwrap());
        ended(error, survey, events)
    }
}

fn ended(error: Option<Error>, survey: Option<Survey>, events: Vec<Event>) -> Played {
    let codes = error.iter().map(|error| error.code.to_string()).collect();
    let mut played = Played { error, survey, ends: Vec::new(), codes, unreached: Vec::new() };
    for event in events {
        match event {
            Event::StepFinished { label, status, error, .. } => {
                played.codes.extend(error.map(|error| error.code));
                played.ends.push((status, label));
            }
            Event::NoLongerReached { keys } => played.unreached.extend(keys),
            _ => {}
        }
    }
    played
}

/// That the survey told what came: nothing was skipped unsaid.
fn foretold(what: &str, played: &Played, (changed, new, gone): (usize, usize, usize)) {
    let survey = played.survey.as_ref().unwrap();
    assert_eq!(survey.ended_by, None, "{what}");
    assert_eq!((survey.changed.len(), survey.new.len(), survey.no_longer_reached.len()), (changed, new, gone), "{what}: {survey:?}");
    let replayed = played.ends.iter().filter(|(status, _)| *status == Status::Replayed).count();
    assert_eq!(replayed, survey.replayed, "{what}: {:?}", played.ends);
    let told: BTreeSet<&String> = [&survey.changed, &survey.new, &survey.again].into_iter().flatten().map(|step| &step.label).collect();
    let worked: BTreeSet<&String> = played.ends.iter().filter(|(status, _)| *status != Status::Replayed).map(|(_, label)| label).collect();
    assert_eq!(worked, told, "{what}");
    let gone: Vec<&String> = survey.no_longer_reached.iter().map(|step| &step.key).collect();
    assert_eq!(gone, played.unreached.iter().collect::<Vec<_>>(), "{what}");
}

#[test]
fn proof_of_edits_around_the_stop() {
    let (mut safe, mut refused) = (0, 0);
    for (what, edits, wanted) in EDITS {
        let sources = edited(edits);
        let (mut resumed, mut fresh) = (Machine::stopped(), Machine::stopped());
        let played = resumed.process(&sources, false);
        // Where the earlier part was made, as if nothing of it had been written down.
        fresh.process(&sources, true);
        assert_eq!(canonical(&resumed.world.estate()), canonical(&fresh.world.estate()), "{what}: the end is not that of a fresh play");
        match wanted {
            Safe(changed, new, gone) => {
                assert!(played.error.is_none(), "{what}: {:?}", played.error);
                foretold(what, &played, (changed, new, gone));
                // Whatever was skipped would be made now.
                let again = resumed.process(&sources, true);
                let left: Vec<_> = again.ends.iter().filter(|(status, _)| *status != Status::Ok).collect();
                assert!(again.error.is_none() && left.is_empty(), "{what}: {left:?} {:?}", again.error);
                safe += 1;
            }
            Refused(code) => {
                assert!(played.error.is_some() && played.codes.contains(code), "{what}: {:?} {:?}", played.codes, played.ends);
                refused += 1;
            }
        }
    }
    println!("proof: {} edits, {safe} safe, {refused} refused by name, 0 silent skips", EDITS.len());
}
