//! The state directory `.runner`: `<target>/lock`, `<target>/lease-<account>` (aws), `<target>/world.sqlite` (sandbox) `<target>/<rollout>.journal`,
//! `<target>/logs/<run>.log` and `<target>/credentials`.

use super::secrets::SecretFiles;
use crate::error::Error;
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const JOURNAL: &str = "journal";

/// Paths only; nothing is made before something is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    folder: PathBuf,
}

impl State {
    pub(super) fn new(root: &Path) -> State {
        State { folder: root.join(".runner") }
    }

    /// The folder of a target.
    #[must_use]
    pub fn target(&self, target: &str) -> PathBuf {
        self.folder.join(target)
    }

    #[must_use]
    pub fn lock(&self, target: &str) -> PathBuf {
        self.target(target).join("lock")
    }

    /// What is remembered of the lease in the target's own account.
    #[must_use]
    pub fn lease(&self, target: &str, account: &str) -> PathBuf {
        self.target(target).join(format!("lease-{account}"))
    }

    /// Whether a lease of the target is remembered.
    #[must_use]
    pub fn has_lease(&self, target: &str) -> bool {
        let mut files = fs::read_dir(self.target(target)).into_iter().flatten().flatten();
        files.any(|file| file.file_name().to_string_lossy().starts_with("lease-"))
    }

    #[must_use]
    pub fn world(&self, target: &str) -> PathBuf {
        self.target(target).join("world.sqlite")
    }

    /// The journal of a rollout (target, playbook, environment). `playbook` is its name in the project.
    #[must_use]
    pub fn journal(&self, target: &str, playbook: &str, environment: Option<&str>) -> PathBuf {
        self.target(target).join(format!("{}.{JOURNAL}", rollout(playbook, environment)))
    }

    /// The debug log of a run.
    #[must_use]
    pub fn log(&self, target: &str, run: &str) -> PathBuf {
        self.logs(target).join(format!("{run}.log"))
    }

    #[must_use]
    pub fn logs(&self, target: &str) -> PathBuf {
        self.target(target).join("logs")
    }

    /// Where secrets are kept that AWS shows once.
    #[must_use]
    pub fn secrets(&self, target: &str) -> SecretFiles {
        SecretFiles::new(self.credentials(target))
    }

    #[must_use]
    pub fn credentials(&self, target: &str) -> PathBuf {
        self.target(target).join("credentials")
    }

    /// Makes the folder of a target, for its owner alone.
    pub fn create(&self, target: &str) -> Result<PathBuf, Error> {
        let folder = self.target(target);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| unwritable(&folder, &error))?;
        // Journals name accounts and people: keep them out of a repository.
        let ignore = self.folder.join(".gitignore");
        if private_file(&ignore)? {
            fs::write(&ignore, "*\n").map_err(|error| unwritable(&ignore, &error))?;
        }
        // A folder that was there before may be of someone else or read-only.
        let probe = folder.join(".writable");
        OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&probe).map_err(|error| unwritable(&folder, &error))?;
        fs::remove_file(&probe).map_err(|error| unwritable(&folder, &error))?;
        Ok(folder)
    }

    /// All journals with the name of their target, sorted; of one target, or of all.
    pub fn journals(&self, target: Option<&str>) -> Result<Vec<(String, PathBuf)>, Error> {
        let targets = match target {
            Some(name) => vec![name.to_owned()],
            None => names(&self.folder)?,
        };
        let mut journals = Vec::new();
        for target in targets {
            let folder = self.target(&target);
            if folder.is_file() {
                continue;
            }
            for file in names(&folder)? {
                let path = folder.join(file);
                if path.extension().is_some_and(|extension| extension == JOURNAL) {
                    journals.push((target.clone(), path));
                }
            }
        }
        Ok(journals)
    }
}

/// Makes an empty file for its owner alone if there is none; says whether it did.
pub fn private_file(path: &Path) -> Result<bool, Error> {
    match OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).and_then(|mut file| file.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(unwritable(path, &error)),
    }
}

/// Sorted entries of a folder; none when it is not there.
fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let unreadable = |error: std::io::Error| {
        Error::failed("unreadable-state", format!("cannot read `{}`", folder.display())).cause(&error).hint(match error.kind() {
            ErrorKind::NotADirectory => "a file is where the folder `.runner` belongs: move it away, or work elsewhere with -C DIR",
            _ => "make the folder readable for you, or work elsewhere with -C DIR",
        })
    };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// What is below the state folder, or the folder itself, cannot be written.
#[must_use]
pub fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::failed("unwritable-state", format!("cannot write `{}`", path.display())).cause(error).hint(match error.kind() {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a file is where the folder `.runner` belongs: move it away, or work elsewhere with -C DIR"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "the disk is full, and the journal must be written before AWS is changed: make room, then the same command again"
        }
        _ => "the journal must be written before AWS is changed: make the folder writable, or work elsewhere with -C DIR",
    })
}

/// File name of a rollout: readable, and different for playbooks of the same name in other folders.
fn rollout(playbook: &str, environment: Option<&str>) -> String {
    let stem = Path::new(playbook).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let stem: String = stem.chars().take(60).map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' }).collect();
    let digest = hex::encode(&Sha256::digest(playbook.as_bytes())[..4]);
    match environment {
        Some(environment) => format!("{stem}@{environment}-{digest}"),
        None => format!("{stem}-{digest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn rollouts_have_names_of_their_own() {
        let names = [
            rollout("playbooks/multi-account.rhai", None),
            rollout("playbooks/multi-account.rhai", Some("stage")),
            rollout("old/multi-account.rhai", None),
        ];
        assert!(names[0].starts_with("multi-account-") && names[1].starts_with("multi-account@stage-"));
        assert!(names[0] != names[2]);
        assert!(rollout("../../a b\n.rhai", None).starts_with("a_b_-"));
    }

    #[test]
    fn state_is_private_and_listed() {
        let root = tempfile::tempdir().unwrap();
        let state = State::new(root.path());
        assert_eq!(state.journals(None).unwrap(), []);
        let folder = state.create("prod").unwrap();
        state.create("prod").unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        let journal = state.journal("prod", "a.rhai", None);
        assert!(private_file(&journal).unwrap() && !private_file(&journal).unwrap());
        assert_eq!(fs::metadata(&journal).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(state.journals(None).unwrap(), [("prod".to_owned(), journal)]);
        assert_eq!(state.journals(Some("other")).unwrap(), []);
    }

    #[test]
    fn a_state_directory_that_cannot_be_made_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(".runner"), "a file").unwrap();
        let error = State::new(root.path()).create("prod").unwrap_err();
        assert_eq!((&*error.code, error.hints.len()), ("unwritable-state", 1));
        let full = unwritable(root.path(), &ErrorKind::StorageFull.into());
        assert!(full.hints[0].contains("make room"), "{full:?}");
    }
}
