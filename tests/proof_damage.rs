//! The journal of a real play, damaged in every way: refused with the place, or opened as it was and resumed.

use crate::project::Project;
use crate::proof::stride;
use crate::proof_kill::go_on;
use runner::step::Journal;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const PLAY: [&str; 2] = ["play", "playbooks/multi-account.rhai"];

/// A project whose five accounts are made, and its journal in one file.
struct Specimen {
    project: Project,
    world: String,
}

impl Specimen {
    fn new() -> Specimen {
        let project = Project::with_playbooks();
        project.run(&PLAY).ok();
        run(&journal_of(&project), "PRAGMA wal_checkpoint(TRUNCATE)");
        let world = project.world();
        Specimen { project, world }
    }

    fn journal(&self) -> PathBuf {
        journal_of(&self.project)
    }

    /// As if the machine had gone down before the rows behind the `keep`th were on the disk. The world is that of the whole play.
    fn without_tail(&self, keep: usize) -> Project {
        let project = self.project.copy();
        let head = format!("UPDATE head SET seq = {keep}, hash = (SELECT hash FROM event WHERE seq = {keep})");
        run(
            &journal_of(&project),
            &format!("BEGIN; DELETE FROM event WHERE seq > {keep}; {head}; COMMIT; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"),
        );
        project
    }
}

fn journal_of(project: &Project) -> PathBuf {
    let mut files = fs::read_dir(project.path(".runner/sandbox")).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|extension| extension == "journal")).unwrap()
}

fn run(journal: &Path, sql: &str) {
    Connection::open(journal).unwrap().execute_batch(sql).unwrap();
}

/// Hash and body of each row.
fn rows(journal: &Path) -> Vec<(Vec<u8>, String)> {
    let connection = Connection::open(journal).unwrap();
    let mut statement = connection.prepare("SELECT hash, body FROM event ORDER BY seq").unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// A place for damaged copies.
struct Copies {
    folder: tempfile::TempDir,
}

impl Copies {
    fn new() -> Copies {
        Copies { folder: tempfile::tempdir().unwrap() }
    }

    /// A copy with these bytes and this write-ahead log.
    fn write(&self, bytes: &[u8], log: Option<&[u8]>) -> PathBuf {
        let path = self.folder.path().join("copy.journal");
        for file in fs::read_dir(self.folder.path()).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        fs::write(&path, bytes).unwrap();
        if let Some(log) = log {
            fs::write(self.folder.path().join("copy.journal-wal"), log).unwrap();
        }
        path
    }
}

/// The head of a journal that opens; else the error's code, which must come with a place.
fn opened(path: &Path, what: &str) -> Result<String, String> {
    Journal::open_existing(path).map(|journal| journal.head()).map_err(|error| {
        let placed = [" at row ", " in its structure", " from its beginning"].iter().any(|place| error.message.contains(place));
        // A flip in the header may make it another program's file, or a newer runner's.
        let named = matches!(&*error.code, "journal-foreign" | "journal-newer");
        assert!((error.code == "journal-damaged" && placed) || named, "{what}: {error:?}");
        error.code.to_string()
    })
}

#[test]
fn rows_altered_dropped_or_swapped() {
    let specimen = Specimen::new();
    let (bytes, count) = (fs::read(specimen.journal()).unwrap(), rows(&specimen.journal()).len());
    let copies = Copies::new();
    let tried = stride("rows altered, dropped, swapped", count, 15);
    for row in tried.iter().map(|row| row + 1) {
        let mut damages: Vec<String> =
            ["run", "at", "kind", "body"].map(|field| format!("UPDATE event SET {field} = {field} || ' ' WHERE seq = {row}")).into();
        damages.push(format!("UPDATE event SET hash = zeroblob(32) WHERE seq = {row}"));
        damages.push(format!("DELETE FROM event WHERE seq = {row}"));
        if row < count {
            let after = row + 1;
            damages.push(format!(
                "UPDATE event SET seq = -1 WHERE seq = {row}; UPDATE event SET seq = {row} WHERE seq = {after}; UPDATE event SET seq = {after} WHERE seq = -1"
            ));
        }
        for damage in damages {
            let copy = copies.write(&bytes, None);
            run(&copy, &damage);
            let error = Journal::open_existing(&copy).map(drop).expect_err(&damage);
            assert!(error.code == "journal-damaged" && error.message.contains(&format!(" at row {row}: ")), "{damage}: {error:?}");
        }
    }
    println!("proof: {} of {count} rows altered (5 ways), dropped, swapped with the next: each refused with its row", tried.len());
}

#[test]
fn flipped_bits() {
    let specimen = Specimen::new();
    let count = rows(&specimen.journal()).len();
    // Of a run that is to be resumed.
    let unfinished = specimen.without_tail(count * 3 / 5);
    let (bytes, copies) = (fs::read(journal_of(&unfinished)).unwrap(), Copies::new());
    let sound = opened(&copies.write(&bytes, None), "the sound one").unwrap();
    let (mut refused, mut harmless) = (BTreeMap::new(), Vec::new());
    let tried = stride("bit flips", 10_000, 400);
    for flip in &tried {
        let bit = flip * bytes.len() * 8 / 10_000;
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match opened(&copies.write(&flipped, None), &format!("bit {bit}")) {
            Ok(head) => {
                assert_eq!(head, sound, "bit {bit}");
                harmless.push(bit);
            }
            Err(code) => *refused.entry(code).or_insert(0) += 1,
        }
    }
    // All that is read of these is what was written, to the last byte; some of them are resumed, too.
    let resumed = stride("bit flips in bytes that are not read, resumed", harmless.len().min(100), 3);
    for harmless in resumed.iter().map(|number| harmless[number * harmless.len() / harmless.len().min(100)]) {
        let project = unfinished.copy();
        let mut flipped = bytes.clone();
        flipped[harmless / 8] ^= 1 << (harmless % 8);
        fs::write(journal_of(&project), flipped).unwrap();
        project.run(&["resume"]).ok();
        assert_eq!(project.world(), specimen.world, "bit {harmless}");
        project.run(&["journal", "verify"]).ok();
    }
    println!(
        "proof: {} bit flips of a journal of {} bytes: refused with the place {refused:?}, opened as it was {}, of these resumed {}",
        tried.len(),
        bytes.len(),
        harmless.len(),
        resumed.len()
    );
}

#[test]
fn cut_anywhere() {
    let specimen = Specimen::new();
    let (bytes, copies) = (fs::read(specimen.journal()).unwrap(), Copies::new());
    let rows = rows(&specimen.journal());
    // A row ends with its hash.
    let end = |row: usize| bytes.windows(32).position(|window| window == rows[row].0).unwrap() + 32;
    let boundaries = (0..rows.len()).flat_map(|row| [end(row) - 1, end(row), end(row) + 1]);
    let inside = [1, 2, 3].into_iter().flat_map(|quarter| {
        let row = rows.len() * quarter / 4;
        end(row) - rows[row].1.len().min(end(row))..end(row)
    });
    let cuts: Vec<usize> = boundaries.chain(inside).filter(|cut| *cut < bytes.len()).collect();
    let tried = stride("the file cut at each row and through three", cuts.len(), 100);
    for cut in tried.iter().map(|number| cuts[*number]) {
        let opened = opened(&copies.write(&bytes[..cut], None), &format!("cut at {cut}"));
        assert!(opened.is_err(), "cut at {cut} of {}: nothing is missing?", bytes.len());
    }
    println!("proof: the file cut at {} of {} places at and in rows: each refused with the place", tried.len(), cuts.len());
}

#[test]
fn the_log_cut_anywhere_and_resumed() {
    let wanted = Specimen::new().world;
    // Killed, so that most of it is still in SQLite's write-ahead log.
    let killed = Project::with_playbooks();
    assert!(killed.kill_after(&PLAY, 20), "over before it was killed");
    let journal = journal_of(&killed);
    let log_path = journal.with_extension("journal-wal");
    let (bytes, log) = (fs::read(&journal).unwrap(), fs::read(&log_path).unwrap());
    let copies = Copies::new();
    let mut heads: Vec<String> = rows(&copies.write(&bytes, Some(&log))).into_iter().map(|(hash, _)| hex::encode(hash)).collect();
    heads.push(opened(&copies.write(&bytes, None), "without its log").unwrap());
    // A frame is a page of 4,096 bytes behind its header of 24; the log's header has 32 (SQLite's file format, section 4.1).
    let frames: Vec<usize> = (32..=log.len()).step_by(24 + 4096).collect();
    assert!(frames.len() > 60, "{} frames", frames.len());
    let boundaries = frames.iter().flat_map(|start| [start - 1, *start, start + 1]);
    let inside = [1, 2, 3].into_iter().flat_map(|quarter| frames[frames.len() * quarter / 4]..frames[frames.len() * quarter / 4 + 1]);
    let cuts: Vec<usize> = boundaries.chain(inside).filter(|cut| *cut <= log.len()).collect();
    let tried = stride("the write-ahead log cut at each frame and through three", cuts.len(), 100);
    for cut in tried.iter().map(|number| cuts[*number]) {
        let head = opened(&copies.write(&bytes, Some(&log[..cut])), &format!("log cut at {cut}"));
        assert!(head.as_ref().is_ok_and(|head| heads.contains(head)), "log cut at {cut}: {head:?}");
    }
    let resumed = stride("the write-ahead log cut at a frame, resumed", frames.len(), 5);
    for cut in resumed.iter().map(|frame| frames[*frame]) {
        let project = killed.copy();
        fs::write(journal_of(&project).with_extension("journal-wal"), &log[..cut]).unwrap();
        fs::remove_file(journal_of(&project).with_extension("journal-shm")).unwrap();
        go_on(&project, &PLAY);
        assert_eq!(project.world(), wanted, "log cut at {cut}");
    }
    println!(
        "proof: the log cut at {} of {} places: each a journal of fewer rows; resumed from {} of {} frames: the same world",
        tried.len(),
        cuts.len(),
        resumed.len(),
        frames.len()
    );
}

#[test]
fn a_lost_tail() {
    let specimen = Specimen::new();
    let count = rows(&specimen.journal()).len();
    let tried = stride("a lost tail, resumed", count, 10);
    for keep in tried.iter().map(|row| row + 1) {
        let project = specimen.without_tail(keep);
        go_on(&project, &PLAY);
        assert_eq!(project.world(), specimen.world, "only {keep} of {count} rows were kept");
    }
    println!(
        "proof: the last rows lost behind each of {} of {count}, on a world ahead of the journal: the same world, no second account",
        tried.len()
    );
}
