//! Every row holds the hash of the one before it, so that a changed, lost or moved row is found.

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

pub(super) type Hash = [u8; 32];

/// What the first row hangs on.
pub(super) fn first(rollout: &str) -> Hash {
    let mut hash = Sha256::new();
    hash.update(b"runner journal\0");
    hash.update(rollout.as_bytes());
    hash.finalize().into()
}

/// A row as it is stored.
pub(super) struct Row {
    pub(super) seq: i64,
    pub(super) run: String,
    pub(super) at: String,
    pub(super) kind: String,
    pub(super) body: String,
}

impl Row {
    /// From the columns seq, run, at, kind, body.
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
        Ok(Row { seq: row.get(0)?, run: row.get(1)?, at: row.get(2)?, kind: row.get(3)?, body: row.get(4)? })
    }

    pub(super) fn insert(&self, connection: &Connection, hash: &Hash) -> rusqlite::Result<()> {
        connection
            .prepare_cached("INSERT INTO event (seq, run, at, kind, body, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![self.seq, self.run, self.at, self.kind, self.body, hash.as_slice()])?;
        Ok(())
    }

    pub(super) fn hash(&self, previous: &Hash) -> Hash {
        let mut hash = Sha256::new();
        hash.update(previous);
        hash.update(self.seq.to_le_bytes());
        for field in [&self.run, &self.at, &self.kind, &self.body] {
            // With its length, so that text cannot move from one field to the next.
            hash.update((field.len() as u64).to_le_bytes());
            hash.update(field.as_bytes());
        }
        hash.finalize().into()
    }
}
