//! Signature Version 4, verified as AWS does: scope, clock, token, canonical request, signature.

use super::error::AwsError;
use super::wire::{Protocol, Service, pairs};
use super::world::{Credential, World};
use crate::estate::AccountState;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::request::Parts;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// RFC 3986: everything but unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');
/// The clock skew that AWS bears.
const SKEW_SECONDS: i64 = 15 * 60;

/// The parts of an `Authorization` header.
#[derive(Debug, PartialEq)]
struct Authorization<'a> {
    access_key_id: &'a str,
    /// `20260102`
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: Vec<u8>,
}

/// Whose request this is, and for which service and region it is signed.
#[derive(Debug)]
pub(crate) struct Signed {
    pub access_key_id: String,
    pub service: Service,
    pub region: String,
}

/// Checks the signature and all that goes with it.
pub(crate) fn authenticate(world: &World, protocol: Protocol, parts: &Parts, body: &[u8], now: Timestamp) -> Result<Signed, AwsError> {
    let Some(header) = parts.headers.get(http::header::AUTHORIZATION) else {
        return Err(match protocol {
            Protocol::Query => AwsError::new("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
            Protocol::Json => AwsError::new("MissingAuthenticationTokenException", 400, "Missing Authentication Token"),
        });
    };
    let header = header.to_str().map_err(|_| incomplete(protocol, "Authorization header is not readable"))?;
    let authorization = parse(header).map_err(|what| incomplete(protocol, what))?;
    let Some(service) = Service::signing(authorization.service) else {
        return Err(mismatch(
            protocol,
            format!(
                "Credential should be scoped to correct service: `{}` is none the sandbox has; use iam, sts or organizations",
                authorization.service
            ),
        ));
    };
    let stamp = header_text(&parts.headers, "x-amz-date")
        .ok_or_else(|| incomplete(protocol, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."))?;
    check_clock(protocol, stamp, authorization.date, now)?;
    let credential = world
        .credential(authorization.access_key_id)
        .filter(|credential| usable(world, credential))
        .ok_or_else(|| unknown_key(protocol))?;
    check_token(protocol, credential, header_text(&parts.headers, "x-amz-security-token"), now)?;
    let canonical = canonical_request(parts, body, &authorization).map_err(|what| mismatch(protocol, what))?;
    if verify(&credential.secret, &authorization, stamp, &canonical) {
        let Authorization { access_key_id, region, .. } = authorization;
        return Ok(Signed { access_key_id: access_key_id.to_owned(), service, region: region.to_owned() });
    }
    Err(mismatch(
        protocol,
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    ))
}

/// Keys that were switched off and keys of closed accounts are as good as unknown.
fn usable(world: &World, credential: &Credential) -> bool {
    let open = world.account(&credential.caller.account).is_some_and(|account| account.state == AccountState::Active);
    credential.active && open
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn incomplete(protocol: Protocol, message: impl Into<String>) -> AwsError {
    match protocol {
        Protocol::Query => AwsError::new("IncompleteSignature", 400, message),
        Protocol::Json => AwsError::new("IncompleteSignatureException", 400, message),
    }
}

fn mismatch(protocol: Protocol, message: impl Into<String>) -> AwsError {
    match protocol {
        Protocol::Query => AwsError::new("SignatureDoesNotMatch", 403, message),
        Protocol::Json => AwsError::new("InvalidSignatureException", 400, message),
    }
}

/// The answer to a key that does not exist, and to credentials used where their kind is not taken.
pub(crate) fn unknown_key(protocol: Protocol) -> AwsError {
    let message = "The security token included in the request is invalid.";
    match protocol {
        Protocol::Query => AwsError::new("InvalidClientTokenId", 403, message),
        Protocol::Json => AwsError::new("UnrecognizedClientException", 400, message),
    }
}

fn check_token(protocol: Protocol, credential: &Credential, token: Option<&str>, now: Timestamp) -> Result<(), AwsError> {
    if credential.session_token.as_deref() != token {
        return Err(unknown_key(protocol));
    }
    if credential.expires.is_some_and(|expires| expires <= now) {
        let message = "The security token included in the request is expired";
        return Err(match protocol {
            Protocol::Query => AwsError::new("ExpiredToken", 403, message),
            Protocol::Json => AwsError::new("ExpiredTokenException", 400, message),
        });
    }
    Ok(())
}

/// `stamp` is `20260102T030405Z`; `date` the scope's day.
fn check_clock(protocol: Protocol, stamp: &str, date: &str, now: Timestamp) -> Result<(), AwsError> {
    let signed = DateTime::strptime("%Y%m%dT%H%M%SZ", stamp)
        .and_then(|time| time.to_zoned(TimeZone::UTC))
        .map_err(|_| incomplete(protocol, format!("Date must be in ISO-8601 'basic format'. Got '{stamp}'.")))?
        .timestamp();
    if stamp.get(..8) != Some(date) {
        return Err(mismatch(protocol, format!("Credential should be scoped to a valid date: `{date}` is not the day of `{stamp}`")));
    }
    let basic = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
    let at = |seconds: i64| Timestamp::from_second(seconds).map_or_else(|_| stamp.to_owned(), basic);
    let skew = now.as_second().saturating_sub(signed.as_second());
    if skew > SKEW_SECONDS {
        let bound = at(now.as_second() - SKEW_SECONDS);
        return Err(mismatch(protocol, format!("Signature expired: {stamp} is now earlier than {bound} ({} - 15 min.)", basic(now))));
    }
    if skew < -SKEW_SECONDS {
        let bound = at(now.as_second() + SKEW_SECONDS);
        return Err(mismatch(
            protocol,
            format!("Signature not yet current: {stamp} is still later than {bound} ({} + 15 min.)", basic(now)),
        ));
    }
    Ok(())
}

fn parse(header: &str) -> Result<Authorization<'_>, String> {
    let rest =
        header.strip_prefix("AWS4-HMAC-SHA256 ").ok_or_else(|| "Authorization header must begin with 'AWS4-HMAC-SHA256'".to_owned())?;
    let find = |name: &str| {
        rest.split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .ok_or_else(|| format!("Authorization header requires '{name}' parameter."))
    };
    let credential = find("Credential")?;
    let scope: Vec<&str> = credential.split('/').collect();
    let [access_key_id, date, region, service, "aws4_request"] = scope[..] else {
        return Err(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
        ));
    };
    let signature = hex::decode(find("Signature")?).map_err(|_| "Signature must be hexadecimal".to_owned())?;
    let signed_headers = find("SignedHeaders")?.split(';').collect();
    Ok(Authorization { access_key_id, date, region, service, signed_headers, signature })
}

fn canonical_request(parts: &Parts, body: &[u8], authorization: &Authorization) -> Result<String, String> {
    let mut headers = String::new();
    for name in &authorization.signed_headers {
        let value = header_value(parts, name).ok_or_else(|| format!("signed header `{name}` is not in the request"))?;
        let _ = writeln!(headers, "{name}:{value}");
    }
    if !authorization.signed_headers.contains(&"host") {
        return Err("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned());
    }
    let hash = hex::encode(Sha256::digest(body));
    let payload = match header_text(&parts.headers, "x-amz-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => "UNSIGNED-PAYLOAD",
        Some(given) if given != hash => {
            return Err("The provided 'x-amz-content-sha256' header does not match what was computed.".to_owned());
        }
        _ => &hash,
    };
    let path = match parts.uri.path() {
        "" => "/".to_owned(),
        path => utf8_percent_encode(path, RESERVED_IN_PATH).to_string(),
    };
    let query = canonical_query(parts.uri.query().unwrap_or_default());
    let signed = authorization.signed_headers.join(";");
    Ok(format!("{}\n{path}\n{query}\n{headers}\n{signed}\n{payload}", parts.method))
}

/// All values of a header, trimmed, inner blanks as one; the host may stand in the URI only.
fn header_value(parts: &Parts, name: &str) -> Option<String> {
    let mut values = Vec::new();
    for value in parts.headers.get_all(name) {
        values.push(value.to_str().ok()?.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
    }
    if values.is_empty() && name == "host" {
        return parts.uri.authority().map(ToString::to_string);
    }
    (!values.is_empty()).then(|| values.join(","))
}

fn canonical_query(query: &str) -> String {
    let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let mut items: Vec<(String, String)> = pairs(query).into_iter().map(|(key, value)| (encode(&key), encode(&value))).collect();
    items.sort();
    items.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
}

fn mac(key: &[u8], data: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("invariant: HMAC takes keys of any length");
    mac.update(data);
    mac
}

/// The keyed hash at the end of the chain date, region, service, terminator, text.
fn signature(secret: &str, scope: [&str; 3], text: &str) -> Hmac<Sha256> {
    let mut key = mac(format!("AWS4{secret}").as_bytes(), scope[0].as_bytes()).finalize().into_bytes();
    for part in [scope[1], scope[2], "aws4_request"] {
        key = mac(&key, part.as_bytes()).finalize().into_bytes();
    }
    mac(&key, text.as_bytes())
}

fn string_to_sign(scope: [&str; 3], stamp: &str, canonical: &str) -> String {
    let [date, region, service] = scope;
    let hash = hex::encode(Sha256::digest(canonical.as_bytes()));
    format!("AWS4-HMAC-SHA256\n{stamp}\n{date}/{region}/{service}/aws4_request\n{hash}")
}

fn verify(secret: &str, authorization: &Authorization, stamp: &str, canonical: &str) -> bool {
    let scope = [authorization.date, authorization.region, authorization.service];
    let text = string_to_sign(scope, stamp, canonical);
    // compares in constant time
    signature(secret, scope, &text).verify_slice(&authorization.signature).is_ok()
}

/// Signs a request as a client does; only for tests, which have no SDK at hand.
#[cfg(test)]
pub(crate) fn sign(request: &mut http::Request<bytes::Bytes>, key: (&str, &str, Option<&str>), service: &str, now: Timestamp) {
    let (id, secret, token) = key;
    let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let insert = |request: &mut http::Request<bytes::Bytes>, name: &'static str, value: &str| {
        request.headers_mut().insert(name, value.parse().expect("a header value"));
    };
    insert(request, "x-amz-date", &stamp);
    let mut signed_headers = vec!["host", "x-amz-date"];
    if let Some(token) = token {
        insert(request, "x-amz-security-token", token);
        signed_headers.push("x-amz-security-token");
    }
    let scope = [&stamp[..8], "us-east-1", service];
    let authorization =
        Authorization { access_key_id: id, date: scope[0], region: scope[1], service, signed_headers, signature: Vec::new() };
    let (parts, body) = request.clone().into_parts();
    let canonical = canonical_request(&parts, &body, &authorization).expect("a canonical request");
    let text = string_to_sign(scope, &stamp, &canonical);
    let signature = hex::encode(signature(secret, scope, &text).finalize().into_bytes());
    let header = format!(
        "AWS4-HMAC-SHA256 Credential={id}/{}/us-east-1/{service}/aws4_request, SignedHeaders={}, Signature={signature}",
        scope[0],
        authorization.signed_headers.join(";"),
    );
    insert(request, "authorization", &header);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of AWS's "Signing AWS requests" page (GET ListUsers, 30 August 2015).
    #[test]
    fn published_example() {
        let request = http::Request::builder()
            .uri("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .header("x-amz-date", "20150830T123600Z")
            .body(())
            .expect("a request");
        let authorization = parse(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        )
        .expect("a header");
        let canonical = canonical_request(&request.into_parts().0, b"", &authorization).expect("canonical");
        assert!(verify("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &authorization, "20150830T123600Z", &canonical));
        assert!(!verify("another", &authorization, "20150830T123600Z", &canonical));
    }

    #[test]
    fn malformed_headers() {
        for text in [
            "",
            "Basic abc",
            "AWS4-HMAC-SHA256 ",
            "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=00",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, Signature=00",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=zz",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
