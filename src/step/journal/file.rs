//! The journal's file on the disk: how it comes into being, how it is opened, and what is said when it cannot be used.

use super::schema;
use crate::error::Error;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const MEND: &str = "make room or mend the disk, then the same command again";
const WRITABLE: &str = "make the file and its folder writable for you, then the same command again";

/// Gives the path without symbolic links in its folders (SQLite follows none), and makes the file if there is none (0600, its folder 0700).
///
/// A journal comes into being whole: it is written under another name and then renamed. So an empty file is never one that was only just
/// begun, but one that was emptied.
pub(super) fn present(path: &Path, rollout: &str) -> Result<PathBuf, Error> {
    let failed = |error: io::Error| {
        let hint = if is_of_disk(&error) { MEND } else { WRITABLE };
        cannot_create(path).cause(error).hint(hint)
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let name = path.file_name().ok_or_else(|| failed(io::Error::from(io::ErrorKind::InvalidInput)))?;
    let folder = folder.canonicalize().map_err(failed)?;
    let path = folder.join(name);
    match fs::symlink_metadata(&path) {
        Ok(_) => return Ok(path),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Err(_) => {}
    }
    let new = beside(&path, ".new");
    // What a process left that died over it.
    for left in [new.clone(), beside(&new, "-journal")] {
        match fs::remove_file(&left) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(failed)?;
    let written = connect(&new, OpenFlags::SQLITE_OPEN_NOFOLLOW).and_then(|mut connection| {
        schema::create(&mut connection, rollout)?;
        connection.close().map_err(|(_, error)| error)
    });
    written.map_err(|error| cannot_create(&path).cause(&error).hint(way_on(&error)))?;
    fs::rename(&new, &path).map_err(failed)?;
    // SQLite makes the rows durable, but not the file's name, nor that of its folder.
    for folder in [folder.as_path(), &folder.join("..")] {
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    Ok(path)
}

/// A connection to a file that is there and holds something.
pub(super) fn open(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let name = path.display().to_string();
    // Asked first: of an empty database, SQLite deletes the write-ahead log.
    if fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0) {
        return Err(damaged(&name, "from its beginning: the file is empty"));
    }
    connect(path, flags).map_err(|error| unusable(&name, &error))
}

fn is_of_disk(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn cannot_create(path: &Path) -> Error {
    Error::failed("journal-unusable", format!("cannot create the journal `{}`", path.display()))
}

pub(super) fn read_only(path: &Path) -> Error {
    Error::failed("journal-unusable", format!("the journal `{}` is read-only", path.display())).hint(WRITABLE)
}

/// `place` says where, and perhaps what is wrong there.
pub(super) fn damaged(name: &str, place: &str) -> Error {
    Error::failed("journal-damaged", format!("the journal `{name}` is damaged {place}"))
        .hint("put a copy from a backup in its place; it is kept as it is")
        .hint("or move it away and play afresh: AWS is looked at, and what is there is kept")
}

/// What SQLite's error says of the file: that it cannot be used as things are, else that it is damaged below its rows.
pub(super) fn unusable(name: &str, error: &rusqlite::Error) -> Error {
    if is_outside(error) {
        Error::failed("journal-unusable", format!("cannot use the journal `{name}`")).cause(error).hint(way_on(error))
    } else {
        damaged(name, "in its structure").cause(error)
    }
}

/// Whether the cause is not in the bytes of the file.
pub(super) fn is_outside(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::PermissionDenied
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::DiskFull
                | ErrorCode::CannotOpen
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::NoLargeFileSupport
        )
    )
}

fn way_on(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program has it open: wait until that is done",
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => MEND,
        _ => WRITABLE,
    }
}
