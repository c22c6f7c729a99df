//! "Did you mean": the known word nearest to what was written.

/// The nearest of `known`, if it is near enough to be a slip of the fingers; the first in alphabetical order among equals.
pub(super) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match written.chars().count() {
        0..3 => 0,
        letters => (letters / 3).max(1),
    };
    known
        .into_iter()
        .filter(|word| *word != written)
        .map(|word| (strsim::damerau_levenshtein(&written.to_lowercase(), &word.to_lowercase()), word))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let known = ["create_role", "create_group", "log", "output"];
        for (written, expected) in [
            ("create_rol", Some("create_role")),
            ("creat_group", Some("create_group")),
            ("Output", Some("output")),
            ("lgo", Some("log")),
            ("teleport", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
    }
}
