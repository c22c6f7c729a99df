//! The journal's file: SQLite with a chain of hashes, one writer that commits in groups.
//!
//! Every caller puts its entry in a queue and then asks for the connection; who gets it commits all that is queued by then. So
//! entries that come together share one `fsync`, there is no thread to stop, and simulated time needs nothing of its own.

use super::chain::{self, Hash, Row};
use super::entry::{Entry, Record};
use super::file::{self, damaged, unusable};
use super::schema::{self, APPLICATION_ID, SCHEMA_VERSION};
use crate::error::Error;
use crate::time::{NoYield, Stop, Time};
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Why an entry is not in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The simulated process is dead.
    Stopped(Stop),
    /// The disk said no, now or at an earlier entry: nothing more is written, so nothing more may be sent.
    Failed(String),
}

/// The journal of one rollout. Clones share it.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    rollout: String,
    /// What errors call it.
    name: String,
    queue: Mutex<Vec<Queued>>,
    writer: Mutex<Writer>,
    /// The first failed write; from then on nothing is written.
    broken: OnceLock<String>,
}

struct Queued {
    run: String,
    at: String,
    kind: &'static str,
    body: String,
    written: Arc<OnceLock<Result<(), String>>>,
}

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) seq: i64,
    pub(super) head: Hash,
}

impl Journal {
    /// Opens the file, or makes it (0600, its folder 0700). The whole chain is verified.
    pub fn open(path: &Path, rollout: &str) -> Result<Journal, Error> {
        let path = file::present(path, rollout)?;
        let connection = file::open(&path, OpenFlags::SQLITE_OPEN_NOFOLLOW)?;
        // What SQLite may not write it opens for reading, and would say so at the first row.
        if connection.is_readonly("main").map_err(|error| unusable(&path.display().to_string(), &error))? {
            return Err(file::read_only(&path));
        }
        Journal::over(connection, path.display().to_string(), Some(rollout))
    }

    /// Opens an existing file to read from it, perhaps while a run writes to it.
    pub fn open_existing(path: &Path) -> Result<Journal, Error> {
        Journal::over(file::open(path, OpenFlags::empty())?, path.display().to_string(), None)
    }

    /// A journal that ends with the process: rehearsals and tests.
    pub fn in_memory(rollout: &str) -> Result<Journal, Error> {
        let created = Connection::open_in_memory().and_then(|mut connection| {
            schema::create(&mut connection, rollout)?;
            Ok(connection)
        });
        Journal::over(created.map_err(|error| unusable("in memory", &error))?, "in memory".into(), Some(rollout))
    }

    fn over(connection: Connection, name: String, rollout: Option<&str>) -> Result<Journal, Error> {
        // A file that is not ours is left as it is.
        connection.busy_timeout(Duration::from_secs(5)).map_err(|error| unusable(&name, &error))?;
        let application: i32 = pragma(&connection, "application_id").map_err(|error| unusable(&name, &error))?;
        let version: i32 = pragma(&connection, "user_version").map_err(|error| unusable(&name, &error))?;
        match (application, version) {
            (APPLICATION_ID, SCHEMA_VERSION) => {}
            (APPLICATION_ID, newer) if newer > SCHEMA_VERSION => {
                let message = format!("the journal `{name}` has format {newer}, this runner knows formats up to {SCHEMA_VERSION}");
                return Err(Error::failed("journal-newer", message).hint("use the runner that wrote it, or a newer one"));
            }
            _ => {
                let message = format!("`{name}` is not a journal of runner");
                return Err(Error::failed("journal-foreign", message).hint("move the file away, if it should not be there"));
            }
        }
        prepare_connection(&connection).map_err(|error| unusable(&name, &error))?;
        let stored: String =
            connection.query_row("SELECT rollout FROM journal", [], |row| row.get(0)).map_err(|error| unusable(&name, &error))?;
        if let Some(rollout) = rollout.filter(|rollout| *rollout != stored) {
            let message = format!("the journal `{name}` belongs to `{stored}`, not to `{rollout}`");
            return Err(Error::failed("journal-of-another-rollout", message).hint("give each rollout its own file"));
        }
        let (seq, head) = verify(&connection, &name, &stored)?;
        let writer = Mutex::new(Writer { connection, seq, head });
        let inner = Inner { rollout: stored, name, queue: Mutex::default(), writer, broken: OnceLock::new() };
        Ok(Journal { inner: Arc::new(inner) })
    }

    /// The name of the rollout whose journal it is.
    #[must_use]
    pub fn rollout(&self) -> &str {
        &self.inner.rollout
    }

    /// Its path, as errors call it.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.inner.name
    }

    /// The hash of the last row: equal for equal histories.
    #[must_use]
    pub fn head(&self) -> String {
        hex::encode(self.lock().head)
    }

    /// Why nothing is written any more, if a write has failed.
    #[must_use]
    pub fn broken(&self) -> Option<String> {
        self.inner.broken.get().cloned()
    }

    /// Returns once the entry is durable. After the first failure every further call fails, too.
    pub(in crate::step) fn append(&self, time: &Time, run: &str, entry: &Entry) -> Result<(), WriteError> {
        time.event().map_err(WriteError::Stopped)?;
        let body = serde_json::to_string(entry).map_err(|error| WriteError::Failed(error.to_string()))?;
        let written = Arc::new(OnceLock::new());
        let at = time.now().to_string();
        let queued = Queued { run: run.to_owned(), at, kind: entry.kind(), body, written: Arc::clone(&written) };
        self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner).push(queued);
        let _no_yield = NoYield::new();
        let mut writer = self.lock();
        if written.get().is_none() {
            let group = std::mem::take(&mut *self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner));
            self.write(&mut writer, group);
        }
        drop(writer);
        match written.get() {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(WriteError::Failed(error.clone())),
            None => Err(WriteError::Failed("the entry was left in the queue".into())),
        }
    }

    fn write(&self, writer: &mut Writer, group: Vec<Queued>) {
        let result = match self.inner.broken.get() {
            Some(error) => Err(error.clone()),
            None => writer.commit(&group).map_err(|error| self.inner.broken.get_or_init(|| error).clone()),
        };
        for queued in group {
            // Each entry is in one group only, so it is set once.
            let _ = queued.written.set(result.clone());
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Writer> {
        self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rows in order, chosen by an SQL condition of this module.
    pub(super) fn records(&self, condition: &str, parameters: &[&str]) -> Result<Vec<Record>, Error> {
        let writer = self.lock();
        let read = || -> rusqlite::Result<Vec<Row>> {
            let mut statement =
                writer.connection.prepare(&format!("SELECT seq, run, at, kind, body FROM event {condition} ORDER BY seq"))?;
            statement.query_map(rusqlite::params_from_iter(parameters), Row::read)?.collect()
        };
        let rows = read().map_err(|error| unusable(&self.inner.name, &error))?;
        rows.into_iter()
            .map(|row| {
                let entry = serde_json::from_str(&row.body).map_err(|error| self.damaged(row.seq, &error.to_string()))?;
                let at = row.at.parse().map_err(|error: jiff::Error| self.damaged(row.seq, &error.to_string()))?;
                Ok(Record { seq: row.seq, run: row.run, at, entry })
            })
            .collect()
    }

    /// Walks the chain, as when the file was opened.
    pub(super) fn walk(&self) -> Result<(), Error> {
        verify(&self.lock().connection, &self.inner.name, &self.inner.rollout).map(drop)
    }

    pub(super) fn damaged(&self, seq: i64, reason: &str) -> Error {
        damaged(&self.inner.name, &at_row(seq, reason))
    }
}

impl Writer {
    fn commit(&mut self, group: &[Queued]) -> Result<(), String> {
        let (mut seq, mut head) = (self.seq, self.head);
        let mut insert = || -> rusqlite::Result<bool> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let stored: Hash = transaction.query_row("SELECT hash FROM head", [], |row| row.get(0))?;
            if stored != head {
                return Ok(false);
            }
            for Queued { run, at, kind, body, .. } in group {
                seq += 1;
                let row = Row { seq, run: run.clone(), at: at.clone(), kind: (*kind).into(), body: body.clone() };
                head = row.hash(&head);
                row.insert(&transaction, &head)?;
            }
            transaction.prepare_cached("UPDATE head SET seq = ?1, hash = ?2")?.execute(params![seq, head.as_slice()])?;
            transaction.commit()?;
            Ok(true)
        };
        match insert() {
            Ok(true) => {
                (self.seq, self.head) = (seq, head);
                Ok(())
            }
            Ok(false) => Err("another process has written to the journal".into()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Walks the whole chain, within one reading transaction since a run may be writing; gives number and hash of the last row.
fn verify(connection: &Connection, name: &str, rollout: &str) -> Result<(i64, Hash), Error> {
    let mut last = (0, chain::first(rollout));
    let mut walk = || -> rusqlite::Result<Result<(), &'static str>> {
        let transaction = connection.unchecked_transaction()?;
        let head = transaction.query_row("SELECT seq, hash FROM head", [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Hash>(1)?)))?;
        let mut statement = transaction.prepare("SELECT seq, run, at, kind, body, hash FROM event ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let stored: Hash = row.get(5)?;
            let row = Row::read(row)?;
            if row.seq != last.0 + 1 {
                return Ok(Err("the row is missing"));
            }
            let hash = row.hash(&last.1);
            if hash != stored {
                return Ok(Err("the row is not what was written"));
            }
            last = (row.seq, hash);
        }
        Ok(if head == last { Ok(()) } else { Err("rows at the end are missing") })
    };
    match walk() {
        Ok(Ok(())) => {}
        Ok(Err(reason)) => return Err(damaged(name, &at_row(last.0 + 1, reason))),
        Err(error) if file::is_outside(&error) => return Err(unusable(name, &error)),
        Err(error) => return Err(damaged(name, &at_row(last.0 + 1, &error.to_string()))),
    }
    // The rows are sound, but a page may not take another one.
    let structure: rusqlite::Result<String> = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match structure {
        Ok(sound) if sound == "ok" => Ok(last),
        Ok(problem) => Err(damaged(name, "in its structure").cause(problem)),
        Err(error) => Err(unusable(name, &error)),
    }
}

fn at_row(seq: i64, reason: &str) -> String {
    format!("at row {seq}: {reason}")
}

fn prepare_connection(connection: &Connection) -> rusqlite::Result<()> {
    // Stepped to its end: SQLite commits the new mode after the row that answers, and who asks for that row alone hears of no failure.
    connection.pragma(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

#[cfg(test)]
impl Journal {
    /// Makes every later write fail, as a full disk does.
    pub(in crate::step) fn fill_up(&self) {
        let writer = self.lock();
        let pages: i64 = writer.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).expect("page_count");
        writer.connection.pragma_update(None, "max_page_count", pages).expect("max_page_count");
    }
}
