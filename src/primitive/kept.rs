//! The file of something that AWS shows once. It is begun before the call that makes the thing, and whole when the secret stands in it:
//! what was made meanwhile, and is in no file, is of no use to anybody.

use crate::aws::Session;
use crate::step::{Failure, Way};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kept {
    Nothing,
    Begun(Begun),
    /// The id of what the secret is of.
    Whole(String),
}

/// What is written down before something is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) at: Timestamp,
    /// Ids of those there were before.
    pub(super) before: BTreeSet<String>,
    /// The id of one that was made, and that nobody has the secret of.
    pub(super) lost: Option<String>,
}

/// A file of this name; `whole` finds the id in a text that has a secret.
pub(super) fn read(session: &Session, name: &str, whole: fn(&str) -> Option<String>) -> Result<Kept, Failure> {
    let secrets = session.cloud().secrets();
    let text = secrets.read(name)?.unwrap_or_default();
    parse(&text, whole).ok_or_else(|| {
        let path = secrets.path(name);
        Failure::fatal("secret-file", format!("`{path}` has neither a secret nor what is written before there is one"))
            .way(Way::After(format!("move `{path}` away")))
    })
}

fn parse(text: &str, whole: fn(&str) -> Option<String>) -> Option<Kept> {
    // What ends without a line's end was not written to its end.
    if let Some(id) = whole(text).filter(|_| text.ends_with('\n')) {
        return Some(Kept::Whole(id));
    }
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(name)?.strip_prefix(": "));
    match line("begun").map(str::parse) {
        Some(Ok(at)) => {
            let before = line("before").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
            Some(Kept::Begun(Begun { at, before, lost: line("lost").map(str::to_owned) }))
        }
        _ => text.trim().is_empty().then_some(Kept::Nothing),
    }
}

impl Begun {
    /// Writes it down, in place of what the file had; `about` says of what the file is.
    pub(super) fn write(&self, session: &Session, name: &str, about: &str) -> Result<(), Failure> {
        session.cloud().secrets().put(name, &self.text(about))
    }

    fn text(&self, about: &str) -> String {
        let Begun { at, before, lost } = self;
        let before: Vec<&str> = before.iter().map(String::as_str).collect();
        let before = if before.is_empty() { String::new() } else { format!("# before: {}\n", before.join(" ")) };
        let lost = lost.as_ref().map(|id| format!("# lost: {id}\n")).unwrap_or_default();
        format!("# {about}, made by runner. AWS shows the secret only once.\n# begun: {at}\n{before}{lost}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Option<String> {
        text.lines().find_map(|line| line.strip_prefix("secret of ")).map(str::to_owned)
    }

    #[test]
    fn a_file_is_begun_until_its_secret_is_whole() {
        let begun = Begun { at: "2026-01-02T03:04:05Z".parse().unwrap(), before: ["A".to_owned(), "B".to_owned()].into(), lost: None };
        let text = begun.text("The key of `ana`");
        let secret = "secret of K\n";
        for end in 0..secret.len() {
            assert_eq!(parse(&format!("{text}{}", &secret[..end]), whole), Some(Kept::Begun(begun.clone())), "{end}");
        }
        assert_eq!(parse(&format!("{text}{secret}"), whole), Some(Kept::Whole("K".into())));
        assert_eq!(parse(secret, whole), Some(Kept::Whole("K".into())));
        let lost = Begun { lost: Some("K".into()), before: BTreeSet::new(), ..begun };
        assert_eq!(parse(&lost.text("The key of `ana`"), whole), Some(Kept::Begun(lost)));
        assert_eq!(parse("", whole), Some(Kept::Nothing));
        assert_eq!(parse("something else\n", whole), None);
    }
}
