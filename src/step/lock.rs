//! One runner per target: an operating system's lock on a file, which ends with the process whatever way that ends.

use crate::error::{Error, Kind};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

/// How often, and how far apart, the name of a holder is looked for.
const LOOKS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(10);

/// Held until dropped. The file stays: taking it away would let two processes lock two files of one name.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// What the file says, for the message of the next one.
#[derive(Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: String,
    since: String,
}

impl Lock {
    /// Takes the lock of `target` at `path` (created 0600, its folder 0700), or says who has it.
    pub fn acquire(path: &Path, target: &str, time: &Time) -> Result<Lock, Error> {
        let failed = |error: io::Error| {
            Error::failed("lock-unusable", format!("cannot lock `{}`", path.display()))
                .cause(error)
                .hint("make the state folder writable for you")
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        if fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(failed(io::Error::other("it is not a plain file")));
        }
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(locked(target, &mut file, time)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let holder = Holder { pid: std::process::id(), host: host(), since: time.now().strftime("%FT%TZ").to_string() };
        let text = serde_json::to_string(&holder).map_err(|error| failed(error.into()))?;
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes())).map_err(failed)?;
        Ok(Lock { _file: file })
    }
}

fn locked(target: &str, file: &mut File, time: &Time) -> Error {
    let mut holder = Holder::read(file);
    // Between its lock and its first word, the file still says nothing, or names the one before.
    for _ in 0..LOOKS {
        if holder.as_ref().is_some_and(Holder::may_live) || time.block_on(time.sleep(PAUSE)).is_err() {
            break;
        }
        holder = Holder::read(file);
    }
    let who = match holder.filter(Holder::may_live) {
        Some(Holder { pid, host, since }) => format!("pid {pid} on {host}, since {since}"),
        None => "a process that has only just begun".to_owned(),
    };
    Error::new(Kind::Locked, "target-locked", format!("another runner works on target `{target}`: {who}"))
        .hint("wait until it is done; the lock ends with that process, so there is nothing to unlock")
}

impl Holder {
    fn read(file: &mut File) -> Option<Holder> {
        let mut text = String::new();
        file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Not if it was a process of this machine that is gone; where that cannot be seen, it may.
    fn may_live(&self) -> bool {
        let processes = Path::new("/proc");
        self.host != host() || !processes.join("self").exists() || processes.join(self.pid.to_string()).exists()
    }
}

/// The name of this machine.
#[must_use]
pub fn host() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
    let name = kernel.ok().or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    if name.trim().is_empty() { "this host".to_owned() } else { name.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_second_one_is_told_who_holds_it() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("state/lock");
        let time = Time::simulated(1);
        let lock = Lock::acquire(&path, "sandbox", &time).expect("first");
        assert_eq!(fs::metadata(&path).expect("file").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(folder.path().join("state")).expect("folder").permissions().mode() & 0o777, 0o700);
        let error = Lock::acquire(&path, "sandbox", &time).expect_err("second");
        assert_eq!(error.kind, Kind::Locked);
        let wanted =
            format!("another runner works on target `sandbox`: pid {} on {}, since 2026-01-01T00:00:00Z", std::process::id(), host());
        assert_eq!(error.message, wanted);
        drop(lock);
        Lock::acquire(&path, "sandbox", &time).expect("after the first is gone");
    }

    #[test]
    fn a_dead_process_is_not_named_as_the_holder() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("lock");
        let held = File::create(&path).expect("file");
        held.lock().expect("lock");
        // The number of no process: above the greatest that Linux gives.
        let dead = Holder { pid: 4_194_305, host: host(), since: "2026-01-01T00:00:00Z".into() };
        for left in ["", &serde_json::to_string(&dead).expect("text")] {
            fs::write(&path, left).expect("left over");
            let error = Lock::acquire(&path, "sandbox", &Time::simulated(1)).expect_err("held");
            assert_eq!(error.message, "another runner works on target `sandbox`: a process that has only just begun");
        }
    }

    #[test]
    fn what_a_dead_process_left_is_taken_over() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("lock");
        fs::write(&path, "{\"pid\": 1, half a").expect("left over");
        Lock::acquire(&path, "sandbox", &Time::simulated(1)).expect("lock");
        let text = fs::read_to_string(&path).expect("text");
        assert!(serde_json::from_str::<Holder>(&text).is_ok(), "{text}");
    }

    #[test]
    fn a_symbolic_link_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("lock");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).expect("link");
        assert_eq!(Lock::acquire(&path, "sandbox", &Time::simulated(1)).expect_err("link").code, "lock-unusable");
        assert!(!folder.path().join("elsewhere").exists());
    }
}
