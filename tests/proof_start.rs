//! Two processes started at once on one target.

use crate::project::{Ended, Project};
use crate::proof::stride;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;

#[test]
fn of_two_one_wins_and_a_killed_winner_holds_nothing() {
    let project = Project::new();
    project.write("p.rhai", "organization().create_organization();\n");
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let starts = stride("double starts", 200, 20).len();
    for start in 0..starts {
        let (over, ended) = channel();
        let pids = [(); 2].map(|()| {
            // Serves, and so holds the target, until it is killed.
            let child = project.command(&["sandbox", "serve"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let (pid, over) = (child.id(), over.clone());
            std::thread::spawn(move || over.send((pid, Ended::of(child.wait_with_output().unwrap()))));
            pid
        });
        let (loser, refused) = ended.recv().unwrap();
        let winner = if pids[0] == loser { pids[1] } else { pids[0] };
        let refused = refused.exits(7);
        let named = format!("another runner works on target `sandbox`: pid {winner} on {}, since ", host.trim());
        assert!(refused.stderr.contains(&named), "start {start}: the holder is {winner}: {}", refused.stderr);
        assert!(Command::new("kill").args(["-KILL", &winner.to_string()]).status().unwrap().success());
        let (last, killed) = ended.recv().unwrap();
        assert_eq!((last, killed.code), (winner, None), "start {start}: the winner ended by itself: {}", killed.stderr);
        project.run(&["play", "p.rhai"]).ok();
    }
    println!("proof: {starts} double starts: one winner each, the other exits 7 and names it; after its SIGKILL the next plays at once");
}
