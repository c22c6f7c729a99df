//! The binary on a terminal, with somebody who types.

use crate::project::{Ended, Project};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;

/// Runs it, and types the next of the answers whenever `question` stands there; an empty line once there are no more. `stderr` is all that
/// was shown.
pub(crate) fn run(project: &Project, args: &[&str], question: &str, answers: &[String]) -> Ended {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let not_ours = OpenptFlags::NOCTTY.bits().cast_signed();
    let theirs =
        OpenOptions::new().read(true).write(true).custom_flags(not_ours).open(std::ffi::OsStr::from_bytes(name.as_bytes())).unwrap();
    let mut command = project.command(args);
    command.stdin(Stdio::from(theirs.try_clone().unwrap())).stderr(Stdio::from(theirs)).stdout(Stdio::piped());
    let child = command.spawn().unwrap();
    // Holds the other end of the terminal, which must close when the program ends.
    drop(command);
    let mut ours = File::from(ours);
    let (mut shown, mut answered) = (String::new(), 0);
    let mut piece = [0; 4096];
    // The end of a terminal is an error (EIO).
    while let Ok(length @ 1..) = ours.read(&mut piece) {
        shown += &String::from_utf8_lossy(&piece[..length]);
        while shown.matches(question).count() > answered {
            let answer = answers.get(answered).map_or("", String::as_str);
            writeln!(ours, "{answer}").unwrap();
            answered += 1;
        }
    }
    let output = child.wait_with_output().unwrap();
    Ended { code: output.status.code(), stdout: String::from_utf8(output.stdout).unwrap(), stderr: shown }
}
