//! Where secrets are kept that AWS shows once: an access key's, the seed of an MFA device.

use crate::step::Failure;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Files for their owner alone, by names like `111122223333-ana`. What a call that writes has written is durable when it returns.
pub trait Secrets: Send + Sync {
    /// Where a person finds the file.
    fn path(&self, name: &str) -> String;
    /// Nothing when there is no such file.
    fn read(&self, name: &str) -> Result<Option<String>, Failure>;
    /// Puts this text in place of what is there, if anything is; the text holds no secret.
    fn put(&self, name: &str, text: &str) -> Result<(), Failure>;
    /// Adds a text with a secret to a file that is there.
    fn add(&self, name: &str, text: &str) -> Result<(), Failure>;
    /// Takes the file away, if there is one.
    fn remove(&self, name: &str) -> Result<(), Failure>;
}

/// Kept in memory, for worlds that end with the process; perhaps over files, which are read and never written.
#[derive(Default)]
pub struct Remembered {
    beneath: Option<Arc<dyn Secrets>>,
    /// None for a file that was taken away.
    own: Mutex<BTreeMap<String, Option<String>>>,
}

impl Remembered {
    #[must_use]
    pub fn over(beneath: Arc<dyn Secrets>) -> Remembered {
        Remembered { beneath: Some(beneath), own: Mutex::default() }
    }

    fn own(&self) -> MutexGuard<'_, BTreeMap<String, Option<String>>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Secrets for Remembered {
    fn path(&self, name: &str) -> String {
        self.beneath.as_ref().map_or_else(|| name.to_owned(), |beneath| beneath.path(name))
    }

    fn read(&self, name: &str) -> Result<Option<String>, Failure> {
        match (self.own().get(name), &self.beneath) {
            (Some(own), _) => Ok(own.clone()),
            (None, Some(beneath)) => beneath.read(name),
            (None, None) => Ok(None),
        }
    }

    fn put(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.own().insert(name.to_owned(), Some(text.to_owned()));
        Ok(())
    }

    fn add(&self, name: &str, text: &str) -> Result<(), Failure> {
        let before = self.read(name)?.unwrap_or_default();
        self.put(name, &(before + text))
    }

    fn remove(&self, name: &str) -> Result<(), Failure> {
        self.own().insert(name.to_owned(), None);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_beneath_are_read_and_left() {
        let beneath = Arc::new(Remembered::default());
        beneath.put("a", "begun\n").unwrap();
        let copy = Remembered::over(beneath.clone());
        copy.add("a", "secret\n").unwrap();
        copy.put("b", "begun\n").unwrap();
        assert_eq!(copy.read("a").unwrap().as_deref(), Some("begun\nsecret\n"));
        copy.remove("a").unwrap();
        assert_eq!((copy.read("a").unwrap(), beneath.read("b").unwrap()), (None, None));
        assert_eq!(beneath.read("a").unwrap().as_deref(), Some("begun\n"));
    }
}
