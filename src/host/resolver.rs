//! Gives Rhai the modules that were loaded with the playbook, and nothing else: no file is read while a script runs.

use super::playbook::Playbook;
use rhai::{Engine, EvalAltResult, GlobalRuntimeState, Module, ModuleResolver, Position, Scope, Shared};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct Resolver {
    playbook: Arc<Playbook>,
    ready: Mutex<HashMap<String, Shared<Module>>>,
}

impl Resolver {
    pub(super) fn new(playbook: Arc<Playbook>) -> Resolver {
        Resolver { playbook, ready: Mutex::new(HashMap::new()) }
    }

    fn ready(&self) -> std::sync::MutexGuard<'_, HashMap<String, Shared<Module>>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ModuleResolver for Resolver {
    fn resolve(&self, engine: &Engine, _: Option<&str>, path: &str, position: Position) -> Result<Shared<Module>, Box<EvalAltResult>> {
        self.resolve_raw(engine, &mut engine.new_global_runtime_state(), &mut Scope::new(), path, position)
    }

    fn resolve_raw(
        &self,
        engine: &Engine,
        global: &mut GlobalRuntimeState,
        _: &mut Scope,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        if let Some(module) = self.ready().get(path) {
            return Ok(Arc::clone(module));
        }
        let ast = self.playbook.module(path).ok_or_else(|| EvalAltResult::ErrorModuleNotFound(path.to_owned(), position))?;
        // Not under the lock: the module's own statements may call host functions, which may wait.
        let module = Module::eval_ast_as_new_raw(engine, &mut Scope::new(), global, ast)
            .map_err(|error| EvalAltResult::ErrorInModule(path.to_owned(), error, position))?;
        Ok(Arc::clone(self.ready().entry(path.to_owned()).or_insert_with(|| module.into())))
    }
}
