//! The world of a sandbox target: opened, shown, thrown away, served.

use crate::error::Error;
use crate::estate::Estate;
use crate::project::{Project, Target, TargetKind};
use crate::sandbox::{self, AccessKey, ForeignAccount, Sandbox};
use crate::step::{Lock, StepError};
use crate::time::Time;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

/// The world of a sandbox target, made if there is none.
pub(super) fn open_world(project: &Project, target: &Target) -> Result<Sandbox, Error> {
    let state = project.state();
    state.create(&target.name)?;
    Sandbox::open(sandbox_settings(target)?, Some(&state.world(&target.name)))
}

pub(super) fn sandbox_settings(target: &Target) -> Result<sandbox::Settings, Error> {
    let TargetKind::Sandbox(written) = &target.kind else {
        return Err(Error::usage("not-a-sandbox", format!("the target `{}` is not a sandbox", target.name))
            .hint("name a sandbox with --target sandbox"));
    };
    let mut settings = sandbox::Settings::default();
    let seconds = |seconds: Option<f64>, default| seconds.map_or(default, Duration::from_secs_f64);
    settings.seed = written.seed.unwrap_or(settings.seed);
    settings.partition = written.partition.clone().unwrap_or(settings.partition);
    settings.management_name = written.management_name.clone().unwrap_or(settings.management_name);
    settings.management_email = written.management_email.clone().unwrap_or(settings.management_email);
    settings.account_quota = written.account_quota.unwrap_or(settings.account_quota);
    settings.creation = seconds(written.creation_seconds, settings.creation);
    settings.iam_lag = seconds(written.iam_lag_seconds, settings.iam_lag);
    settings.throttle = written.throttle.unwrap_or(settings.throttle);
    for (name, account) in &target.accounts {
        let Some(email) = account.email.clone() else {
            let message = format!("the account `{name}` of the sandbox target `{}` has no `email`", target.name);
            return Err(Error::usage("bad-config", message)
                .hint(format!("add email = \"…\" to [targets.{}.accounts.{name}] in runner.toml", target.name)));
        };
        settings.accounts.push(ForeignAccount { id: account.account_id.clone(), name: name.clone(), email });
    }
    Ok(settings)
}

/// What is in a sandbox's world: the stored one, else the one a first run would find.
pub fn sandbox_estate(project: &Project, target: &Target) -> Result<Estate, Error> {
    let settings = sandbox_settings(target)?;
    let world = project.state().world(&target.name);
    if world.exists() { Sandbox::read(&world) } else { Ok(Sandbox::open(settings, None)?.estate()) }
}

/// The AWS operations that any sandbox offers: service and name.
pub fn sandbox_operations() -> Vec<(&'static str, &'static str)> {
    Sandbox::operations()
}

/// Takes a sandbox's world away, and with it the journals of the runs on it and the secrets of its keys; gives the number of journals.
pub fn sandbox_reset(project: &Project, target: &Target, time: &Time) -> Result<usize, Error> {
    sandbox_settings(target)?;
    let state = project.state();
    let _lock = Lock::acquire(&state.lock(&target.name), &target.name, time)?;
    let journals = state.journals(Some(&target.name))?;
    let unwritable = |path: &Path, error: std::io::Error| {
        let message = format!("cannot remove `{}`", path.display());
        Error::failed("unwritable-state", message).cause(error).hint("make the state folder writable for you")
    };
    let files = journals.iter().map(|(_, path)| path.clone()).chain([state.world(&target.name)]);
    for file in files {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = file.clone().into_os_string();
            path.push(suffix);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritable(Path::new(&path), error)),
                _ => {}
            }
        }
    }
    for folder in [state.logs(&target.name), state.credentials(&target.name)] {
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritable(&folder, error)),
            _ => {}
        }
    }
    Ok(journals.len())
}

/// A sandbox that answers on a socket of this machine.
pub struct Served {
    pub endpoint_url: String,
    pub access_key_id: String,
    pub secret_access_key: String,
}

/// Offers a sandbox on loopback until it is interrupted; `ready` is told how to reach it. Port 0 takes a free one.
pub fn sandbox_serve(project: &Project, target: &Target, time: &Time, port: u16, ready: impl FnOnce(&Served)) -> Result<(), Error> {
    let state = project.state();
    let _lock = Lock::acquire(&state.lock(&target.name), &target.name, time)?;
    let sandbox = open_world(project, target)?;
    let failed = |error: std::io::Error| {
        Error::failed("cannot-serve", format!("cannot serve on port {port}")).cause(error).hint("choose another port with --port")
    };
    let key = sandbox.administrator();
    let clock = time.clone();
    let serving = async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let AccessKey { access_key_id, secret_access_key } = key;
        ready(&Served { endpoint_url: format!("http://{address}"), access_key_id, secret_access_key });
        sandbox::serve(sandbox, listener, move || clock.now(), std::future::pending()).await.map_err(failed)
    };
    time.block_on(serving).map_err(|stop| StepError::Stopped(stop).to_error())?
}
