//! A folder of its own for one test, and the real binary run in it with a cleared environment.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

pub(crate) struct Project {
    folder: tempfile::TempDir,
    /// All of the environment that the binary sees, beside `HOME`.
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// How a run of the binary ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    /// An empty folder with the repository's `runner.toml`.
    pub(crate) fn new() -> Project {
        let project = Project { folder: tempfile::tempdir().unwrap(), environment: Vec::new() };
        fs::copy(repository().join("runner.toml"), project.path("runner.toml")).unwrap();
        project
    }

    /// With the shipped playbooks in `playbooks/`.
    pub(crate) fn with_playbooks() -> Project {
        let project = Project::new();
        fs::create_dir(project.path("playbooks")).unwrap();
        for entry in fs::read_dir(repository().join("playbooks")).unwrap() {
            let from = entry.unwrap().path();
            fs::copy(&from, project.path("playbooks").join(from.file_name().unwrap())).unwrap();
        }
        project
    }

    /// Another one with all that is in this one.
    pub(crate) fn copy(&self) -> Project {
        let project = Project { folder: tempfile::tempdir().unwrap(), environment: self.environment.clone() };
        copy(self.folder.path(), project.folder.path());
        project
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub(crate) fn write(&self, relative: &str, text: &str) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
        command.args(args).current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path()).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).output().unwrap())
    }

    /// As `run`, below strace with these options of its own.
    pub(crate) fn traced(&self, options: &[&str], args: &[&str]) -> Ended {
        let run = self.command(args);
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq"]).args(options).arg(run.get_program()).args(run.get_args()).current_dir(self.folder.path()).env_clear();
        strace.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
        Ended::of(strace.output().expect("this needs strace (Debian: apt-get install strace)"))
    }

    /// As `run`, on a terminal on which this is typed; what it shows is all in `stdout`.
    pub(crate) fn on_terminal(&self, args: &[&str], typed: &str) -> Ended {
        let run = self.command(args);
        let words: Vec<String> =
            std::iter::once(run.get_program()).chain(run.get_args()).map(|word| format!("'{}'", word.to_str().unwrap())).collect();
        let mut script = Command::new("script");
        script.args(["-qec", &words.join(" "), "/dev/null"]).current_dir(self.folder.path()).env_clear();
        script.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().expect("this needs script (of util-linux)");
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        Ended::of(child.wait_with_output().unwrap())
    }

    /// The sandbox's estate in canonical form.
    pub(crate) fn world(&self) -> String {
        self.run(&["sandbox", "show", "--output", "json"]).ok().stdout
    }

    /// Starts the binary and kills it (SIGKILL) as soon as it has written `lines` lines of talk. Whether it was still alive then.
    pub(crate) fn kill_after(&self, args: &[&str], lines: usize) -> bool {
        let mut child = self.command(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut talk = talk_of(&mut child);
        let mut line = String::new();
        for _ in 0..lines {
            line.clear();
            if talk.read_line(&mut line).unwrap() == 0 {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap().code().is_none()
    }
}

impl Ended {
    pub(crate) fn of(output: Output) -> Ended {
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts exit code 0.
    #[track_caller]
    pub(crate) fn ok(self) -> Ended {
        self.exits(0)
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Ended {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

pub(crate) fn talk_of(child: &mut Child) -> BufReader<ChildStderr> {
    BufReader::new(child.stderr.take().unwrap())
}

pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
