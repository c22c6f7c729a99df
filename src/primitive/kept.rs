//! The file of something that AWS shows once. It is begun before the call that makes the thing, and whole when the secret stands in it:
//! what was made meanwhile, and is in no file, is of no use to anybody.

use crate::aws::{Secrets, Session};
use crate::step::{Failure, FailureClass, Way};
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
    /// The tag by which it is known, if it bears one.
    pub(super) owner: Option<String>,
}

/// The file of one secret.
pub(super) struct SecretFile<'s> {
    secrets: &'s dyn Secrets,
    name: String,
    /// Of what it is.
    about: String,
    /// The id in a text that has a secret.
    whole: fn(&str) -> Option<String>,
}

impl<'s> SecretFile<'s> {
    pub(super) fn new(session: &'s Session, name: String, about: String, whole: fn(&str) -> Option<String>) -> SecretFile<'s> {
        SecretFile { secrets: session.cloud().secrets(), name, about, whole }
    }

    /// Where a person finds it.
    pub(super) fn path(&self) -> String {
        self.secrets.path(&self.name)
    }

    pub(super) fn kept(&self) -> Result<Kept, Failure> {
        let text = self.secrets.read(&self.name)?.unwrap_or_default();
        parse(&text, self.whole).ok_or_else(|| {
            let path = self.path();
            Failure::fatal("secret-file", format!("`{path}` has neither a secret nor what is written before there is one"))
                .way(Way::After(format!("move `{path}` away")))
        })
    }

    /// Writes down what is begun, in place of what the file had.
    pub(super) fn begin(&self, begun: &Begun) -> Result<(), Failure> {
        self.secrets.put(&self.name, &begun.text(&self.about))
    }

    /// AWS has not made it, or it is not known whether: what the failure comes to. Where nothing was begun before (`first`), nothing is then,
    /// unless AWS says that it is there: a first delivery of the same request may have made it.
    pub(super) fn not_made(&self, first: bool, failure: Failure) -> Result<Failure, Failure> {
        if first && failure.class != FailureClass::Unknown && failure.code != "EntityAlreadyExists" {
            self.secrets.remove(&self.name)?;
        }
        Ok(failure)
    }

    /// Adds the secret of what was made. If it cannot be kept it is lost: what was made is removed, and made again.
    pub(super) fn finish(&self, begun: Begun, id: String, text: &str) -> Result<(), Failure> {
        let Err(failure) = self.secrets.add(&self.name, text) else { return Ok(()) };
        let mut message = format!("{}; the secret of {id} is lost", failure.message);
        if let Err(unwritten) = self.begin(&Begun { lost: Some(id), ..begun }) {
            message = format!("{message}, and this cannot be written down: {}", unwritten.message);
        }
        Err(Failure { class: FailureClass::Unknown, message, ..failure })
    }
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
            let [lost, owner] = ["lost", "owner"].map(|name| line(name).map(str::to_owned));
            Some(Kept::Begun(Begun { at, before, lost, owner }))
        }
        _ => text.trim().is_empty().then_some(Kept::Nothing),
    }
}

impl Begun {
    pub(super) fn at(at: Timestamp) -> Begun {
        Begun { at, before: BTreeSet::new(), lost: None, owner: None }
    }

    fn text(&self, about: &str) -> String {
        let Begun { at, before, lost, owner } = self;
        let before: Vec<&str> = before.iter().map(String::as_str).collect();
        let before = if before.is_empty() { String::new() } else { format!("# before: {}\n", before.join(" ")) };
        let lost = lost.as_ref().map(|id| format!("# lost: {id}\n")).unwrap_or_default();
        let owner = owner.as_ref().map(|owner| format!("# owner: {owner}\n")).unwrap_or_default();
        format!("# {about}, made by runner. AWS shows the secret only once.\n# begun: {at}\n{before}{lost}{owner}")
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
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        let begun = Begun { before: ["A".to_owned(), "B".to_owned()].into(), owner: Some("a b/c:d".into()), ..Begun::at(at) };
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
