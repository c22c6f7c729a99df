//! The Rhai engine without the host's own functions: packages, limits, and what is left out so that a run can be resumed
//! (no clock, no sleep, no `exit`, no `eval`).

use super::limits;
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage, BasicStringPackage,
    LogicPackage, MoreStringPackage, Package,
};
use rhai::{Engine, EvalAltResult, ImmutableString, OptimizationLevel, Position};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// An engine that can parse playbooks, and run what needs no host function.
pub(super) fn bare() -> Engine {
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicFnPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_strict_variables(true);
    engine.set_fail_on_invalid_map_property(true);
    engine.disable_symbol("eval");
    limits::set(&mut engine);
    bounded_replace(&mut engine);
    engine
}

/// Rhai's own `replace` builds its result before looking at the length: 1 MB times 1 MB would be built in one operation.
fn bounded_replace(engine: &mut Engine) {
    engine.register_fn("replace", |text: &mut ImmutableString, find: ImmutableString, with: ImmutableString| replace(text, &find, &with));
    engine.register_fn("replace", |text: &mut ImmutableString, find: char, with: ImmutableString| {
        replace(text, find.encode_utf8(&mut [0; 4]), &with)
    });
    engine.register_fn("replace", |text: &mut ImmutableString, find: ImmutableString, with: char| {
        replace(text, &find, with.encode_utf8(&mut [0; 4]))
    });
    engine.register_fn("replace", |text: &mut ImmutableString, find: char, with: char| {
        replace(text, find.encode_utf8(&mut [0; 4]), with.encode_utf8(&mut [0; 4]))
    });
}

fn replace(text: &mut ImmutableString, find: &str, with: &str) -> Fallible<()> {
    let grown = text.matches(find).count().saturating_mul(with.len().saturating_sub(find.len())).saturating_add(text.len());
    if grown > limits::longest_string() {
        return Err(EvalAltResult::ErrorDataTooLarge("Length of string".to_owned(), Position::NONE).into());
    }
    *text = text.replace(find, with).into();
    Ok(())
}
