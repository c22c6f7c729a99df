//! A world as rows of SQLite: one row per kind and key, one transaction per call, one owning process.

use super::world::{Kind, Origin, World};
use crate::error::{Error, Kind as ErrorKind};
use rusqlite::{Connection, OpenFlags, params};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// `user_version` of the file. History: 1 = rows(kind, key, json).
const SCHEMA_VERSION: i64 = 1;
/// `application_id`: "rsbx".
const APPLICATION_ID: i64 = 0x7273_6278;

/// The file of a world, owned by this process.
pub(crate) struct Storage {
    connection: Connection,
    /// Held for its OS lock, which goes with the process.
    _lock: File,
}

impl Storage {
    /// Opens or creates the file. The world is none when the file is new.
    pub(crate) fn open(path: &Path) -> Result<(Storage, Option<World>), Error> {
        let lock = lock(path)?;
        private(path).map_err(|error| unopenable(path, &error))?;
        let connection = Connection::open(path).map_err(|error| unopenable(path, &error))?;
        let fresh = check_version(&connection, path)?;
        connection
            .pragma(None, "journal_mode", "WAL", |_| Ok(()))
            .and_then(|()| connection.pragma_update(None, "synchronous", "NORMAL"))
            .map_err(|error| damaged(path, "the file", &error))?;
        if fresh {
            connection
                .execute_batch(&format!(
                    "BEGIN; CREATE TABLE rows(kind TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL, \
                     PRIMARY KEY(kind, key)) WITHOUT ROWID; \
                     PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
                ))
                .map_err(unwritable)?;
        }
        let world = load(&connection, path)?;
        Ok((Storage { connection, _lock: lock }, world))
    }

    /// Writes the rows the world's last call touched.
    pub(crate) fn save(&mut self, world: &World) -> rusqlite::Result<()> {
        if world.touched().is_empty() {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        for (kind, key) in world.touched() {
            let json = world.row(*kind, key).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            match json {
                Some(json) => transaction
                    .prepare_cached("INSERT OR REPLACE INTO rows(kind, key, json) VALUES (?1, ?2, ?3)")?
                    .execute(params![kind.name(), key, json])?,
                None => transaction.prepare_cached("DELETE FROM rows WHERE kind = ?1 AND key = ?2")?.execute(params![kind.name(), key])?,
            };
        }
        transaction.commit()
    }
}

/// The stored world, read while another process may own it.
pub(crate) fn read(path: &Path) -> Result<World, Error> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| unopenable(path, &error))?;
    let fresh = check_version(&connection, path)?;
    let world = if fresh { None } else { load(&connection, path)? };
    world.ok_or_else(|| {
        Error::usage("world-empty", format!("there is no sandbox in `{}`", path.display())).hint("play something on the sandbox first")
    })
}

fn load(connection: &Connection, path: &Path) -> Result<Option<World>, Error> {
    let rows = (|| {
        let mut statement = connection.prepare("SELECT kind, key, json FROM rows ORDER BY kind, key")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<rusqlite::Result<Vec<(String, String, String)>>>()
    })()
    .map_err(|error| damaged(path, "table `rows`", &error))?;
    if rows.is_empty() {
        return Ok(None);
    }
    let place = |kind: &str, key: &str| format!("row `{kind}` `{key}`");
    let origin: Origin = match rows.iter().find(|(kind, _, _)| kind == Kind::Origin.name()) {
        Some((kind, key, json)) => serde_json::from_str(json).map_err(|error| damaged(path, &place(kind, key), &error))?,
        None => return Err(damaged(path, "row `origin`", &"it is missing")),
    };
    let mut world = World::new(origin);
    for (name, key, json) in &rows {
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| damaged(path, &place(name, key), &"no such kind of row"))?;
        world.load(kind, key, json).map_err(|error| damaged(path, &place(name, key), &error))?;
    }
    world.saved();
    if world.account(&world.origin().management).is_none() {
        return Err(damaged(path, &place("account", &world.origin().management), &"it is missing"));
    }
    Ok(Some(world))
}

/// Whether the file is new; refuses files of others and of later versions.
fn check_version(connection: &Connection, path: &Path) -> Result<bool, Error> {
    let number = |pragma: &str| {
        connection
            .query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0))
            .map_err(|error| damaged(path, "the header", &error))
    };
    match (number("application_id")?, number("user_version")?) {
        (0, 0) if number("schema_version")? == 0 => Ok(true),
        (APPLICATION_ID, SCHEMA_VERSION) => Ok(false),
        (APPLICATION_ID, version) => Err(Error::failed(
            "world-newer",
            format!("the sandbox in `{}` has version {version}, this runner knows {SCHEMA_VERSION}", path.display()),
        )
        .hint("use the runner that made it, or begin anew with `runner sandbox reset`")),
        _ => Err(Error::failed("world-damaged", format!("`{}` is a database, but not a sandbox", path.display()))
            .hint("move it away if it should not be there")),
    }
}

fn lock(path: &Path) -> Result<File, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = private(&name).map_err(|error| unopenable(&name, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::new(ErrorKind::Locked, "world-locked", format!("another process owns the sandbox in `{}`", path.display()))
                .hint("wait until it has ended, or stop it"))
        }
        Err(TryLockError::Error(error)) => Err(unopenable(&name, &error)),
    }
}

/// Opens or creates a file that only its owner may read: it holds secret keys.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn unopenable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::failed("world-unopenable", format!("cannot open the sandbox's file `{}`", path.display()))
        .cause(error)
        .hint("check the path and its permissions")
}

fn damaged(path: &Path, place: &str, error: &dyn std::fmt::Display) -> Error {
    Error::failed("world-damaged", format!("the sandbox in `{}` is damaged at {place}", path.display()))
        .cause(error)
        .hint("restore the file from a copy, or begin anew with `runner sandbox reset`; it was left as it is")
}

/// The file can be read but not written.
pub(crate) fn unwritable(error: rusqlite::Error) -> Error {
    Error::failed("world-unwritable", "cannot write the sandbox's file").cause(error).hint("check the space and permissions of its folder")
}
