//! Policy documents on the wire: read strictly, answered percent-encoded.

use super::names;
use crate::policy::{Document, Kind, size};
use crate::sandbox::call::Call;
use crate::sandbox::error::AwsError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 3986 leaves unreserved stays as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A document as IAM's replies carry it.
pub(super) fn encoded(document: &Document) -> String {
    utf8_percent_encode(&document.text(), RESERVED).to_string()
}

/// The document in the request.
pub(super) fn given(call: &Call, member: &str, kind: Kind) -> Result<Document, AwsError> {
    let text = call.params.required(member)?;
    names::length(member, text, 1, size::WIRE)?;
    if !text.chars().all(|c| matches!(c, '\u{9}' | '\u{a}' | '\u{d}' | '\u{20}'..='\u{ff}')) {
        return Err(AwsError::validation(
            "The specified value for policyDocument is invalid. It must contain only printable ASCII characters.",
        ));
    }
    if kind == Kind::Trust && serde_json::from_str::<serde_json::Value>(text).is_err() {
        return Err(AwsError::malformed_policy("This policy contains invalid Json"));
    }
    Document::parse(kind, text).map_err(|malformed| AwsError::malformed_policy(malformed.aws))
}

/// What IAM counts of a document.
pub(super) fn measure(document: &Document) -> usize {
    size::characters(&document.text())
}
