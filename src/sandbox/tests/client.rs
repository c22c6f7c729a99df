//! A client of the sandbox: signs, sends, reads.

use crate::sandbox::{AccessKey, Sandbox, Settings, signature};
use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// A moment at which the tests begin.
pub(crate) fn start() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().expect("a time")
}

/// A fresh sandbox in memory with default settings.
pub(crate) fn sandbox() -> Sandbox {
    Sandbox::open(Settings::default(), None).expect("a sandbox")
}

/// Credentials and a clock.
#[derive(Clone)]
pub(crate) struct Client {
    pub sandbox: Sandbox,
    pub key: AccessKey,
    pub token: Option<String>,
    pub now: Timestamp,
}

/// A reply: status and body; `Reply::text` finds the text of the first element of that name in an XML body.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub body: String,
}

impl Reply {
    /// The text of the first element of that name.
    pub(crate) fn text(&self, element: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("<{element}>"))?;
        Some(rest.split_once(&format!("</{element}>"))?.0)
    }

    /// How often an element of that name opens.
    pub(crate) fn count(&self, element: &str) -> usize {
        self.body.matches(&format!("<{element}>")).count()
    }

    /// The error's code; empty when all went well.
    pub(crate) fn code(&self) -> String {
        if self.status < 300 {
            return String::new();
        }
        match self.json().get("__type").and_then(Value::as_str) {
            Some(code) => code.to_owned(),
            None => self.text("Code").unwrap_or_default().to_owned(),
        }
    }

    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub(crate) fn message(&self) -> String {
        match self.json().get("Message").and_then(Value::as_str) {
            Some(message) => message.to_owned(),
            None => self.text("Message").unwrap_or_default().to_owned(),
        }
    }
}

impl From<Response<Bytes>> for Reply {
    fn from(response: Response<Bytes>) -> Reply {
        let body = String::from_utf8_lossy(response.body()).into_owned();
        Reply { status: response.status().as_u16(), body }
    }
}

impl Client {
    /// The administrator of the management account.
    pub(crate) fn administrator(sandbox: &Sandbox) -> Client {
        Client { sandbox: sandbox.clone(), key: sandbox.administrator(), token: None, now: start() }
    }

    /// The same client later.
    pub(crate) fn later(&self, seconds: i64) -> Client {
        Client { now: self.now + SignedDuration::from_secs(seconds), ..self.clone() }
    }

    /// Sends an awsQuery call; `service` is `iam` or `sts`.
    pub(crate) fn query(&self, service: &str, action: &str, params: &[(&str, &str)]) -> Reply {
        self.send(query_request(service, action, params), service).expect("a reply")
    }

    /// Sends a call to Organizations.
    pub(crate) fn organizations(&self, operation: &str, input: &Value) -> Reply {
        self.send(json_request(operation, input), "organizations").expect("a reply")
    }

    /// Signs and sends; none when the reply was lost.
    pub(crate) fn send(&self, mut request: Request<Bytes>, service: &str) -> Option<Reply> {
        let key = (self.key.access_key_id.as_str(), self.key.secret_access_key.as_str(), self.token.as_deref());
        signature::sign(&mut request, key, service, self.now);
        self.sandbox.handle(request, self.now).map(Reply::from)
    }

    /// Assumes a role and gives a client with its credentials, or the refusal.
    pub(crate) fn assume(&self, role_arn: &str, more: &[(&str, &str)]) -> Result<Client, Reply> {
        let params = [&[("RoleArn", role_arn), ("RoleSessionName", "session")], more].concat();
        let reply = self.query("sts", "AssumeRole", &params);
        let text = |name| reply.text(name).map(str::to_owned);
        match (text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken")) {
            (Some(access_key_id), Some(secret_access_key), token @ Some(_)) => {
                Ok(Client { key: AccessKey { access_key_id, secret_access_key }, token, ..self.clone() })
            }
            _ => Err(reply),
        }
    }
}

/// An awsQuery request, unsigned.
pub(crate) fn query_request(service: &str, action: &str, params: &[(&str, &str)]) -> Request<Bytes> {
    let version = if service == "iam" { "2010-05-08" } else { "2011-06-15" };
    let mut body = format!("Action={action}&Version={version}");
    for (key, value) in params {
        body.extend(["&", *key, "="]);
        body.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    Request::builder()
        .method("POST")
        .uri(format!("https://{service}.amazonaws.com/"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(body))
        .expect("a request")
}

/// An awsJson request to Organizations, unsigned.
pub(crate) fn json_request(operation: &str, input: &Value) -> Request<Bytes> {
    Request::builder()
        .method("POST")
        .uri("https://organizations.us-east-1.amazonaws.com/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("AWSOrganizationsV20161128.{operation}"))
        .body(Bytes::from(input.to_string()))
        .expect("a request")
}
