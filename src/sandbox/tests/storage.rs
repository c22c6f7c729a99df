//! Worlds that outlive their process.

use super::client::Client;
use crate::sandbox::{ForeignAccount, Sandbox, Settings};
use serde_json::json;
use std::path::Path;

fn open(path: &Path) -> Result<Sandbox, crate::error::Error> {
    Sandbox::open(Settings::default(), Some(path))
}

fn code(result: Result<Sandbox, crate::error::Error>) -> String {
    match result {
        Ok(_) => String::new(),
        Err(error) => {
            assert!(!error.hints.is_empty(), "{error}");
            error.code.into_owned()
        }
    }
}

#[test]
fn a_world_is_there_again_after_reopening() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.db");
    let sandbox = open(&path).expect("a sandbox");
    let client = Client::administrator(&sandbox);
    assert_eq!(client.organizations("CreateOrganization", &json!({})).code(), "");
    let input = json!({ "AccountName": "a", "Email": "a@example.com" });
    assert_eq!(client.organizations("CreateAccount", &input).code(), "");
    assert_eq!(client.organizations("ListAccounts", &json!({})).code(), "");
    let session = client.query("sts", "GetSessionToken", &[]);
    let estate = sandbox.estate();
    assert_eq!(estate.accounts.len(), 2);
    assert_eq!(Sandbox::read(&path).expect("an estate"), estate, "while it is owned");
    drop((client, sandbox));

    let again = open(&path).expect("a sandbox");
    assert_eq!(again.estate(), estate);
    let mut client = Client::administrator(&again);
    client.key.access_key_id = session.text("AccessKeyId").expect("a key").to_owned();
    client.key.secret_access_key = session.text("SecretAccessKey").expect("a secret").to_owned();
    client.token = session.text("SessionToken").map(str::to_owned);
    assert_eq!(client.query("sts", "GetCallerIdentity", &[]).code(), "", "sessions live on");
    assert_eq!(client.later(50_000).query("sts", "GetCallerIdentity", &[]).code(), "ExpiredToken");
    drop(again);
    let later = Client { sandbox: client.sandbox.clone(), ..client.later(200_000) };
    drop(client);
    assert_eq!(later.query("sts", "GetCallerIdentity", &[]).code(), "ExpiredToken", "known for the life of the process");
    drop(later.sandbox);
    let third = open(&path).expect("a sandbox");
    let client = Client { sandbox: third.clone(), key: later.key, token: later.token, now: later.now };
    assert_eq!(client.query("sts", "GetCallerIdentity", &[]).code(), "InvalidClientTokenId", "then forgotten");
}

#[test]
fn a_second_owner_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.db");
    let first = open(&path).expect("a sandbox");
    let clone = first.clone();
    assert_eq!(code(open(&path)), "world-locked");
    drop(first);
    assert_eq!(code(open(&path)), "world-locked");
    drop(clone);
    assert_eq!(code(open(&path)), "");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.db");
    let _sandbox = open(&path).expect("a sandbox");
    for entry in std::fs::read_dir(folder.path()).expect("a listing") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn files_that_are_no_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let change = |name: &str, sql: &str| {
        let path = folder.path().join(name);
        drop(open(&path).expect("a sandbox"));
        let connection = rusqlite::Connection::open(&path).expect("a connection");
        connection.execute_batch(sql).expect("it runs");
        drop(connection);
        let error = open(&path).err().expect("a refusal");
        (error.code, error.message)
    };
    let (row, message) = change("row", "UPDATE rows SET json = '{' WHERE kind = 'account'");
    assert_eq!(row, "world-damaged");
    assert!(message.contains("row `account`"), "{message}");
    assert_eq!(change("origin", "DELETE FROM rows WHERE kind = 'origin'").0, "world-damaged");
    assert_eq!(change("account", "DELETE FROM rows WHERE kind = 'account'").0, "world-damaged");
    assert_eq!(change("kind", "UPDATE rows SET kind = 'else' WHERE kind = 'account'").0, "world-damaged");
    assert_eq!(change("newer", "PRAGMA user_version = 99").0, "world-newer");
    assert_eq!(change("other", "PRAGMA application_id = 7").0, "world-damaged");

    let garbage = folder.path().join("garbage");
    std::fs::write(&garbage, "this is no database, and long enough to tell: ".repeat(100)).expect("a file");
    assert_eq!(code(open(&garbage)), "world-damaged");
    assert!(std::fs::read_to_string(&garbage).expect("the file").starts_with("this is no"), "it is left as it is");
    assert_eq!(Sandbox::read(&folder.path().join("none")).err().map(|error| error.code.into_owned()).as_deref(), Some("world-unopenable"));
}

#[test]
fn a_world_keeps_what_it_was_made_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.db");
    drop(open(&path).expect("a sandbox"));
    let other = Settings { seed: 2, ..Settings::default() };
    assert_eq!(code(Sandbox::open(other, Some(&path))), "world-other");
    let declared = ForeignAccount { id: Some("210987654321".into()), name: "p".into(), email: "p@example.com".into() };
    let more = Settings { accounts: vec![declared], ..Settings::default() };
    let sandbox = Sandbox::open(more, Some(&path)).expect("a sandbox");
    let key = sandbox.profile_key("210987654321").expect("a key");
    let client = Client { key, ..Client::administrator(&sandbox) };
    assert_eq!(client.query("sts", "GetCallerIdentity", &[]).text("Account"), Some("210987654321"));
    assert!(sandbox.profile_key("000000000000").is_none());
}
