//! Replies in either protocol.

use super::protocol::{Protocol, Service};
use super::xml::element;
use crate::sandbox::error::AwsError;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The answer to a call that went well; `Value::Null` when the operation has no result.
pub(crate) fn success(service: Service, operation: &str, result: Value, id: &str, now: Timestamp) -> Response<Bytes> {
    let body = match service.protocol() {
        Protocol::Json if result.is_null() => "{}".to_owned(),
        Protocol::Json => without_null(result).to_string(),
        Protocol::Query => {
            let mut body = format!("<{operation}Response xmlns=\"{}\">", service.namespace());
            element(&mut body, &format!("{operation}Result"), &result);
            element(&mut body, "ResponseMetadata", &json!({ "RequestId": id }));
            body.push_str("</");
            body.push_str(operation);
            body.push_str("Response>");
            body
        }
    };
    respond(service.protocol(), 200, body, id, now)
}

/// AWS leaves absent members out.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members.into_iter().filter(|(_, member)| !member.is_null()).map(|(key, member)| (key, without_null(member))).collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_null).collect()),
        other => other,
    }
}

/// The answer to a call that was refused.
pub(crate) fn failure(protocol: Protocol, service: Option<Service>, error: &AwsError, id: &str, now: Timestamp) -> Response<Bytes> {
    let body = match protocol {
        Protocol::Json => {
            // Organizations spells it `Message`; the SDKs read both
            let mut members = json!({ "__type": error.code, "Message": error.message });
            for (member, value) in &error.more {
                members[*member] = Value::String(value.clone());
            }
            members.to_string()
        }
        Protocol::Query => {
            let namespace = service.unwrap_or(Service::Iam).namespace();
            let side = if error.status < 500 { "Sender" } else { "Receiver" };
            let mut body = format!("<ErrorResponse xmlns=\"{namespace}\">");
            element(&mut body, "Error", &json!({ "Type": side, "Code": error.code, "Message": error.message }));
            element(&mut body, "RequestId", &Value::String(id.to_owned()));
            body.push_str("</ErrorResponse>");
            body
        }
    };
    respond(protocol, error.status, body, id, now)
}

fn respond(protocol: Protocol, status: u16, body: String, id: &str, now: Timestamp) -> Response<Bytes> {
    let kind = match protocol {
        Protocol::Query => "text/xml",
        Protocol::Json => "application/x-amz-json-1.1",
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    for (name, value) in [("date", date.as_str()), ("x-amzn-requestid", id)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}
