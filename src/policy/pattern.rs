//! Patterns in policies: `*`, `?` and policy variables, taken apart once and matched often.

use super::context::Context;
use std::borrow::Cow;
use std::str::Chars;

/// What a pattern's text may contain besides plain characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    /// `*` and `?` are wildcards (not in StringEquals).
    pub(super) wildcards: bool,
    /// `${key}` is a policy variable (only in version 2012-10-17).
    pub(super) variables: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Char(char),
    Any,
    One,
    Variable(Box<Variable>),
}

#[derive(Clone, Debug, PartialEq)]
struct Variable {
    /// In lower case.
    key: String,
    default: Option<String>,
}

/// A string of a policy that requests are matched with.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    text: String,
    tokens: Vec<Token>,
    variables: bool,
}

impl Pattern {
    pub(super) fn new(text: &str, syntax: Syntax) -> Pattern {
        let mut tokens = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if syntax.variables
                && let Some((token, behind)) = variable(rest)
            {
                tokens.push(token);
                rest = behind;
                continue;
            }
            tokens.push(match first {
                '*' if syntax.wildcards => Token::Any,
                '?' if syntax.wildcards => Token::One,
                other => Token::Char(other),
            });
            rest = &rest[first.len_utf8()..];
        }
        Pattern::from_tokens(text, tokens)
    }

    fn from_tokens(text: &str, tokens: Vec<Token>) -> Pattern {
        let variables = tokens.iter().any(|token| matches!(token, Token::Variable(_)));
        Pattern { text: text.to_owned(), tokens, variables }
    }

    /// The pattern as written in the document.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether `text` fits. A variable without value and default fits nothing; the value of a variable is never a wildcard.
    pub(super) fn matches(&self, text: &str, context: &Context) -> bool {
        self.resolve(context).is_some_and(|tokens| glob(&tokens, text, false))
    }

    /// As `matches`, for ASCII letters of either case.
    pub(super) fn matches_any_case(&self, text: &str, context: &Context) -> bool {
        self.resolve(context).is_some_and(|tokens| glob(&tokens, text, true))
    }

    /// The parts of an ARN pattern, cut at its first five colons (not those inside variables); none when it has fewer.
    pub(super) fn arn_parts(&self) -> Option<[Pattern; 6]> {
        let mut parts: Vec<Vec<Token>> = vec![Vec::new()];
        for token in &self.tokens {
            if *token == Token::Char(':') && parts.len() < 6 {
                parts.push(Vec::new());
            } else if let Some(part) = parts.last_mut() {
                part.push(token.clone());
            }
        }
        let parts: Vec<Pattern> = parts.into_iter().map(|tokens| Pattern::from_tokens("", tokens)).collect();
        parts.try_into().ok()
    }

    fn resolve(&self, context: &Context) -> Option<Cow<'_, [Token]>> {
        if !self.variables {
            return Some(Cow::Borrowed(&self.tokens));
        }
        let mut tokens = Vec::with_capacity(self.tokens.len() + 32);
        for token in &self.tokens {
            let Token::Variable(variable) = token else {
                tokens.push(token.clone());
                continue;
            };
            let value = match context.get(&variable.key) {
                Some([only]) => only,
                // A multivalued key cannot stand in a variable.
                Some([_, _, ..]) => return None,
                Some([]) | None => variable.default.as_ref()?,
            };
            tokens.extend(value.chars().map(Token::Char));
        }
        Some(Cow::Owned(tokens))
    }
}

/// Reads `${…}` at the start of `text`: the token and what follows it.
fn variable(text: &str) -> Option<(Token, &str)> {
    let (inside, behind) = text.strip_prefix("${")?.split_once('}')?;
    let token = match inside {
        "*" | "?" | "$" => Token::Char(inside.chars().next()?),
        _ => {
            let (key, default) = match inside.split_once(',') {
                Some((key, default)) => (key, Some(default.trim().strip_prefix('\'')?.strip_suffix('\'')?.to_owned())),
                None => (inside, None),
            };
            Token::Variable(Box::new(Variable { key: key.trim().to_ascii_lowercase(), default }))
        }
    };
    Some((token, behind))
}

/// Linear glob: on a mismatch only the last `*` takes one more character.
fn glob(tokens: &[Token], text: &str, any_case: bool) -> bool {
    let mut at = 0;
    let mut rest = text.chars();
    let mut retry: Option<(usize, Chars<'_>)> = None;
    loop {
        match tokens.get(at) {
            Some(Token::Any) if at + 1 == tokens.len() => return true,
            Some(Token::Any) => {
                at += 1;
                retry = Some((at, rest.clone()));
                continue;
            }
            Some(token) => {
                let mut ahead = rest.clone();
                if ahead.next().is_some_and(|c| fits(token, c, any_case)) {
                    rest = ahead;
                    at += 1;
                    continue;
                }
            }
            None if rest.as_str().is_empty() => return true,
            None => {}
        }
        let Some((start, from)) = retry.as_mut() else { return false };
        if from.next().is_none() {
            return false;
        }
        at = *start;
        rest = from.clone();
    }
}

fn fits(token: &Token, c: char, any_case: bool) -> bool {
    match token {
        Token::Char(wanted) => *wanted == c || (any_case && wanted.eq_ignore_ascii_case(&c)),
        Token::One => true,
        // Variables are resolved before matching.
        Token::Any | Token::Variable(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FULL: Syntax = Syntax { wildcards: true, variables: true };

    fn matches(pattern: &str, text: &str) -> bool {
        let mut context = Context::new();
        context.set("aws:username", "ann");
        context.set("aws:PrincipalTag/team", "a*b");
        context.set_all("aws:TagKeys", vec!["x".into(), "y".into()]);
        Pattern::new(pattern, FULL).matches(text, &context)
    }

    #[test]
    fn patterns_and_what_they_match() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a", "A", false),
            ("?", "", false),
            ("?", "ä", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("*b", "abc", false),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1c", false),
            ("**", "x", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::1:user/ann", true),
            ("user/${AWS:UserName}", "user/ann", true),
            ("user/${aws:username}", "user/bob", false),
            ("user/${aws:missing}", "user/${aws:missing}", false),
            ("user/${aws:missing, 'bob'}", "user/bob", true),
            ("user/${aws:username, 'bob'}", "user/ann", true),
            ("${aws:PrincipalTag/team}", "a*b", true),
            ("${aws:PrincipalTag/team}", "axb", false),
            ("${aws:TagKeys}", "x", false),
            ("a${*}b", "a*b", true),
            ("a${*}b", "axb", false),
            ("a${?}", "a?", true),
            ("${$}{x}", "${x}", true),
            ("${open", "${open", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn without_variables_the_dollar_is_a_character() {
        let pattern = Pattern::new("${aws:username}", Syntax { wildcards: true, variables: false });
        assert!(pattern.matches("${aws:username}", &Context::new()));
    }

    #[test]
    fn arn_parts_do_not_cut_inside_variables() {
        let parts = Pattern::new("arn:aws:iam::1:user/${aws:username}:x", FULL).arn_parts().expect("six parts");
        assert_eq!(parts[5].tokens.len(), "user/".len() + 1 + ":x".len());
        assert!(Pattern::new("arn:aws", FULL).arn_parts().is_none());
    }

    /// The plain recursive definition of a glob.
    fn oracle(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((&'*', rest)) => (0..=text.len()).any(|n| oracle(rest, &text[n..])),
            Some((&'?', rest)) => !text.is_empty() && oracle(rest, &text[1..]),
            Some((c, rest)) => text.first() == Some(c) && oracle(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_recursive_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let expected = oracle(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
            prop_assert_eq!(Pattern::new(&pattern, FULL).matches(&text, &Context::new()), expected);
        }
    }
}
