//! Finds the project a command works in: the nearest folder upwards with a `runner.toml`.

use super::config::Config;
use super::state::State;
use crate::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub const FILE: &str = "runner.toml";

#[derive(Clone, Debug)]
pub struct Project {
    /// The folder of `runner.toml`, or the one the command was started in.
    pub root: PathBuf,
    /// The folder relative paths on the command line start from.
    pub folder: PathBuf,
    pub config: Config,
}

impl Project {
    /// The folder to work in: the one given, else the current one; absolute.
    pub fn folder(given: Option<&Path>) -> Result<PathBuf, Error> {
        let folder = given.unwrap_or(Path::new("."));
        fs::canonicalize(folder).map_err(|error| {
            Error::usage("no-folder", format!("cannot enter `{}`", folder.display())).cause(error).hint("give an existing folder with -C")
        })
    }

    /// Walks up from `folder`; without a `runner.toml` anywhere, `folder` itself is the project, with the sandbox as its only target.
    pub fn find(folder: &Path) -> Result<Project, Error> {
        let folder = Project::folder(Some(folder))?;
        for root in folder.ancestors() {
            let file = root.join(FILE);
            match fs::read_to_string(&file) {
                Ok(text) => {
                    let shown = file.strip_prefix(&folder).unwrap_or(&file);
                    let config = Config::parse(&shown.display().to_string(), &text)?;
                    return Ok(Project { root: root.to_owned(), folder, config });
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(Error::usage("unreadable-config", format!("cannot read `{}`", file.display()))
                        .cause(error)
                        .hint("make it a readable UTF-8 file, or work elsewhere with -C DIR"));
                }
            }
        }
        Ok(Project { root: folder.clone(), folder, config: Config::default() })
    }

    #[must_use]
    pub fn state(&self) -> State {
        State::new(&self.root)
    }

    /// A path from the command line, made absolute.
    #[must_use]
    pub fn path(&self, given: &Path) -> PathBuf {
        self.folder.join(given)
    }

    /// How a playbook is named in rollouts: its path below the project, else its whole path; `/` between the parts.
    pub fn playbook_name(&self, playbook: &Path) -> Result<String, Error> {
        let path = fs::canonicalize(self.path(playbook)).map_err(|error| {
            Error::usage("no-playbook", format!("cannot open the playbook `{}`", playbook.display()))
                .cause(error)
                .hint("`runner list` shows the playbooks of this project")
        })?;
        let below = path.strip_prefix(&self.root).unwrap_or(&path);
        Ok(below.to_string_lossy().replace('\\', "/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_up_to_the_nearest_file() {
        let top = tempfile::tempdir().unwrap();
        let inner = top.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(top.path().join(FILE), "[targets.prod]\nkind = \"aws\"\n").unwrap();
        fs::write(inner.join("x.rhai"), "").unwrap();
        let project = Project::find(&inner).unwrap();
        assert_eq!(project.root, fs::canonicalize(top.path()).unwrap());
        assert!(project.config.targets.contains_key("prod"));
        assert_eq!(project.playbook_name(Path::new("x.rhai")).unwrap(), "a/b/x.rhai");
        assert_eq!(project.playbook_name(Path::new("y.rhai")).unwrap_err().code, "no-playbook");
    }

    #[test]
    fn a_missing_folder_and_a_broken_file_are_usage_errors() {
        let top = tempfile::tempdir().unwrap();
        assert_eq!(Project::find(&top.path().join("none")).unwrap_err().code, "no-folder");
        fs::write(top.path().join(FILE), [0xff, 0xfe]).unwrap();
        assert_eq!(Project::find(top.path()).unwrap_err().code, "unreadable-config");
        fs::write(top.path().join(FILE), "targets = 1").unwrap();
        let error = Project::find(top.path()).unwrap_err();
        assert_eq!((&*error.code, error.place.map(|place| place.file)), ("bad-config", Some(FILE.into())));
    }
}
