//! Lists that come in pages.

use crate::step::{Failure, FailureClass};

/// Where a list goes on.
#[derive(Default)]
pub(super) struct Pages {
    token: Option<String>,
}

impl Pages {
    /// By which the next page is asked for; none for the first.
    pub(super) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Takes the token that came with a page of `call`. False when it was the last page; an error when it is the token of this very page,
    /// so that the list would never end.
    pub(super) fn go_on(&mut self, call: &str, next: Option<String>) -> Result<bool, Failure> {
        if next.is_some() && next == self.token {
            let message = format!("{call}: one page leads to itself, so that the list has no end");
            return Err(Failure::new(FailureClass::Retry { throttled: false }, "reply-unreadable", message));
        }
        self.token = next;
        Ok(self.token.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_or_is_refused() {
        let mut pages = Pages::default();
        let next = |token: &str| Some(token.to_owned());
        assert_eq!(pages.token(), None);
        assert!(pages.go_on("ListRoots", next("a")).unwrap());
        assert_eq!(pages.token(), next("a"));
        assert!(pages.go_on("ListRoots", next("b")).unwrap());
        assert_eq!(pages.go_on("ListRoots", next("b")).unwrap_err().code, "reply-unreadable");
        assert!(!pages.go_on("ListRoots", None).unwrap());
    }
}
