//! The sandbox on a socket: HTTP/1.1, for other tools of the same machine.

use super::Sandbox;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use jiff::Timestamp;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use tokio::net::TcpListener;

/// No AWS request is larger.
const BODY_LIMIT: usize = 4 << 20;

/// Serves until `shutdown` is ready, then lets running requests end.
pub async fn serve(
    sandbox: Sandbox,
    listener: TcpListener,
    now: impl Fn() -> Timestamp + Clone + Send + Sync + 'static,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let stream = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted?.0,
        };
        let (sandbox, now) = (sandbox.clone(), now.clone());
        let service = service_fn(move |request| answer(sandbox.clone(), request, now()));
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        // a client that goes away is no concern of ours
        tokio::spawn(async move { drop(connection.await) });
    }
    graceful.shutdown().await;
    Ok(())
}

/// Why a connection is closed without an answer.
#[derive(Debug)]
struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reply was lost (a fault of the sandbox)")
    }
}

impl Error for Lost {}

async fn answer(sandbox: Sandbox, request: Request<Incoming>, now: Timestamp) -> Result<Response<Full<Bytes>>, Lost> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        let mut refusal = Response::new(Full::new(Bytes::from_static(b"the request is larger than 4 MiB")));
        *refusal.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(refusal);
    };
    match sandbox.handle(Request::from_parts(parts, body.to_bytes()), now) {
        Some(reply) => Ok(reply.map(Full::new)),
        None => Err(Lost),
    }
}
