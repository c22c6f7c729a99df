//! The shape of the journal's file and its history.

use rusqlite::Connection;

/// Versions of the file, newest last:
///
/// 1. `event` (one row per entry, chained by hash), `head` (number and hash of the last row), `journal` (the rollout's name).
///    No index: the chain could not tell whether it is damaged, and the whole file is read when it is opened anyway.
///    Since then, without harm to older runners: the entry `pruned`, which is of no run, and the optional `reason` of a run's start.
///    Runs in which something was `resolved`, or an outcome is `undecided`, are refused by runners older than these words.
pub(super) const SCHEMA_VERSION: i32 = 1;

/// Marks the file as ours in SQLite's header: `RUNJ`.
pub(super) const APPLICATION_ID: i32 = 0x5255_4E4A;

/// Creates version 1 in an empty file, all or nothing.
pub(super) fn create(connection: &mut Connection, rollout: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE journal (rollout TEXT NOT NULL) STRICT;
         CREATE TABLE head (seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
         CREATE TABLE event (
             seq INTEGER PRIMARY KEY, run TEXT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL
         ) STRICT;",
    )?;
    transaction.execute("INSERT INTO journal (rollout) VALUES (?1)", [rollout])?;
    transaction.execute("INSERT INTO head (seq, hash) VALUES (0, ?1)", [super::chain::first(rollout).as_slice()])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()
}
