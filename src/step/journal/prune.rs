//! Taking runs out of a journal.
//!
//! A chain of hashes cannot lose a row and stay the same chain, so a pruned journal has a new one, and says so: its first rows tell what
//! was taken out, when, and the hash the chain before it ended with. Whoever kept that hash (`runner journal verify` prints it) sees that
//! this is the same journal, pruned.
//!
//! All of it is one transaction: a crash leaves the old journal or the new one, and a reader sees one of the two. A new file put in the
//! old one's place could meet the write-ahead log of a reader of the old one.

use super::chain::{self, Hash, Row};
use super::entry::{Entry, PrunedRun};
use super::file::unusable;
use super::store::Journal;
use crate::error::Error;
use crate::time::Time;
use rusqlite::{Connection, TransactionBehavior, params};
use std::collections::BTreeSet;

impl Journal {
    /// Takes these runs out, with all that is written of them. To be called under the target's lock.
    pub fn prune(&self, runs: &BTreeSet<String>, time: &Time) -> Result<(), Error> {
        let gone = self.runs()?.into_iter().filter(|run| runs.contains(&run.id));
        let gone = gone.map(|run| PrunedRun { run: run.id, playbook: run.playbook, status: run.status, started: run.started }).collect();
        let mut writer = self.lock();
        let entry = Entry::Pruned { head: hex::encode(writer.head), entries: writer.seq, runs: gone };
        let body = serde_json::to_string(&entry)
            .map_err(|error| Error::failed("internal", "cannot write an entry").cause(error).hint("nothing was taken out"))?;
        let row = Row { seq: 0, run: String::new(), at: time.now().to_string(), kind: entry.kind().into(), body };
        let rewritten = rewrite(&mut writer.connection, self.rollout(), runs, row);
        (writer.seq, writer.head) = rewritten.map_err(|error| unusable(self.file(), &error))?;
        // What was taken out is to be gone from the disk, too.
        let cleaned = writer.connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);");
        cleaned.map_err(|error| unusable(self.file(), &error))
    }
}

/// Replaces all rows: by those of former prunings, of this one, and what is kept. Gives number and hash of the last.
fn rewrite(connection: &mut Connection, rollout: &str, runs: &BTreeSet<String>, pruned: Row) -> rusqlite::Result<(i64, Hash)> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut rows = {
        let mut statement = transaction.prepare("SELECT seq, run, at, kind, body FROM event ORDER BY seq")?;
        statement.query_map([], Row::read)?.collect::<rusqlite::Result<Vec<Row>>>()?
    };
    rows.retain(|row| !runs.contains(&row.run));
    let former = rows.iter().take_while(|row| row.kind == pruned.kind).count();
    rows.insert(former, pruned);
    transaction.execute("DELETE FROM event", [])?;
    let (mut seq, mut head) = (0, chain::first(rollout));
    for row in rows {
        seq += 1;
        let row = Row { seq, ..row };
        head = row.hash(&head);
        row.insert(&transaction, &head)?;
    }
    transaction.execute("UPDATE head SET seq = ?1, hash = ?2", params![seq, head.as_slice()])?;
    transaction.commit()?;
    Ok((seq, head))
}

#[cfg(test)]
mod tests {
    use crate::step::Selection;
    use crate::step::journal::{Entry, Journal, PrunedRun, Record, RunStart, RunStatus};
    use crate::time::Time;
    use serde_json::json;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn start() -> RunStart {
        let text = || "text".to_owned();
        let modules = std::collections::BTreeMap::new();
        RunStart {
            playbook: "p.rhai".into(),
            text: text(),
            modules,
            parameters: json!({}),
            tool_version: "0".into(),
            target: "t".into(),
            account: "1".into(),
            environment: None,
            selection: Selection::default(),
            reason: None,
        }
    }

    /// Three runs, `a` and `b` between one another.
    fn written(path: &Path, time: &Time) -> Journal {
        let journal = Journal::open(path, "t/p").expect("journal");
        let log = |text: &str| Entry::Log { text: text.to_owned(), scope: vec![] };
        let done = || Entry::RunFinished { status: RunStatus::Done };
        let entries = [
            ("a", Entry::RunStarted(start())),
            ("b", Entry::RunStarted(start())),
            ("a", log("only in a")),
            ("b", log("only in b")),
            ("a", done()),
            ("b", done()),
            ("c", Entry::RunStarted(start())),
        ];
        for (run, entry) in entries {
            journal.append(time, run, &entry).expect("append");
        }
        journal
    }

    fn runs(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_is_kept_stays_as_it_was_and_the_new_chain_says_what_went() {
        let folder = tempfile::tempdir().expect("folder");
        let (path, time) = (folder.path().join("p.journal"), Time::simulated(1));
        let journal = written(&path, &time);
        let (former, kept) = (journal.head(), journal.view("b").expect("b"));
        journal.prune(&runs(&["a"]), &time).expect("pruned");
        assert_eq!(journal.view("b").expect("b"), kept);
        assert_eq!(journal.runs().expect("runs").iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["b", "c"]);
        // It can be written to, and opened again.
        journal.append(&time, "c", &Entry::RunFinished { status: RunStatus::Done }).expect("append");
        journal.prune(&runs(&["b"]), &time).expect("pruned again");
        drop(journal);
        let journal = Journal::open(&path, "t/p").expect("sound");
        let sound = journal.verify().expect("sound");
        assert_eq!((sound.entries, sound.runs, sound.pruned), (4, 1, 2));
        let pruned = journal.records("WHERE kind = 'pruned'", &[]).expect("records");
        let [Record { seq: 1, entry: Entry::Pruned { head, entries: 7, runs }, .. }, Record { seq: 2, .. }] = pruned.as_slice() else {
            panic!("{pruned:?}")
        };
        let [PrunedRun { run, status: RunStatus::Done, .. }] = runs.as_slice() else { panic!("{runs:?}") };
        assert_eq!((head, run.as_str()), (&former, "a"));
    }

    #[test]
    fn nothing_that_went_is_left_on_the_disk() {
        let folder = tempfile::tempdir().expect("folder");
        let (path, time) = (folder.path().join("p.journal"), Time::simulated(1));
        let journal = written(&path, &time);
        journal.prune(&runs(&["a"]), &time).expect("pruned");
        let on_disk = || {
            let files =
                std::fs::read_dir(folder.path()).expect("folder").map(|entry| std::fs::read(entry.expect("entry").path()).expect("file"));
            files.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect::<String>()
        };
        assert!(!on_disk().contains("only in a") && on_disk().contains("only in b"));
    }

    #[test]
    fn a_reader_is_in_no_ones_way() {
        let folder = tempfile::tempdir().expect("folder");
        let (path, time) = (folder.path().join("p.journal"), Time::simulated(1));
        let journal = written(&path, &time);
        let reader = Journal::open_existing(&path).expect("reader");
        journal.prune(&runs(&["a"]), &time).expect("pruned");
        assert_eq!(reader.runs().expect("runs").len(), 2);
    }
}
