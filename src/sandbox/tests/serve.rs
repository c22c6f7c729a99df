//! The sandbox on a socket.

use super::client::{query_request, sandbox, start};
use crate::sandbox::{serve, signature};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Sends a signed GetCallerIdentity over a socket and reads what comes back until the end.
async fn ask(address: std::net::SocketAddr, sandbox: &crate::sandbox::Sandbox) -> String {
    let mut request = query_request("sts", "GetCallerIdentity", &[]);
    *request.uri_mut() = format!("http://{address}/").parse().expect("a uri");
    let key = sandbox.administrator();
    signature::sign(&mut request, (&key.access_key_id, &key.secret_access_key, None), "sts", start());
    let mut text = format!("POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in request.headers() {
        text.extend([name.as_str(), ": ", value.to_str().expect("text"), "\r\n"]);
    }
    let body = String::from_utf8_lossy(request.body());
    text.extend(["content-length: ", &body.len().to_string(), "\r\n\r\n", &body]);
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("a reply");
    reply
}

#[test]
fn answers_until_it_is_told_to_stop() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let sandbox = sandbox();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = serve(sandbox.clone(), listener, start, async { drop(stopped.await) });
        let client = async {
            let reply = ask(address, &sandbox).await;
            stop.send(()).expect("it listens");
            reply
        };
        let (ended, reply) = tokio::join!(server, client);
        ended.expect("a graceful end");
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
        assert!(reply.contains("user/admin"), "{reply}");
    });
}
