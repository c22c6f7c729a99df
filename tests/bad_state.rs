//! A state folder that cannot be written, a journal or a world that is damaged or of a newer runner: refused, and left as it is.

use crate::bad_input::{GOOD, Stage};
use crate::project::Project;
use insta::assert_snapshot;
use std::fs;

#[test]
fn a_state_folder_that_cannot_be_written() {
    let project = Project::new();
    project.write("p.rhai", GOOD);
    let stage = Stage { world: String::new(), project };
    stage.project.write(".runner", "a file");
    assert_snapshot!(stage.told(&["play", "p.rhai"]), @"
    exit 1
    -- stdout
    -- stderr
    error[unwritable-state]: cannot write `FOLDER/.runner/sandbox`
      = caused by: Not a directory (os error 20)
    help: a file is where the folder `.runner` belongs: move it away, or work elsewhere with -C DIR
    explain: runner explain unwritable-state
    ");
    assert_snapshot!(stage.told(&["runs"]), @"
    exit 1
    -- stdout
    -- stderr
    error[unreadable-state]: cannot read `FOLDER/.runner`
      = caused by: Not a directory (os error 20)
    help: a file is where the folder `.runner` belongs: move it away, or work elsewhere with -C DIR
    explain: runner explain unreadable-state
    ");
    assert_eq!(fs::read_to_string(stage.project.path(".runner")).unwrap(), "a file");

    let stage = Stage::new();
    let journal = stage.state(".journal");
    let sound = stage.damages(".journal", "");
    fs::remove_file(&journal).unwrap();
    fs::create_dir(&journal).unwrap();
    assert_snapshot!(stage.told(&["play", "p.rhai"]), @"
    exit 1
    -- stdout
    -- stderr
    error[journal-unusable]: cannot use the journal `FOLDER/.runner/sandbox/p-640f3f80.journal`
      = caused by: unable to open database file: FOLDER/.runner/sandbox/p-640f3f80.journal
    help: make the file and its folder writable for you, then the same command again
    explain: runner explain journal-unusable
    ");
    fs::remove_dir(&journal).unwrap();
    fs::write(&journal, sound).unwrap();
    assert_eq!(stage.world, stage.project.world());
    stage.project.run(&["show"]).ok();
}

#[test]
fn a_damaged_or_newer_journal() {
    let stage = Stage::new();
    let sound = stage.damages(".journal", "UPDATE event SET body = replace(body, 'readers', 'writers') WHERE body LIKE '%readers%'");
    assert_snapshot!(stage.refuses(".journal", &sound, &["runs"]), @"
    exit 1
    -- stdout
    -- stderr
    error[journal-damaged]: the journal `FOLDER/.runner/sandbox/p-640f3f80.journal` is damaged at row 1: the row is not what was written
    help: put a copy from a backup in its place; it is kept as it is
    help: or move it away and play afresh: AWS is looked at, and what is there is kept
    explain: runner explain journal-damaged

    exit 1
    -- stdout
    -- stderr
    error[journal-damaged]: the journal `FOLDER/.runner/sandbox/p-640f3f80.journal` is damaged at row 1: the row is not what was written
    help: put a copy from a backup in its place; it is kept as it is
    help: or move it away and play afresh: AWS is looked at, and what is there is kept
    explain: runner explain journal-damaged
    ");

    let stage = Stage::new();
    let sound = stage.damages(".journal", "");
    fs::write(stage.state(".journal"), &sound[..sound.len() / 2]).unwrap();
    assert_snapshot!(stage.refuses(".journal", &sound, &["show"]), @"
    exit 1
    -- stdout
    -- stderr
    error[journal-damaged]: the journal `FOLDER/.runner/sandbox/p-640f3f80.journal` is damaged in its structure
      = caused by: database disk image is malformed
    help: put a copy from a backup in its place; it is kept as it is
    help: or move it away and play afresh: AWS is looked at, and what is there is kept
    explain: runner explain journal-damaged

    exit 1
    -- stdout
    -- stderr
    error[journal-damaged]: the journal `FOLDER/.runner/sandbox/p-640f3f80.journal` is damaged in its structure
      = caused by: database disk image is malformed
    help: put a copy from a backup in its place; it is kept as it is
    help: or move it away and play afresh: AWS is looked at, and what is there is kept
    explain: runner explain journal-damaged
    ");

    let stage = Stage::new();
    let sound = stage.damages(".journal", "");
    let flipped: Vec<u8> = sound.iter().enumerate().map(|(at, byte)| if (100..200).contains(&at) { !byte } else { *byte }).collect();
    fs::write(stage.state(".journal"), flipped).unwrap();
    assert_snapshot!(stage.refuses(".journal", &sound, &["resume"]), @"
    exit 1
    -- stdout
    -- stderr
    error[journal-damaged]: the journal `FOLDER/.runner/sandbox/p-640f3f80.journal` is damaged in its structure
      = caused by: database disk image is malformed
    help: put a copy from a backup in its place; it is kept as it is
    help: or move it away and play afresh: AWS is looked at, and what is there is kept
    explain: runner explain journal-damaged

    exit 1
    -- stdout
    -- stderr
    error[journal-damaged]: the journal `FOLDER/.runner/sandbox/p-640f3f80.journal` is damaged in its structure
      = caused by: database disk image is malformed
    help: put a copy from a backup in its place; it is kept as it is
    help: or move it away and play afresh: AWS is looked at, and what is there is kept
    explain: runner explain journal-damaged
    ");

    let stage = Stage::new();
    let sound = stage.damages(".journal", "PRAGMA user_version = 99");
    assert_snapshot!(stage.refuses(".journal", &sound, &["runs"]), @"
    exit 1
    -- stdout
    -- stderr
    error[journal-newer]: the journal `FOLDER/.runner/sandbox/p-640f3f80.journal` has format 99, this runner knows formats up to 1
    help: use the runner that wrote it, or a newer one
    explain: runner explain journal-newer

    exit 1
    -- stdout
    -- stderr
    error[journal-newer]: the journal `FOLDER/.runner/sandbox/p-640f3f80.journal` has format 99, this runner knows formats up to 1
    help: use the runner that wrote it, or a newer one
    explain: runner explain journal-newer
    ");
}

#[test]
fn a_damaged_or_newer_world() {
    let stage = Stage::new();
    let sound = stage.damages("world.sqlite", "UPDATE rows SET json = '{' WHERE kind = 'organization'");
    assert_snapshot!(stage.refuses("world.sqlite", &sound, &["sandbox", "show"]), @"
    exit 1
    -- stdout
    -- stderr
    error[world-damaged]: the sandbox in `FOLDER/.runner/sandbox/world.sqlite` is damaged at row `organization` ``
      = caused by: EOF while parsing an object at line 1 column 1
    help: restore the file from a copy, or begin anew with `runner sandbox reset`; it was left as it is
    explain: runner explain world-damaged

    exit 1
    -- stdout
    -- stderr
    error[world-damaged]: the sandbox in `FOLDER/.runner/sandbox/world.sqlite` is damaged at row `organization` ``
      = caused by: EOF while parsing an object at line 1 column 1
    help: restore the file from a copy, or begin anew with `runner sandbox reset`; it was left as it is
    explain: runner explain world-damaged
    ");

    let stage = Stage::new();
    let sound = stage.damages("world.sqlite", "PRAGMA user_version = 99");
    assert_snapshot!(stage.refuses("world.sqlite", &sound, &["sandbox", "show"]), @"
    exit 1
    -- stdout
    -- stderr
    error[world-newer]: the sandbox in `FOLDER/.runner/sandbox/world.sqlite` has version 99, this runner knows 1
    help: use the runner that made it, or begin anew with `runner sandbox reset`
    explain: runner explain world-newer

    exit 1
    -- stdout
    -- stderr
    error[world-newer]: the sandbox in `FOLDER/.runner/sandbox/world.sqlite` has version 99, this runner knows 1
    help: use the runner that made it, or begin anew with `runner sandbox reset`
    explain: runner explain world-newer
    ");

    let stage = Stage::new();
    let sound = stage.damages("world.sqlite", "");
    fs::write(stage.state("world.sqlite"), "not a database, by no means one").unwrap();
    assert_snapshot!(stage.refuses("world.sqlite", &sound, &["sandbox", "show"]), @"
    exit 1
    -- stdout
    -- stderr
    error[world-damaged]: the sandbox in `FOLDER/.runner/sandbox/world.sqlite` is damaged at the header
      = caused by: file is not a database
    help: restore the file from a copy, or begin anew with `runner sandbox reset`; it was left as it is
    explain: runner explain world-damaged

    exit 1
    -- stdout
    -- stderr
    error[world-damaged]: the sandbox in `FOLDER/.runner/sandbox/world.sqlite` is damaged at the header
      = caused by: file is not a database
    help: restore the file from a copy, or begin anew with `runner sandbox reset`; it was left as it is
    explain: runner explain world-damaged
    ");
}
