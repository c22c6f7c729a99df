//! The page of each error code: `docs/errors.md`, embedded. What it means, what was done by then, why it happens, what to type.

const TEXT: &str = include_str!("../../docs/errors.md");

/// One `## code, other code` section.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The code, and other names for the same thing (AWS's spellings).
    pub codes: Vec<&'static str>,
    /// What it means, in a sentence.
    pub summary: String,
    pub done: String,
    pub why: String,
    /// What to do or type, one way each.
    pub next: Vec<String>,
}

/// All pages, in the order of the document.
#[must_use]
pub fn pages() -> Vec<Page> {
    TEXT.split("\n## ").skip(1).map(read).collect()
}

/// The page of a code; AWS's are the same with `Exception` and without.
#[must_use]
pub fn page(code: &str) -> Option<Page> {
    pages().into_iter().find(|page| page.codes.iter().any(|known| bare(known).eq_ignore_ascii_case(bare(code))))
}

fn bare(spelling: &str) -> &str {
    spelling.strip_suffix("Exception").unwrap_or(spelling)
}

fn read(section: &'static str) -> Page {
    let section = section.split("\n# ").next().unwrap_or_default();
    let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
    let mut parts = body.split("\n- ");
    let mut page = Page {
        codes: heading.split(',').map(str::trim).collect(),
        summary: one_line(parts.next().unwrap_or_default()),
        done: String::new(),
        why: String::new(),
        next: Vec::new(),
    };
    for (label, text) in parts.filter_map(|part| part.split_once(": ")) {
        match label {
            "done" => page.done = one_line(text),
            "why" => page.why = one_line(text),
            "next" => page.next.push(one_line(text)),
            _ => {}
        }
    }
    page
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_page_is_whole_and_no_code_has_two() {
        let mut seen = BTreeSet::new();
        for page in pages() {
            assert!(!page.summary.is_empty() && !page.done.is_empty() && !page.why.is_empty() && !page.next.is_empty(), "{:?}", page.codes);
            assert!(page.summary.len() <= 110, "the summary of {:?} fits no line", page.codes);
            let codes: BTreeSet<String> = page.codes.iter().map(|code| bare(code).to_lowercase()).collect();
            assert!(codes.is_disjoint(&seen), "one of {codes:?} has two pages");
            seen.extend(codes);
        }
        let labels = TEXT.lines().filter(|line| line.starts_with("- "));
        let strange: Vec<&str> =
            labels.filter(|line| !["- done: ", "- why: ", "- next: "].iter().any(|known| line.starts_with(known))).collect();
        assert!(strange.is_empty(), "{strange:?}");
        assert!(seen.len() > 100);
    }

    #[test]
    fn a_code_of_aws_is_found_in_each_spelling() {
        for code in ["AccessDenied", "AccessDeniedException", "ExpiredTokenException", "EMAIL_ALREADY_EXISTS", "email-taken", "Email-Taken"]
        {
            assert!(page(code).is_some(), "{code}");
        }
        assert_eq!(page("no-such-code"), None);
        assert_eq!(page("email-taken").map(|page| page.codes[0]), Some("email-taken"));
    }
}
