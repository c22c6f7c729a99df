//! That a rehearsal sees what goes wrong: what it holds a run against is falsified.

use super::*;
use crate::host::Playbook;
use crate::project::{Project, Target};
use crate::sandbox::faults::{Kind, Rule};
use serde_json::{Map, json};
use std::path::Path;

const PLAYBOOK: &str = r#"
let org = organization();
org.create_organization();
let dev = org.create_account("dev", #{ email: "aws+dev@example.com" });
dev.create_group("staff");
"#;

fn rehearsal(faults: &[Fault]) -> Rehearsal {
    rehearsal_of(PLAYBOOK, faults)
}

fn rehearsal_of(playbook: &str, faults: &[Fault]) -> Rehearsal {
    let folder = tempfile::tempdir().unwrap();
    let playbook = Playbook::from_text("p.rhai", playbook.to_owned(), Path::new(".")).unwrap();
    let work = Work {
        project: Project::find(folder.path()).unwrap(),
        target: Target::sandbox(),
        environment: None,
        playbook: Arc::new(playbook),
        playbook_name: "p.rhai".to_owned(),
        params: Map::new(),
        max_parallel: 4,
        time: Time::simulated(0),
        token_code: Arc::new(|_, _| None),
    };
    Rehearsal::new(work, faults.iter().copied().collect()).unwrap()
}

fn play(rehearsal: &Rehearsal, seed: u64) -> Played {
    rehearsal.play(seed, Arc::new(|_| {})).unwrap()
}

#[test]
fn another_end_and_accounts_too_many_are_violations() {
    let mut rehearsal = rehearsal(&Fault::ALL);
    assert_eq!(play(&rehearsal, 1).violations, []);
    rehearsal.undisturbed.estate["accounts"]["1"] = json!({"name": "gone"});
    rehearsal.undisturbed.accounts = 0;
    let played = play(&rehearsal, 1);
    let differences = vec![r#"accounts.1: {"name":"gone"} -> (none)"#.to_owned()];
    assert_eq!(played.violations, [Violation::OtherEnd { differences }, Violation::Accounts { made: 1, wanted: 0 }]);
}

#[test]
fn the_same_seed_is_the_same_journal_and_each_dies_elsewhere() {
    let rehearsal = rehearsal(&[Fault::Crash, Fault::LostReply]);
    let journals: Vec<_> = (0..10).map(|seed| play(&rehearsal, seed)).map(|played| (played.journal, played.crashes)).collect();
    assert_eq!((0..10).map(|seed| play(&rehearsal, seed)).map(|played| (played.journal, played.crashes)).collect::<Vec<_>>(), journals);
    let different: BTreeSet<_> = journals.iter().map(|(journal, _)| journal).collect();
    assert_eq!(different.len(), 10);
    assert!(journals.iter().filter(|(_, crashes)| *crashes > 0).count() > 5);
}

#[test]
fn a_run_that_is_never_done_is_a_violation() {
    let mut rehearsal = rehearsal(&[]);
    // Of what it wants there is too much for the world it now gets.
    rehearsal.settings.account_quota = 1;
    let played = play(&rehearsal, 1);
    assert_eq!((played.failed + played.paused, played.crashes), (PROCESSES, 0));
    assert!(
        matches!(&played.violations[0], Violation::Unfinished { processes: PROCESSES, last } if last.contains("dev")),
        "{:?}",
        played.violations
    );
}

#[test]
fn new_principals_that_lag_are_waited_for() {
    let text = r#"
let s = management();
let ana = s.create_user("ana");
s.create_role("r", #{ trust: #{ Version: "2012-10-17", Statement: [#{ Effect: "Allow", Principal: #{ AWS: ana.arn }, Action: "sts:AssumeRole" }] } });
"#;
    let rehearsal = rehearsal_of(text, &[Fault::Lag]);
    let played: Vec<Played> = (0..20).map(|seed| play(&rehearsal, seed)).collect();
    assert!(played.iter().any(|played| played.faults.get("lag").is_some_and(|met| *met > 0)), "no principal lagged");
    for played in played {
        assert_eq!((played.failed, played.paused, &played.violations[..]), (0, 0, &[][..]), "{played:?}");
    }
}

#[test]
fn a_question_is_a_violation_though_a_resume_gets_on() {
    let mut rehearsal = rehearsal(&[]);
    let denied = Kind::Error { code: "AccessDeniedException".into(), message: "No.".into(), status: 400 };
    rehearsal.settings.faults = vec![
        Rule { operation: "CreateAccount".into(), nth: Some(1), kind: Kind::LostReply },
        Rule { operation: "ListCreateAccountStatus".into(), nth: Some(1), kind: denied },
    ];
    let played = play(&rehearsal, 1);
    assert!(
        matches!(&played.violations[..], [Violation::Question { question }] if question.contains("CreateAccount of `create_account dev`")),
        "{played:?}"
    );
    assert_eq!((played.questions, played.accounts), (1, 1));
}
