//! What a script may use up. Rhai counts operations and looks at the size of single values; both leave holes (a cheap operation can copy
//! a large value, and many large values fit under small limits), so each branch also has a meter of processor time and memory.

use cap::Cap;
use rhai::debugger::{BreakPoint, Debugger, DebuggerCommand};
use rhai::{ASTNode, Array, Dynamic, Engine, EvalAltResult, EvalContext, Expr, FnPtr, Map};
use std::alloc::System;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts what is allocated, so that a script's growth can be seen from inside the process.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Operations of one branch, and of all branches of a run. Like processor time they are counted beyond what the steps gave back.
const BRANCH_OPERATIONS: u64 = 1_000_000;
const RUN_OPERATIONS: u64 = 20 * BRANCH_OPERATIONS;
/// Processor time that script code (not the calls to AWS) may take in one branch.
const BRANCH_CPU: Duration = Duration::from_secs(2);
/// All branches of a run may take this many times as much.
const RUN_CPU: u64 = 4;
/// Bytes by which the process may have grown before a branch is stopped, if that branch itself holds more than its share.
const RUN_MEMORY: usize = 160 << 20;
const BRANCH_MEMORY: i64 = 8 << 20;

/// What each new step gives back, so that long playbooks may compute in proportion to what they do.
const STEP_OPERATIONS: u64 = 2_000;
const STEP_CPU: Duration = Duration::from_millis(4);

/// Sizes of single values, everything nested in them included.
const STRING: usize = 1 << 20;
const ELEMENTS: usize = 10_000;

/// Function calls inside one another; with 8 MB stacks the deepest that a debug build survives, with room to spare.
const CALL_LEVELS: usize = 64;
/// Closures that capture closures; freeing such a chain takes stack for each link.
const CLOSURE_DEPTH: usize = 200;
/// Values looked at when a closure is made.
const CAPTURED_VALUES: usize = 10_000;
const EXPRESSION_DEPTH: usize = 64;
const FUNCTION_EXPRESSION_DEPTH: usize = 32;

/// What every call of the host counts for, so that a loop of nothing but such calls ends, too.
const CALL_OPERATIONS: u64 = 200;

/// How often (in operations) processor time is looked at, which is a system call; memory is looked at every time.
const LOOK_AT_CPU: u64 = 256;

/// Why a script was stopped; travels in `ErrorTerminated`, which a script cannot catch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exceeded {
    Operations,
    Time,
    Memory,
    Nesting,
}

impl Exceeded {
    pub(super) fn message(self) -> String {
        match self {
            Exceeded::Operations => format!("the script ran more than {BRANCH_OPERATIONS} operations without coming to an end"),
            Exceeded::Time => "the script computes for too long: it works on large values in a loop".to_owned(),
            Exceeded::Nesting => format!("closures capture one another more than {CLOSURE_DEPTH} deep"),
            Exceeded::Memory => format!("the script holds more than {} MB of values", RUN_MEMORY >> 20),
        }
    }
}

impl Exceeded {
    pub(super) fn hint(self) -> &'static str {
        match self {
            Exceeded::Operations => "look for a loop that does not end; branches of `parallel` are counted one by one",
            Exceeded::Time => "look for a loop over large texts, arrays or maps",
            Exceeded::Memory => "keep large things in files and read only what is needed",
            Exceeded::Nesting => "pass values to closures instead of capturing closures in closures",
        }
    }
}

/// What all branches of one run have used together, less what their steps gave back.
#[derive(Debug)]
struct Run {
    operations: AtomicU64,
    cpu: AtomicU64,
    /// Nanoseconds that one branch may take.
    branch_cpu: u64,
    /// Bytes allocated by the process when the run began.
    baseline: usize,
}

/// What this branch has used, less what its steps gave back.
#[derive(Clone, Copy)]
struct Meter {
    /// All operations of the branch; paces the looks.
    ticks: u64,
    operations: u64,
    cpu: u64,
    grown: i64,
    last_cpu: u64,
    last_memory: usize,
    /// Steps of the whole run when this branch last performed one.
    seen_steps: usize,
    /// Processor time and steps that the run has not been told of.
    untold_cpu: u64,
    untold_steps: u64,
}

impl Meter {
    const NEW: Meter =
        Meter { ticks: 0, operations: 0, cpu: 0, grown: 0, last_cpu: 0, last_memory: 0, seen_steps: 0, untold_cpu: 0, untold_steps: 0 };
}

thread_local! {
    static METER: Cell<Meter> = const { Cell::new(Meter::NEW) };
}

/// Sets all limits on an engine that plays one run.
pub(super) fn set(engine: &mut Engine) {
    set_with(engine, BRANCH_CPU);
}

fn set_with(engine: &mut Engine, branch_cpu: Duration) {
    engine.set_max_call_levels(CALL_LEVELS);
    engine.set_max_expr_depths(EXPRESSION_DEPTH, FUNCTION_EXPRESSION_DEPTH);
    engine.set_max_string_size(STRING);
    engine.set_max_array_size(ELEMENTS);
    engine.set_max_map_size(ELEMENTS);
    watch_closures(engine);
    let run =
        Run { operations: AtomicU64::new(0), cpu: AtomicU64::new(0), branch_cpu: nanoseconds(branch_cpu), baseline: ALLOCATOR.allocated() };
    engine.on_progress(move |_| tick(&run).map(Dynamic::from));
}

/// Watches over the making of closures. The debugger is also how a host function learns the chain of calls that led to it.
#[expect(deprecated, reason = "Rhai marks the debugger so because it may change; the version is pinned by the lock file")]
fn watch_closures(engine: &mut Engine) {
    let init = |_: &Engine, mut debugger: Debugger| {
        debugger.break_points_mut().push(BreakPoint::AtFunctionName { name: "curry".into(), enabled: true });
        debugger
    };
    engine.register_debugger(init, |context, _, node, _, position| {
        let ASTNode::Expr(Expr::FnCall(call, _)) = node else { return Ok(DebuggerCommand::Continue) };
        for captured in call.args.iter().skip(1) {
            let Expr::Variable(variable, ..) = captured else { continue };
            let depth = captured_value(&context, &variable.1).map_or(0, |value| closure_depth(value, &mut CAPTURED_VALUES.clone()));
            if depth > CLOSURE_DEPTH {
                return Err(EvalAltResult::ErrorTerminated(Dynamic::from(Exceeded::Nesting), position).into());
            }
        }
        Ok(DebuggerCommand::Continue)
    });
}

fn captured_value<'a>(context: &'a EvalContext, name: &str) -> Option<&'a Dynamic> {
    context.scope().get(name)
}

/// How deep closures capture one another in a value; gives up at the limit or when `budget` values were seen.
fn closure_depth(value: &Dynamic, budget: &mut usize) -> usize {
    if *budget == 0 {
        return 0;
    }
    *budget -= 1;
    if let Some(closure) = value.read_lock::<FnPtr>() {
        1 + closure.iter_curry().map(|captured| closure_depth(captured, budget)).max().unwrap_or(0)
    } else if let Some(array) = value.read_lock::<Array>() {
        array.iter().map(|item| closure_depth(item, budget)).max().unwrap_or(0)
    } else if let Some(map) = value.read_lock::<Map>() {
        map.values().map(|item| closure_depth(item, budget)).max().unwrap_or(0)
    } else {
        0
    }
}

/// Bytes a string may have; built-ins that multiply ask before they build it.
pub(super) const fn longest_string() -> usize {
    STRING
}

/// Starts the meter of a branch on its own thread.
pub(super) fn begin_branch() {
    METER.set(Meter { last_cpu: thread_cpu(), last_memory: ALLOCATOR.allocated(), ..Meter::NEW });
}

/// Runs host code whose processor time and memory are not the script's.
pub(super) fn outside<T>(work: impl FnOnce() -> T) -> T {
    let mut meter = METER.get();
    meter.look_at_memory();
    meter.look_at_cpu();
    let result = work();
    meter.operations += CALL_OPERATIONS;
    meter.last_cpu = thread_cpu();
    meter.last_memory = ALLOCATOR.allocated();
    METER.set(meter);
    result
}

/// Says that this branch performed a step, and how many different ones the run has by now: only a new one gives something back, so that
/// a loop over the same step ends like any other.
pub(super) fn performed(steps: usize) {
    let mut meter = METER.get();
    if steps > meter.seen_steps {
        meter.seen_steps = steps;
        meter.untold_steps += 1;
        meter.operations = meter.operations.saturating_sub(STEP_OPERATIONS);
        meter.cpu = meter.cpu.saturating_sub(nanoseconds(STEP_CPU));
        METER.set(meter);
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Adds to a total of the run what was used, takes off what is given back; gives the new total.
fn spend(total: &AtomicU64, used: u64, back: u64) -> u64 {
    let spent = |total: u64| total.saturating_add(used).saturating_sub(back);
    total.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |total| Some(spent(total))).map_or(0, spent)
}

fn tick(run: &Run) -> Option<Exceeded> {
    let mut meter = METER.get();
    meter.operations += 1;
    meter.ticks += 1;
    let mut exceeded = (meter.operations > BRANCH_OPERATIONS).then_some(Exceeded::Operations);
    let allocated = meter.look_at_memory();
    if allocated.saturating_sub(run.baseline) > RUN_MEMORY && meter.grown > BRANCH_MEMORY {
        exceeded = Some(Exceeded::Memory);
    }
    if meter.ticks.is_multiple_of(LOOK_AT_CPU) {
        meter.look_at_cpu();
        let (used, steps) = (std::mem::take(&mut meter.untold_cpu), std::mem::take(&mut meter.untold_steps));
        let operations = spend(&run.operations, LOOK_AT_CPU, steps.saturating_mul(STEP_OPERATIONS));
        let cpu = spend(&run.cpu, used, steps.saturating_mul(nanoseconds(STEP_CPU)));
        if operations > RUN_OPERATIONS {
            exceeded = Some(Exceeded::Operations);
        }
        if meter.cpu > run.branch_cpu || cpu > RUN_CPU * run.branch_cpu {
            exceeded = Some(Exceeded::Time);
        }
    }
    METER.set(meter);
    exceeded
}

impl Meter {
    /// Adds what was allocated since the last look; gives what the process has allocated.
    fn look_at_memory(&mut self) -> usize {
        let allocated = ALLOCATOR.allocated();
        self.grown += i64::try_from(allocated).unwrap_or(i64::MAX) - i64::try_from(self.last_memory).unwrap_or(i64::MAX);
        self.last_memory = allocated;
        allocated
    }

    /// Adds the processor time since the last look.
    fn look_at_cpu(&mut self) {
        let now = thread_cpu();
        let spent = now.saturating_sub(self.last_cpu);
        self.last_cpu = now;
        self.cpu += spent;
        self.untold_cpu += spent;
    }
}

/// Processor time of this thread in nanoseconds. Not a clock: it stands still while the thread waits, and only a script that would
/// otherwise never end can tell that it is there.
fn thread_cpu() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let duration = Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0));
    nanoseconds(duration)
}

#[cfg(test)]
mod tests {
    use super::super::engine;
    use super::*;
    use std::time::Instant;

    /// Each tries to use up time or memory in its own way.
    const HOSTILE: &[(&str, &str)] = &[
        ("endless loop", "loop { }"),
        ("endless while", "let i = 0; while true { i += 1; }"),
        ("endless recursion", "fn f(n) { f(n + 1) } f(0)"),
        ("recursion through closures", "fn f(n) { [n].map(|x| f(x + 1)) } f(0)"),
        ("recursion through closures with arguments", "fn f(n) { let g = |x| f(x + n); [[g]].map(|l| l.map(|h| h.call(1))) } f(0)"),
        ("mutual recursion", "fn f(n) { g(n) } fn g(n) { f(n) } f(0)"),
        ("doubling string", r#"let s = "x"; loop { s += s; }"#),
        ("doubling array", "let a = [1]; loop { a = [a, a]; }"),
        ("array bomb", "let a = []; loop { a.push(a); }"),
        ("map of strings", r#"let s = "x"; for i in 0..19 { s += s; } let m = #{}; let i = 0; loop { m["k" + i] = s + i; i += 1; }"#),
        (
            "variables of strings",
            r#"fn f(s) { let a = s + "a"; let b = s + "b"; let c = s + "c"; let d = s + "d"; f(a) + f(b) } let s = "x"; for i in 0..19 { s += s; } f(s)"#,
        ),
        (
            "array of strings in closures",
            r#"let s = "x"; for i in 0..19 { s += s; } let f = || 1; for i in 0..10000 { let g = f; let t = s + i; f = || { t; g.call() }; } "#,
        ),
        ("index_of loop", r#"let s = "x"; for i in 0..19 { s += s; } loop { s.index_of("y"); }"#),
        ("contains loop", r#"let s = "x"; for i in 0..19 { s += s; } loop { s.contains("y"); }"#),
        ("replace", r#"let s = "x"; for i in 0..19 { s += s; } loop { s.replace("x", s); }"#),
        ("replace with nothing to find", r#"let s = "x"; for i in 0..19 { s += s; } loop { s.replace("", s); }"#),
        ("pad string", r#"let s = "x"; s.pad(1000000000, "abc")"#),
        ("pad array", "let a = [[1, 2, 3]]; a.pad(1000000000, [1, 2, 3])"),
        ("range in an array", "let a = []; for i in 0..1000000000 { a.push(i); }"),
        ("range with steps", "for i in range(0, 9000000000, 1) { }"),
        ("split", r#"let s = "x"; for i in 0..19 { s += s; } loop { s.split(""); }"#),
        ("chars", r#"let s = "x"; for i in 0..19 { s += s; } loop { for c in s { } }"#),
        ("sort", "let a = []; for i in 0..9000 { a.push((i * 7919) % 9001); } loop { a.sort(); a.reverse(); }"),
        ("copies of a big map", r#"let m = #{}; for i in 0..9000 { m["a long enough name of a key" + i] = i; } loop { let n = m; }"#),
        ("copies of a big array", "let a = []; for i in 0..9000 { a.push(i); } loop { let b = a; b[0] = 1; }"),
        ("equality of big arrays", "let a = []; for i in 0..9000 { a.push(i); } let b = a; loop { a == b; }"),
        ("nested closures", "let f = || 1; loop { let g = f; f = || g.call() + 1; }"),
        ("nested arrays", "let a = []; loop { a = [a]; }"),
        ("nested maps", "let a = #{}; loop { a = #{ a: a }; }"),
        ("nested mix", "let a = []; loop { a = [#{ a: a }]; }"),
        ("text of nested arrays", "let a = []; for i in 0..9000 { a = [a]; } loop { let s = `${a}`; }"),
        (
            "closures in map",
            "let a = []; for i in 0..5000 { a.push(i); } loop { a.map(|x| x + 1).filter(|x| x > 2).reduce(|x, y| x + y); }",
        ),
        ("to_json", r#"let m = #{}; for i in 0..9000 { m["k" + i] = i; } loop { m.to_json(); }"#),
        ("closures in maps", "let m = #{}; for i in 0..100 { m[`f${i}`] = || m; } loop { let n = m; }"),
        ("exponential calls", "fn f(n) { if n == 0 { 1 } else { f(n - 1) + f(n - 1) } } f(50)"),
        ("caught and again", "loop { try { throw 1; } catch { } }"),
    ];

    /// A twentieth of the processor time that a branch has in earnest: the tests are many.
    fn play(script: &'static str) -> (String, Duration) {
        let play = move || {
            let mut engine = engine::bare();
            set_with(&mut engine, BRANCH_CPU / 20);
            begin_branch();
            let begun = Instant::now();
            let end = engine.run(script).map_or_else(|error| error.to_string(), |()| "ended".to_owned());
            (end, begun.elapsed())
        };
        std::thread::Builder::new().stack_size(8 << 20).spawn(play).unwrap().join().unwrap()
    }

    #[test]
    fn only_a_new_step_gives_something_back() {
        METER.set(Meter { operations: 5_000, cpu: 10_000_000, ..Meter::NEW });
        let left = |steps| {
            performed(steps);
            (METER.get().operations, METER.get().cpu)
        };
        assert_eq!(left(1), (3_000, 6_000_000));
        assert_eq!(left(1), (3_000, 6_000_000));
        assert_eq!(left(2), (1_000, 2_000_000));
        assert_eq!(left(9), (0, 0));
        assert_eq!(METER.get().untold_steps, 3);
        outside(|| ());
        assert_eq!(METER.get().operations, CALL_OPERATIONS);
    }

    #[test]
    fn hostile_scripts_are_stopped() {
        for (name, script) in HOSTILE {
            let (end, took) = play(script);
            assert_ne!(end, "ended", "{name}");
            assert!(took < Duration::from_secs(2), "{name} took {took:?}: {end}");
        }
    }
}
