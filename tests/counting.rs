//! A door in front of a served sandbox that writes down which operation each request asks for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

pub(crate) struct Counting {
    pub(crate) endpoint: String,
    operations: Arc<Mutex<Vec<String>>>,
}

impl Counting {
    /// In front of `endpoint`; ends with the test's process.
    pub(crate) fn before(endpoint: &str) -> Counting {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let operations: Arc<Mutex<Vec<String>>> = Arc::default();
        let counting = Counting { endpoint: format!("http://{}", listener.local_addr().unwrap()), operations: Arc::clone(&operations) };
        let upstream = endpoint.trim_start_matches("http://").to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, upstream, operations) = (stream.unwrap(), upstream.clone(), Arc::clone(&operations));
                // A client that goes away ends its thread.
                std::thread::spawn(move || while pass(&stream, &upstream, &operations).is_some() {});
            }
        });
        counting
    }

    /// The operations asked for since the last call, in order.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.operations.lock().unwrap())
    }
}

/// Passes one request on as it is, and the answer back.
fn pass(stream: &TcpStream, upstream: &str, operations: &Mutex<Vec<String>>) -> Option<()> {
    let request = message(stream)?;
    operations.lock().unwrap().push(operation(&String::from_utf8_lossy(&request)));
    let mut server = TcpStream::connect(upstream).ok()?;
    server.write_all(&request).ok()?;
    let answer = message(&server)?;
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
