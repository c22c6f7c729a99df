//! The lease of a target's account: how a run takes it and gives it back, and what `runner unlock` does.

use super::target::live_config;
use super::{TokenCode, Work, rollout, wait};
use crate::aws::{self, Asked, Cloud, Holder};
use crate::error::{Error, Kind};
use crate::project::{Project, Target, TargetKind};
use crate::step::{BoxFuture, Failure, FailureClass, Lease, Lock, StepError, host};
use crate::time::{Stop, Time};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::Mutex;

/// What a preflight says of it.
pub(super) const NOTE: &str = "while it makes changes, the run holds a lease: a policy below /runner/ in the target's own account \
    (iam:CreatePolicy, iam:DeletePolicy, iam:GetPolicy, iam:ListPolicies)";

/// A run's lease: asked for once, before the first change.
pub(super) struct RunLease {
    cloud: Cloud,
    target: String,
    rollout: String,
    /// Else none is taken; what an earlier process has left is given back all the same.
    is_wanted: bool,
    record: Record,
    state: Mutex<State>,
}

enum State {
    NotYet,
    Held,
    Refused(Box<Error>),
}

impl RunLease {
    /// None for a sandbox. `account` is the target's own.
    pub(super) fn new(work: &Work, cloud: &Cloud, account: &str) -> Option<RunLease> {
        work.target.is_aws().then(|| RunLease {
            cloud: cloud.clone(),
            target: work.target.name.clone(),
            rollout: rollout(work),
            is_wanted: is_wanted(work),
            record: Record { path: work.project.state().lease(&work.target.name, account) },
            state: Mutex::new(State::NotYet),
        })
    }

    async fn ask(&self) -> Result<(), StepError> {
        let refused = |error: Error| StepError::NoLease(Box::new(error));
        let former = self.record.read().map_err(refused)?;
        if let Some(former) = &former {
            // Our own process died with it. A new one tells who works now, to whoever is refused.
            self.cloud.give_back_lease(former, Duration::ZERO).await.map_err(|failure| self.not_had(failure))?;
        }
        let arn = self.cloud.new_lease().await.map_err(|failure| self.not_had(failure))?;
        let holder = self.holder().await.map_err(|failure| self.not_had(failure))?;
        if let Err(error) = self.record.write(&arn) {
            self.record.forget().map_err(refused)?;
            return Err(refused(error));
        }
        let error = match self.cloud.take_lease(&arn, former.as_deref(), &holder).await {
            Ok(Asked::Ours) => return Ok(()),
            Ok(Asked::Theirs(lease)) => held(&self.target, &format!("{}: {}", account(&lease.arn), who(lease.holder.as_ref()))),
            Ok(Asked::Hidden(failure)) => {
                held(&self.target, &format!("{}, and it cannot be read who", account(&arn))).cause(failure.message)
            }
            // It may have been taken all the same: what is remembered is given back at the end.
            Err(failure) if failure.class != FailureClass::Fatal => return Err(self.not_had(failure)),
            Err(failure) => {
                self.record.forget().map_err(refused)?;
                return Err(self.not_had(failure));
            }
        };
        self.record.forget().map_err(refused)?;
        Err(refused(error))
    }

    async fn holder(&self) -> Result<Holder, Failure> {
        Ok(Holder {
            run: self.cloud.run().unwrap_or_default().to_owned(),
            rollout: self.rollout.clone(),
            user: self.cloud.human().await?,
            host: host(),
            pid: std::process::id(),
            since: self.cloud.time().now().strftime("%FT%TZ").to_string(),
        })
    }

    fn not_had(&self, failure: Failure) -> StepError {
        if failure.class == FailureClass::Stopped {
            return StepError::Stopped(Stop::Cancel);
        }
        let kind = if failure.class == FailureClass::NeedsYou { Kind::Paused } else { Kind::Failed };
        let is_definite = failure.class == FailureClass::Fatal;
        let failure = failure.completed(None, None, None, |_| None);
        let error = Error::new(kind, "no-lease", format!("the lease cannot be taken, so nothing is changed: {}", failure.message));
        let error = failure.hints.into_iter().fold(error, Error::hint);
        let without =
            format!("or, if nobody else plays on this account, do without: lease = false in [targets.{}] of runner.toml", self.target);
        StepError::NoLease(Box::new(if is_definite { error.hint(without) } else { error }))
    }

    /// Gives back what this run holds, or what an earlier process of this project left. What goes wrong does not change how the run ended.
    pub(super) fn give_back(&self, time: &Time) -> Option<String> {
        let arn = match self.record.read() {
            Ok(arn) => arn?,
            Err(error) => return Some(self.not_given_back(&error.message)),
        };
        let given = time.block_on(async {
            let state = self.state.lock().await;
            // What an earlier process has left is not too new any more; somebody may have unlocked it.
            let within = if matches!(*state, State::NotYet) { Duration::ZERO } else { self.cloud.role_lag() };
            (self.cloud.give_back_lease(&arn, within).await, matches!(*state, State::Held))
        });
        let (given, held) = match given {
            Ok((Ok(given), held)) => (given, held),
            Ok((Err(failure), _)) => return Some(self.not_given_back(&failure.message)),
            Err(stop) => return Some(self.not_given_back(&StepError::Stopped(stop).to_string())),
        };
        if let Err(error) = self.record.forget() {
            return Some(error.message);
        }
        let gone = "the lease was taken away while this run went on: another runner may have changed the same account";
        (held && !given).then(|| gone.to_owned())
    }

    /// For a run that must not send anything any more.
    pub(super) fn keep(&self) -> Option<String> {
        let sent = "nothing more is sent once the journal cannot be written";
        match self.record.read() {
            Ok(arn) => arn.map(|_| self.not_given_back(sent)),
            Err(error) => Some(self.not_given_back(&error.message)),
        }
    }

    fn not_given_back(&self, why: &str) -> String {
        let unlock = format!("runner unlock --target {}", self.target);
        format!("the lease was not given back: {why}; the next play or resume here does it, or: {unlock}")
    }
}

impl Lease for RunLease {
    fn take(&self) -> BoxFuture<'_, Result<(), StepError>> {
        Box::pin(async move {
            let mut state = self.state.lock().await;
            if !self.is_wanted {
                return Ok(());
            }
            match &*state {
                State::Held => return Ok(()),
                State::Refused(error) => return Err(StepError::NoLease(error.clone())),
                State::NotYet => {}
            }
            // Boxed: it holds several of the SDK's futures.
            let asked = Box::pin(self.ask()).await;
            match &asked {
                Ok(()) => *state = State::Held,
                Err(StepError::NoLease(error)) => *state = State::Refused(error.clone()),
                Err(_) => {}
            }
            asked
        })
    }
}

/// Whether a run takes one before its first change.
pub(super) fn is_wanted(work: &Work) -> bool {
    matches!(&work.target.kind, TargetKind::Aws(aws) if aws.lease.unwrap_or(true))
}

fn held(target: &str, what: &str) -> Error {
    Error::new(Kind::Locked, "lease-held", format!("another runner holds the lease of account {what}"))
        .hint("wait until it is done: it gives the lease back by itself")
        .hint(format!("if it has died, make sure of that where it ran, then take its lease away: runner unlock --target {target}"))
}

fn who(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "it is not told who".to_owned(), Holder::to_string)
}

fn account(arn: &str) -> &str {
    crate::estate::arn::parse(arn).map_or("", |arn| arn.account)
}

/// The lease that this project holds, or whose holder died, in a file of the target. It counts in the file that it was written to: a copy of
/// the folder is another project, and its runs may go on side by side with those of the first.
struct Record {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Remembered {
    arn: String,
    /// Of the file itself.
    inode: u64,
}

impl Record {
    fn read(&self) -> Result<Option<String>, Error> {
        let read = fs::metadata(&self.path).and_then(|metadata| Ok((metadata.ino(), fs::read_to_string(&self.path)?)));
        let (inode, text) = match read {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| self.failed(&error))?,
        };
        // Half of it was written: the lease was not asked for yet.
        let remembered = serde_json::from_str::<Remembered>(&text).ok();
        Ok(remembered.filter(|remembered| remembered.inode == inode).map(|remembered| remembered.arn))
    }

    /// Durable before the lease is asked for.
    fn write(&self, arn: &str) -> Result<(), Error> {
        let written = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path)?;
            let remembered = Remembered { arn: arn.to_owned(), inode: file.metadata()?.ino() };
            file.write_all(serde_json::to_string(&remembered)?.as_bytes())?;
            file.sync_all()?;
            self.path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        written().map_err(|error| self.failed(&error))
    }

    fn forget(&self) -> Result<(), Error> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed(&error)),
            _ => Ok(()),
        }
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        Error::failed("unwritable-state", format!("cannot keep `{}`, where the lease is remembered", self.path.display()))
            .cause(error)
            .hint("make the state folder writable for you")
    }
}

/// The lease of a target, looked at and perhaps taken away. Meanwhile nobody plays on it from this project.
pub struct Unlock {
    time: Time,
    cloud: Cloud,
    lease: Option<aws::Lease>,
    pub account: String,
    _lock: Lock,
}

impl Unlock {
    /// Looks who holds it.
    pub fn look(project: &Project, target: &Target, time: &Time, token_code: TokenCode) -> Result<Unlock, Error> {
        let TargetKind::Aws(aws) = &target.kind else {
            return Err(Error::usage(
                "not-leased",
                format!("the target `{}` is a sandbox, which has no lease: one process owns its world", target.name),
            )
            .hint("name a target of kind `aws` with --target"));
        };
        let state = project.state();
        state.create(&target.name)?;
        let lock = Lock::acquire(&state.lock(&target.name), &target.name, time)?;
        let mut config = live_config(aws, target, time)?;
        config.token_code = Some(token_code);
        let cloud = Cloud::new(config);
        let account = wait(time, cloud.caller())?.account;
        let lease = wait(time, cloud.lease())?;
        Ok(Unlock { time: time.clone(), cloud, lease, account, _lock: lock })
    }

    /// The ARN of its policy, and who holds it, if that is told; none when nobody does.
    #[must_use]
    pub fn held(&self) -> Option<(&str, Option<&Holder>)> {
        self.lease.as_ref().map(|lease| (lease.arn.as_str(), lease.holder.as_ref()))
    }

    /// Takes this very lease away. False when it was given back meanwhile.
    pub fn remove(&self) -> Result<bool, Error> {
        match &self.lease {
            Some(lease) => wait(&self.time, self.cloud.give_back_lease(&lease.arn, Duration::ZERO)),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests;
