//! What a request asks for: its protocol, operation and members.

use super::error::AwsError;
use super::wire::{Protocol, Service, decode, pairs};
use http::request::Parts;
use http::{Method, header};
use serde_json::{Map, Value};

const TARGET: &str = "AWSOrganizationsV20161128.";

/// The protocol a request is written in, by its headers.
pub(crate) fn protocol(parts: &Parts) -> Protocol {
    let json = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-amz-json"));
    if json || parts.headers.contains_key("x-amz-target") { Protocol::Json } else { Protocol::Query }
}

/// The operation's name and the members of its input.
pub(crate) fn read(service: Service, protocol: Protocol, parts: &Parts, body: &[u8]) -> Result<(String, Map<String, Value>), AwsError> {
    if service.protocol() != protocol {
        return Err(match protocol {
            Protocol::Query => AwsError::new("InvalidAction", 400, "Organizations speaks awsJson 1.1: send X-Amz-Target"),
            Protocol::Json => AwsError::new("UnknownOperationException", 400, "IAM and STS speak awsQuery: send a form with Action"),
        });
    }
    match protocol {
        Protocol::Json => json(parts, body),
        Protocol::Query => query(service, parts, body),
    }
}

fn json(parts: &Parts, body: &[u8]) -> Result<(String, Map<String, Value>), AwsError> {
    let operation = parts
        .headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok()?.strip_prefix(TARGET))
        .ok_or_else(|| AwsError::new("UnknownOperationException", 400, format!("X-Amz-Target must be {TARGET}<operation>")))?;
    let members = if body.is_empty() {
        Map::new()
    } else {
        serde_json::from_slice(body)
            .map_err(|error| AwsError::new("SerializationException", 400, format!("body is not a JSON object: {error}")))?
    };
    Ok((operation.to_owned(), members))
}

fn query(service: Service, parts: &Parts, body: &[u8]) -> Result<(String, Map<String, Value>), AwsError> {
    let text = if parts.method == Method::GET {
        parts.uri.query().unwrap_or_default()
    } else {
        std::str::from_utf8(body).map_err(|_| AwsError::new("MalformedInput", 400, "the form is not UTF-8 text"))?
    };
    let mut members = decode(pairs(text));
    let action = members.remove("Action");
    let version = members.remove("Version");
    let Some(Value::String(action)) = action else {
        return Err(AwsError::new("MissingAction", 400, "The request must contain the parameter Action."));
    };
    match version {
        Some(Value::String(version)) if version == service.version() => Ok((action, members)),
        _ => Err(AwsError::new("InvalidAction", 400, format!("Could not find operation {action}: give Version={}", service.version()))),
    }
}
