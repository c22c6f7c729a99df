//! Where secrets are kept that AWS shows once: in files of the target's state folder, or in memory over them where only a copy is worked on.

use super::Work;
use crate::aws::{Remembered, Secrets};
use crate::error::Error;
use crate::project::SecretFiles;
use crate::step::Failure;
use std::sync::Arc;

struct Files(SecretFiles);

pub(super) fn files(work: &Work) -> Arc<dyn Secrets> {
    Arc::new(Files(work.project.state().secrets(&work.target.name)))
}

/// For a copy of a sandbox's world, in which the keys of the files are; the copy of an AWS has none.
pub(super) fn of_copy(work: &Work) -> Arc<dyn Secrets> {
    Arc::new(if work.target.is_aws() { Remembered::default() } else { Remembered::over(files(work)) })
}

fn failure(error: Error) -> Failure {
    error.hints.into_iter().fold(Failure::fatal(error.code, error.message), Failure::hint)
}

impl Secrets for Files {
    fn path(&self, name: &str) -> String {
        self.0.path(name).display().to_string()
    }

    fn read(&self, name: &str) -> Result<Option<String>, Failure> {
        self.0.read(name).map_err(failure)
    }

    fn put(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.0.put(name, text).map_err(failure)
    }

    fn add(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.0.add(name, text).map_err(failure)
    }

    fn remove(&self, name: &str) -> Result<(), Failure> {
        self.0.remove(name).map_err(failure)
    }
}
