//! Who gets the lease, and who gets it back, over the real SDK and a sandbox in simulated time.

use super::*;
use crate::aws::{CloudConfig, smithy};
use crate::sandbox::faults::{Kind as Fault, Rule};
use crate::sandbox::{Sandbox, Settings};
use crate::step::schedule::{Branch, Slots, parallel};
use crate::wiring::target::keys;
use std::sync::{Arc, Mutex as Locked};
use std::time::Duration;

struct Scene {
    sandbox: Sandbox,
    time: Time,
    /// The actions that AWS was asked for, in order, and how that went.
    calls: Arc<Locked<Vec<String>>>,
    folder: tempfile::TempDir,
}

impl Scene {
    fn new(faults: Vec<Rule>) -> Scene {
        Scene::seeded(faults, 1)
    }

    fn seeded(faults: Vec<Rule>, seed: u64) -> Scene {
        let sandbox = Sandbox::open(Settings { faults, ..Settings::default() }, None).unwrap();
        Scene { sandbox, time: Time::simulated(seed), calls: Arc::default(), folder: tempfile::tempdir().unwrap() }
    }

    /// A process of the project of that name.
    fn process(&self, project: &str) -> RunLease {
        let (aws, clock) = (self.sandbox.clone(), self.time.clone());
        let http = smithy::in_process(Arc::new(move |request| {
            let (aws, clock) = (aws.clone(), clock.clone());
            Box::pin(async move {
                clock.sleep(Duration::from_millis(clock.draw("latency") % 100)).await;
                aws.handle(request, clock.now())
            })
        }));
        let cloud = Cloud::new(CloudConfig::new(self.time.clone(), http, keys(self.sandbox.administrator())));
        let calls = Arc::clone(&self.calls);
        cloud.tell(Arc::new(move |call| {
            if let Some(name) = call.action.strip_prefix("iam:") {
                calls.lock().unwrap().push(format!("{name} {}", call.code));
            }
        }));
        cloud.begin(project);
        let record = Record { path: self.folder.path().join(project) };
        let (target, rollout) = ("live".into(), "live/p.rhai".into());
        RunLease { cloud, target, rollout, is_wanted: true, record, state: Mutex::new(State::NotYet) }
    }

    fn take(&self, lease: &RunLease) -> Result<(), Error> {
        self.time.block_on(lease.take()).unwrap().map_err(|error| error.to_error())
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// The ARNs of the leases in the world.
    fn leases(&self) -> Vec<String> {
        let estate = self.sandbox.estate();
        let policies = estate.accounts.values().flat_map(|account| &account.iam.policies);
        policies.filter(|(_, policy)| policy.is_lease()).map(|(arn, _)| arn.clone()).collect()
    }
}

fn rule(operation: &str, nth: u64, kind: Fault) -> Rule {
    Rule { operation: operation.into(), nth: Some(nth), kind }
}

fn always(operation: &str, kind: Fault) -> Rule {
    Rule { operation: operation.into(), nth: None, kind }
}

fn denied() -> Fault {
    Fault::Error { code: "AccessDenied".into(), message: "No.".into(), status: 403 }
}

#[test]
fn it_is_asked_for_once_and_given_back() {
    let scene = Scene::new(vec![]);
    let lease = scene.process("a");
    scene.take(&lease).unwrap();
    scene.take(&lease).unwrap();
    assert_eq!((scene.leases().len(), scene.calls()), (1, vec!["CreatePolicy ok".to_owned()]));
    assert!(lease.record.path.exists());
    assert_eq!(lease.give_back(&scene.time), None);
    assert_eq!((scene.leases().len(), scene.calls()), (0, vec!["DeletePolicy ok".to_owned()]));
    assert!(!lease.record.path.exists());
    // A run that changed nothing has nothing to give back.
    assert_eq!(scene.process("a").give_back(&scene.time), None);
    assert_eq!(scene.calls(), [""; 0]);
}

#[test]
fn another_one_is_refused_at_once_and_asks_no_more() {
    let scene = Scene::new(vec![]);
    scene.take(&scene.process("a")).unwrap();
    let held = scene.leases();
    scene.calls();
    let other = scene.process("b");
    let error = scene.take(&other).unwrap_err();
    assert_eq!((error.kind, &*error.code), (Kind::Locked, "lease-held"));
    assert!(
        error.message.contains("run `a` of `live/p.rhai`, by admin on ") && error.message.contains("since 2026-01-01T00:00:0"),
        "{error}"
    );
    assert!(error.hints[1].ends_with("runner unlock --target live"), "{:?}", error.hints);
    assert_eq!(scene.take(&other).unwrap_err(), error);
    assert_eq!(other.give_back(&scene.time), None);
    assert_eq!(scene.calls(), ["CreatePolicy EntityAlreadyExists", "ListPolicies ok", "GetPolicy ok"]);
    assert_eq!(scene.leases(), held);
}

#[test]
fn a_reply_that_is_lost_is_found_out_by_asking_again() {
    let refused = Fault::Error { code: "Throttling".into(), message: String::new(), status: 400 };
    for (operation, kind) in [
        ("CreatePolicy", Fault::LostReply),
        ("CreatePolicy", Fault::DropRequest),
        ("CreatePolicy", Fault::ErrorAfter { status: 500 }),
        ("CreatePolicy", Fault::Duplicate),
        ("CreatePolicy", Fault::Throttle),
        ("CreatePolicy", refused.clone()),
        ("DeletePolicy", Fault::LostReply),
        ("DeletePolicy", Fault::DropRequest),
        ("DeletePolicy", Fault::ErrorAfter { status: 503 }),
        ("DeletePolicy", Fault::Duplicate),
        ("DeletePolicy", Fault::Throttle),
    ] {
        let scene = Scene::new(vec![rule(operation, 1, kind.clone())]);
        let lease = scene.process("a");
        scene.take(&lease).unwrap_or_else(|error| panic!("{operation} {kind:?}: {error}"));
        assert_eq!(scene.leases().len(), 1, "{operation} {kind:?}");
        let warning = lease.give_back(&scene.time);
        // That a second delivery finds nothing cannot be told from somebody's having taken it away.
        assert_eq!(warning.is_some(), (operation, &kind) == ("DeletePolicy", &Fault::Duplicate), "{operation} {kind:?}: {warning:?}");
        assert_eq!(scene.leases(), [""; 0], "{operation} {kind:?}");
    }
}

#[test]
fn a_list_or_a_policy_that_is_not_there_yet_is_asked_for_again() {
    let missing = || Fault::Error { code: "NoSuchEntity".into(), message: String::new(), status: 404 };
    for faults in [
        vec![rule("CreatePolicy", 1, Fault::LostReply), rule("ListPolicies", 1, Fault::Stale(0))],
        vec![rule("CreatePolicy", 1, Fault::LostReply), rule("ListPolicies", 1, Fault::Throttle)],
    ] {
        let scene = Scene::new(faults);
        scene.take(&scene.process("a")).unwrap();
        assert_eq!(scene.leases().len(), 1);
    }
    let scene = Scene::new(vec![rule("GetPolicy", 1, missing()), rule("DeletePolicy", 1, missing())]);
    let lease = scene.process("a");
    scene.take(&lease).unwrap();
    assert_eq!(scene.take(&scene.process("b")).unwrap_err().kind, Kind::Locked);
    assert_eq!((lease.give_back(&scene.time), scene.leases().len()), (None, 0));
}

#[test]
fn its_own_project_takes_over_what_a_dead_process_left_and_tells_the_new_one() {
    let scene = Scene::new(vec![]);
    scene.take(&scene.process("a")).unwrap();
    let left = scene.leases();
    let resumed = scene.process("a");
    scene.take(&resumed).unwrap();
    let taken = scene.leases();
    assert!(taken.len() == 1 && taken != left, "{taken:?}");
    assert_eq!(scene.take(&scene.process("b")).unwrap_err().kind, Kind::Locked);
    // A run with nothing to change gives back what was left, too.
    assert_eq!(scene.process("a").give_back(&scene.time), None);
    assert_eq!(scene.leases(), [""; 0]);
    scene.take(&scene.process("b")).unwrap();
}

#[test]
fn a_copy_of_what_is_remembered_or_half_of_it_counts_for_nothing() {
    for half in [false, true] {
        let scene = Scene::new(vec![]);
        let holder = scene.process("a");
        scene.take(&holder).unwrap();
        let (held, text) = (scene.leases(), fs::read_to_string(&holder.record.path).unwrap());
        let copy = scene.process("copy");
        fs::write(&copy.record.path, if half { &text[..20] } else { &text }).unwrap();
        assert_eq!(scene.take(&copy).unwrap_err().kind, Kind::Locked);
        assert_eq!(copy.give_back(&scene.time), None);
        assert_eq!(scene.leases(), held);
    }
}

#[test]
fn a_lost_reply_and_a_list_that_is_late_do_not_lock_it_out_by_itself() {
    let missing = || Fault::Error { code: "NoSuchEntity".into(), message: String::new(), status: 404 };
    let lost = || rule("CreatePolicy", 1, Fault::LostReply);
    // Of a lease that is seen neither by its ARN nor by a list, five times.
    let unseen = (1..=5).flat_map(|nth| [rule("GetPolicy", nth, missing()), rule("ListPolicies", nth, Fault::Stale(0))]);
    for faults in [[lost()].into_iter().chain(unseen).collect(), vec![lost(), always("ListPolicies", denied())]] {
        let scene = Scene::new(faults);
        let lease = scene.process("a");
        scene.take(&lease).unwrap();
        assert_eq!((lease.give_back(&scene.time), scene.leases().len()), (None, 0));
    }
    // Nothing of it may be seen: it is not called another's, and given back all the same.
    let scene = Scene::new(vec![lost(), always("ListPolicies", denied()), always("GetPolicy", denied())]);
    let lease = scene.process("a");
    assert_eq!(scene.take(&lease).unwrap_err().code, "no-lease");
    assert_eq!((lease.give_back(&scene.time), scene.leases().len()), (None, 0));
}

#[test]
fn a_former_one_that_was_too_new_to_be_deleted_is_deleted_in_the_end() {
    let missing = Fault::Error { code: "NoSuchEntity".into(), message: String::new(), status: 404 };
    let scene = Scene::new(vec![rule("DeletePolicy", 1, missing)]);
    scene.take(&scene.process("a")).unwrap();
    let resumed = scene.process("a");
    scene.take(&resumed).unwrap();
    assert_eq!((resumed.give_back(&scene.time), scene.leases().len()), (None, 0));
}

#[test]
fn whoever_wants_none_gives_back_what_was_left() {
    let scene = Scene::new(vec![]);
    scene.take(&scene.process("a")).unwrap();
    let resumed = RunLease { is_wanted: false, ..scene.process("a") };
    scene.take(&resumed).unwrap();
    assert_eq!((resumed.give_back(&scene.time), scene.leases().len()), (None, 0));
}

#[test]
fn one_that_was_taken_away_is_told_and_the_next_holders_stays() {
    let scene = Scene::new(vec![]);
    let (robbed, next) = (scene.process("a"), scene.process("b"));
    scene.take(&robbed).unwrap();
    let arn = robbed.record.read().unwrap().unwrap();
    assert!(scene.time.block_on(robbed.cloud.give_back_lease(&arn, Duration::ZERO)).unwrap().unwrap());
    scene.take(&next).unwrap();
    let held = scene.leases();
    let warning = robbed.give_back(&scene.time).unwrap();
    assert!(warning.contains("was taken away while this run went on"), "{warning}");
    assert_eq!(scene.leases(), held);
}

#[test]
fn without_permission_nothing_is_changed_and_the_ways_on_are_told() {
    let scene = Scene::new(vec![always("CreatePolicy", denied())]);
    let lease = scene.process("a");
    let error = scene.take(&lease).unwrap_err();
    assert_eq!((error.kind, &*error.code), (Kind::Failed, "no-lease"));
    assert!(error.message.contains("CreatePolicy: No."), "{error}");
    assert!(error.hints.last().unwrap().ends_with("lease = false in [targets.live] of runner.toml"), "{:?}", error.hints);
    assert!(!lease.record.path.exists());
    for unseen in ["ListPolicies", "GetPolicy"] {
        let scene = Scene::new(vec![always(unseen, denied())]);
        scene.take(&scene.process("a")).unwrap();
        let error = scene.take(&scene.process("b")).unwrap_err();
        assert_eq!((error.kind, &*error.code), (Kind::Locked, "lease-held"), "{unseen}");
        assert!(error.causes[0].contains(&format!("{unseen}: No.")), "{error:?}");
    }
    let scene = Scene::new(vec![always("DeletePolicy", denied())]);
    let lease = scene.process("a");
    scene.take(&lease).unwrap();
    let warning = lease.give_back(&scene.time).unwrap();
    assert!(warning.contains("DeletePolicy: No.") && warning.contains("runner unlock --target live"), "{warning}");
    assert!(lease.record.path.exists());
}

#[test]
fn when_aws_does_not_answer_what_may_have_been_taken_is_given_back() {
    let throttled = |operation| always(operation, Fault::Throttle);
    let unanswered = always("CreatePolicy", Fault::ErrorAfter { status: 500 });
    let scene = Scene::new(vec![unanswered, throttled("GetPolicy"), throttled("ListPolicies")]);
    let lease = scene.process("a");
    let error = scene.take(&lease).unwrap_err();
    assert_eq!((error.kind, &*error.code), (Kind::Failed, "no-lease"));
    assert_eq!(scene.leases().len(), 1);
    assert_eq!((lease.give_back(&scene.time), scene.leases().len()), (None, 0));
}

#[test]
fn of_two_that_ask_at_once_one_wins() {
    for seed in 0..40 {
        let scene = Scene::seeded(vec![], seed);
        let leases = [scene.process("a"), scene.process("b")];
        let work = |lease: &RunLease| {
            let won = scene.take(lease);
            scene.time.block_on(scene.time.sleep(Duration::from_secs(1))).unwrap();
            assert_eq!(lease.give_back(&scene.time), None);
            won.map_err(|error| error.kind)
        };
        let branches = leases.iter().map(|lease| Branch { label: lease.record.path.display().to_string(), run: Box::new(|| work(lease)) });
        let ended = parallel(&scene.time, &Slots::new(2), branches.collect());
        let ended: Vec<_> = ended.into_iter().map(|end| end.unwrap()).collect();
        assert!(matches!(ended[..], [Ok(()), Err(Kind::Locked)] | [Err(Kind::Locked), Ok(())]), "seed {seed}: {ended:?}");
        assert_eq!(scene.leases(), [""; 0], "seed {seed}");
    }
}
