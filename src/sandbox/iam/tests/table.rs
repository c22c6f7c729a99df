//! Tables of calls and what each must answer.

use crate::sandbox::tests::client::{Client, Reply, sandbox};

/// Operation, parameters, and what is expected: empty for success; `<…` for a piece of the body; `!<…` for a piece that
/// must not be there; else `Code: message` of the refusal.
pub(super) type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

pub(super) const READ: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#;
pub(super) const TRUST_EC2: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;

pub(super) fn administrator() -> Client {
    Client::administrator(&sandbox())
}

pub(super) fn iam(client: &Client, operation: &str, params: &[(&str, &str)]) -> Reply {
    client.query("iam", operation, params)
}

/// Plays the rows in order on one client.
pub(super) fn play(client: &Client, rows: &[Row]) {
    for (index, (operation, params, expected)) in rows.iter().enumerate() {
        let reply = iam(client, operation, params);
        let place = format!("row {index} {operation} {params:?}");
        if expected.is_empty() {
            assert_eq!(reply.status, 200, "{place}: {}", reply.body);
        } else if expected.starts_with('<') {
            assert_eq!(reply.status, 200, "{place}: {}", reply.body);
            assert!(reply.body.contains(expected), "{place}: {}", reply.body);
        } else if let Some(unwanted) = expected.strip_prefix('!') {
            assert_eq!(reply.status, 200, "{place}: {}", reply.body);
            assert!(!reply.body.contains(unwanted), "{place}: {}", reply.body);
        } else {
            assert_eq!(format!("{}: {}", reply.code(), unescaped(&reply.message())), *expected, "{place}");
        }
    }
}

/// The text of an element as XML readers give it.
pub(super) fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// A document in a reply, decoded.
pub(super) fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}
