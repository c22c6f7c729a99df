//! Which statement of some documents decides a request.

use super::context::Context;
use super::document::Document;
use super::principal::{Standing, Subject};
use super::statement::{Effect, Statement};

/// What is asked of identity-like documents (identity policies, boundaries, session policies, service control policies).
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// `iam:CreateRole`; the case does not matter.
    pub action: &'a str,
    /// ARN, or `*` when the action has no resource.
    pub resource: &'a str,
    pub context: &'a Context,
}

/// The answer of one layer. An explicit deny wins over any allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// `document` counts the documents in the order given.
    Allowed {
        document: usize,
        statement: &'a Statement,
    },
    ExplicitDeny {
        document: usize,
        statement: &'a Statement,
    },
    /// No statement applies.
    Nothing,
}

/// Evaluates documents of one layer together.
pub fn evaluate<'a>(documents: impl IntoIterator<Item = &'a Document>, query: &Query<'_>) -> Outcome<'a> {
    let mut outcome = Outcome::Nothing;
    for (document, statements) in documents.into_iter().map(Document::statements).enumerate() {
        for statement in statements {
            if statement.effect == Effect::Allow && outcome != Outcome::Nothing {
                continue;
            }
            if statement.fits(query.action, Some(query.resource), query.context) {
                match statement.effect {
                    Effect::Deny => return Outcome::ExplicitDeny { document, statement },
                    Effect::Allow => outcome = Outcome::Allowed { document, statement },
                }
            }
        }
    }
    outcome
}

impl Document {
    /// Reads this as a trust policy: the deciding statement and, for an allow, the strongest way in which it names the caller.
    #[must_use]
    pub fn trusts(&self, subject: &Subject<'_>, action: &str, context: &Context) -> Trusts<'_> {
        let mut best: Option<(Standing, &Statement)> = None;
        for statement in self.statements() {
            let Some(standing) = statement.principals.as_ref().and_then(|principals| principals.cover(subject)) else { continue };
            if !statement.fits(action, None, context) {
                continue;
            }
            if statement.effect == Effect::Deny {
                return Trusts::ExplicitDeny { statement };
            }
            if best.is_none_or(|(strongest, _)| standing > strongest) {
                best = Some((standing, statement));
            }
        }
        match best {
            Some((standing, statement)) => Trusts::Allowed { standing, statement },
            None => Trusts::Nothing,
        }
    }
}

/// The answer of a trust policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trusts<'a> {
    Allowed { standing: Standing, statement: &'a Statement },
    ExplicitDeny { statement: &'a Statement },
    Nothing,
}
