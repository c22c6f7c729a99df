//! Files with secrets that AWS shows once, in the folder `credentials` of a target: 0600 in a folder of 0700, synced before they count.

use crate::error::Error;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Paths only; nothing is made before something is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct SecretFiles {
    folder: PathBuf,
}

impl SecretFiles {
    pub(super) fn new(folder: PathBuf) -> SecretFiles {
        SecretFiles { folder }
    }

    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn read(&self, name: &str) -> Result<Option<String>, Error> {
        let path = self.path(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &path, &error)),
        }
    }

    /// Puts a text without secrets in place of what is there. It stands beside it for a moment, so that the file is never half of it.
    pub fn put(&self, name: &str, text: &str) -> Result<(), Error> {
        let (path, new) = (self.path(name), self.path(&format!(".new-{name}")));
        let write = || {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
            let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            self.sync()
        };
        write().map_err(|error| failed("write", &path, &error))
    }

    /// Adds a text with a secret to a file that `put` has made.
    pub fn add(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.path(name);
        let write = || {
            let mut file = OpenOptions::new().append(true).open(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error| failed("write", &path, &error))
    }

    pub fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Ok(()) => self.sync().map_err(|error| failed("remove", &path, &error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed("remove", &path, &error)),
        }
    }

    /// Makes names in the folder, and its own, durable.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()?;
        self.folder.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
    }
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::failed("secret-file", format!("cannot {what} `{}`: {error}", path.display())).hint(match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full: make room",
        _ => "a secret that AWS shows once is kept there: make file and folder readable and writable for you",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_are_private_and_whole() {
        let root = tempfile::tempdir().unwrap();
        let files = SecretFiles::new(root.path().join("credentials"));
        assert_eq!(files.read("a").unwrap(), None);
        files.remove("a").unwrap();
        files.put("a", "begun and longer\n").unwrap();
        files.put("a", "begun\n").unwrap();
        files.add("a", "secret\n").unwrap();
        assert_eq!(files.read("a").unwrap().as_deref(), Some("begun\nsecret\n"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&files.folder), mode(&files.path("a"))), (0o700, 0o600));
        assert_eq!(fs::read_dir(&files.folder).unwrap().count(), 1, "nothing is left beside it");
        files.remove("a").unwrap();
        assert_eq!(files.read("a").unwrap(), None);
    }

    #[test]
    fn a_secret_is_added_to_no_other_file() {
        let root = tempfile::tempdir().unwrap();
        let files = SecretFiles::new(root.path().join("credentials"));
        let error = files.add("a", "secret\n").unwrap_err();
        assert_eq!(error.code, "secret-file");
        fs::write(root.path().join("credentials"), "a file").unwrap();
        assert!(files.put("a", "begun\n").unwrap_err().message.contains("cannot write"));
    }
}
