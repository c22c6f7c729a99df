//! A door in front of a served sandbox that writes down which operation each request asks for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};

pub(crate) struct Counting {
    pub(crate) endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// A request, by the operation it asks for. The body of IAM and STS is a form.
pub(crate) struct Request {
    pub(crate) operation: String,
    pub(crate) body: String,
    /// Head and body, once it has come.
    pub(crate) answer: Arc<OnceLock<String>>,
}

impl Request {
    /// Whether it changes nothing.
    pub(crate) fn is_read(&self) -> bool {
        ["Get", "List", "Describe", "Assume"].iter().any(|read| self.operation.starts_with(read))
    }
}

impl Counting {
    /// In front of `endpoint`; ends with the test's process.
    pub(crate) fn before(endpoint: &str) -> Counting {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let counting = Counting { endpoint: format!("http://{}", listener.local_addr().unwrap()), requests: Arc::clone(&requests) };
        let upstream = endpoint.trim_start_matches("http://").to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, upstream, requests) = (stream.unwrap(), upstream.clone(), Arc::clone(&requests));
                // A client that goes away ends its thread.
                std::thread::spawn(move || while pass(&stream, &upstream, &requests).is_some() {});
            }
        });
        counting
    }

    /// The operations asked for since the last call, in order.
    pub(crate) fn take(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.operation).collect()
    }

    /// The requests since the last call, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

/// Passes one request on as it is, and the answer back.
fn pass(stream: &TcpStream, upstream: &str, requests: &Mutex<Vec<Request>>) -> Option<()> {
    let request = message(stream)?;
    let text = String::from_utf8_lossy(&request);
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    let answered = Arc::new(OnceLock::new());
    requests.lock().unwrap().push(Request { operation: operation(&text), body, answer: Arc::clone(&answered) });
    let mut server = TcpStream::connect(upstream).ok()?;
    server.write_all(&request).ok()?;
    let answer = message(&server)?;
    answered.get_or_init(|| String::from_utf8_lossy(&answer).into_owned());
    (&*stream).write_all(&answer).ok()
}

/// Head and body of a message whose length is said.
fn message(stream: &TcpStream) -> Option<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let (mut all, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        all.extend(line.as_bytes());
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    all.extend(body);
    Some(all)
}

fn operation(request: &str) -> String {
    let target = request
        .lines()
        .find_map(|line| Some(line.to_lowercase().starts_with("x-amz-target:").then(|| line.rsplit('.').next())??.to_owned()));
    let action = || request.split(['&', '\n']).find_map(|part| part.strip_prefix("Action=")).map(str::to_owned);
    target.or_else(action).unwrap_or_else(|| "unreadable".to_owned())
}
