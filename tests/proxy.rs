//! Between the runner and a served sandbox: sees every call, and may hold a reply back.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    changes: Arc<Mutex<Vec<String>>>,
    holds: Receiver<Held>,
}

/// A reply that goes on when this is dropped.
pub(crate) type Held = Sender<()>;

impl Proxy {
    /// In front of `upstream`; holds the reply to the `hold`th call that changes something, counted from 0.
    pub(crate) fn start(upstream: &str, hold: Option<usize>) -> Proxy {
        Proxy::holding(upstream, move |number, _| Some(number) == hold)
    }

    /// Holds the reply to each call that changes something of which this is true, by its number and name.
    pub(crate) fn holding(upstream: &str, hold: impl Fn(usize, &str) -> bool + Copy + Send + 'static) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
        let changes = Arc::new(Mutex::new(Vec::new()));
        let (holding, holds) = channel();
        let seen = Arc::clone(&changes);
        // Ends with the test's process.
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (upstream, seen, holding) = (TcpStream::connect(&upstream).unwrap(), Arc::clone(&seen), holding.clone());
                std::thread::spawn(move || pass(&client.unwrap(), &upstream, &seen, hold, &holding));
            }
        });
        Proxy { endpoint, changes, holds }
    }

    /// AWS's names of the calls so far that change something, in order.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.changes.lock().unwrap().clone()
    }

    /// Waits until the reply that is to be held is there.
    pub(crate) fn held(&self) -> Held {
        self.holds.recv().unwrap()
    }
}

/// Whether a call of this name changes something.
pub(crate) fn is_change(name: &str) -> bool {
    !["Get", "List", "Describe", "Assume"].iter().any(|read| name.starts_with(read))
}

/// Passes on one connection's calls and replies until either side is gone.
fn pass(
    client: &TcpStream,
    upstream: &TcpStream,
    seen: &Mutex<Vec<String>>,
    hold: impl Fn(usize, &str) -> bool,
    holding: &Sender<Held>,
) -> Option<()> {
    let (mut calls, mut replies) = (BufReader::new(client), BufReader::new(upstream));
    loop {
        let call = Message::read(&mut calls)?;
        let name = call.name();
        let is_held = is_change(&name) && {
            let mut seen = seen.lock().unwrap();
            seen.push(name.clone());
            hold(seen.len() - 1, &name)
        };
        call.write(upstream)?;
        let reply = Message::read(&mut replies)?;
        if is_held {
            let (release, released) = channel();
            holding.send(release).ok()?;
            // Gives an error when the other side is dropped, which is what is waited for.
            let _ = released.recv();
        }
        reply.write(client)?;
    }
}

/// A request or a reply as it stands on the wire.
pub(crate) struct Message {
    head: String,
    body: Vec<u8>,
}

impl Message {
    /// The next one; none when there are no more.
    pub(crate) fn read(reader: &mut impl BufRead) -> Option<Message> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        Some(Message { head, body })
    }

    fn write(&self, mut stream: &TcpStream) -> Option<()> {
        stream.write_all(&[self.head.as_bytes(), &self.body].concat()).ok()
    }

    /// AWS's name of the call.
    fn name(&self) -> String {
        let target = self.head.lines().find(|line| line.to_lowercase().starts_with("x-amz-target:"));
        let body = String::from_utf8_lossy(&self.body);
        let action = || body.split('&').find_map(|pair| pair.strip_prefix("Action="));
        target.and_then(|target| target.rsplit('.').next()).or_else(action).unwrap().to_owned()
    }
}
