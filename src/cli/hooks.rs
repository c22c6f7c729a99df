//! `[hooks]` of runner.toml: a command before and a command after each play or resume, with the run as JSON on its standard input.

use super::interrupt::Interrupt;
use crate::error::{Error, Kind};
use crate::project;
use crate::report::{FORMAT, plain, print_error};
use crate::time::Time;
use crate::wiring::Beginning;
use serde_json::{Value, json};
use std::env;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::Notify;

/// Ctrl-C, sent by the terminal to whatever runs in it.
const SIGINT: i32 = 2;

#[derive(Clone)]
pub(super) struct Hooks {
    pub(super) commands: project::Hooks,
    /// Where they are run: the project's.
    pub(super) folder: PathBuf,
    pub(super) time: Time,
    pub(super) interrupt: Interrupt,
    pub(super) about: About,
}

/// What is known of a run before it begins.
#[derive(Clone)]
pub(super) struct About {
    pub(super) playbook: String,
    pub(super) target: String,
    pub(super) environment: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) resumed: bool,
}

impl About {
    fn json(&self, beginning: &Beginning<'_>) -> Value {
        let Beginning { run, account, caller, .. } = beginning;
        let user = ["USER", "LOGNAME"].iter().find_map(|name| env::var(name).ok());
        json!({
            "type": "before", "format": FORMAT, "run": run, "playbook": self.playbook, "target": self.target, "account": account,
            "environment": self.environment, "reason": self.reason, "user": user, "caller": caller, "resumed": self.resumed,
        })
    }
}

impl Hooks {
    /// An error means that nothing may be done.
    pub(super) fn before(&self, run: &Beginning<'_>) -> Result<(), Error> {
        self.call("before", &self.commands.before, &self.about.json(run))
            .map_err(|error| error.hint("nothing was done; correct the hook, or take `before` out of [hooks] in runner.toml"))
    }

    /// What was done is done: a failure is a warning.
    pub(super) fn after(&self, recap: &Value) {
        if let Err(error) = self.call("after", &self.commands.after, recap) {
            print_error(&format!("warning: {}\n", plain(&error.message)));
            error.causes.iter().for_each(|cause| print_error(&format!("  = caused by: {}\n", plain(cause))));
        }
    }

    /// Runs one without a shell, with our environment; what it writes is talk. Ctrl-C ends it.
    fn call(&self, which: &str, words: &[String], about: &Value) -> Result<(), Error> {
        let Some((program, arguments)) = words.split_first() else { return Ok(()) };
        let stop = Arc::new(Notify::new());
        let pressed = Arc::clone(&stop);
        self.interrupt.drains(move || pressed.notify_one());
        let failed = |what: &str| Error::failed("hook-failed", format!("the hook `{}` {which} the play {what}", words.join(" ")));
        // A name with a slash is a path in the project, whatever folder the command was started in.
        let program = if program.contains('/') { self.folder.join(program) } else { program.into() };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(io::stderr());
        let ended = self.time.block_on(async {
            // Started in here: it needs the runtime.
            let child = command.spawn()?;
            finish(child, about.to_string().into_bytes(), &stop).await
        });
        let status = match ended {
            Ok(Ok(Some(status))) if status.signal() != Some(SIGINT) => status,
            Ok(Ok(_)) | Err(_) => return Err(Error { kind: Kind::Interrupted, ..failed("was interrupted") }),
            Ok(Err(error)) => return Err(failed("cannot be run").cause(error)),
        };
        if status.success() { Ok(()) } else { Err(failed(&format!("failed: {status}"))) }
    }
}

/// Waits for its end; none when it was stopped. It need not read what it is told.
async fn finish(mut child: Child, about: Vec<u8>, stop: &Notify) -> io::Result<Option<ExitStatus>> {
    let stdin = child.stdin.take();
    let tell = async {
        if let Some(mut stdin) = stdin {
            // It may have ended or closed its input: then it does not want to know.
            let _ = stdin.write_all(&about).await;
        }
        std::future::pending::<()>().await;
    };
    let status = tokio::select! {
        status = child.wait() => Some(status?),
        () = tell => None,
        () = stop.notified() => None,
    };
    if status.is_none() {
        child.kill().await?;
    }
    Ok(status)
}
