//! A load generator for requests of which each can be sent only once (a join, a checkout): they are made beforehand, and
//! are sent as they are over a fixed number of connections, each of which waits for an answer before it sends the next.
//! One thread; both sides of a measure are loaded by it alike.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use crate::measured::{Failure, Measured};

/// An answer that takes longer will not come.
const PATIENCE: Duration = Duration::from_secs(20);
const MOST_HEADERS: usize = 32;

/// A request as it goes over the wire.
pub(crate) struct Prepared(Vec<u8>);

impl Prepared {
    /// A POST of JSON.
    pub(crate) fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Prepared {
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        Prepared(format!("{head}\r\n{body}").into_bytes())
    }

    /// For a failure to name.
    fn path(&self) -> String {
        let path = self.0.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        String::from_utf8_lossy(path).into_owned()
    }
}

/// Sends each of `requests` once and wants 200 for each. The time from the first byte sent to the last answer read;
/// connecting is not in it.
pub(crate) fn send(address: SocketAddr, connections: usize, requests: &Arc<Vec<Prepared>>) -> Measured<Duration> {
    let requests = Arc::clone(requests);
    let path = requests.first().map_or_else(String::new, Prepared::path);
    // A runtime of its own, so that it has one thread whatever else runs.
    let generator = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(send_all(address, connections, requests))
    });
    let sent = generator.join().map_err(|_| "the load generator panicked")?;
    sent.map_err(|failure| format!("{path}: {failure}").into())
}

async fn send_all(address: SocketAddr, connections: usize, requests: Arc<Vec<Prepared>>) -> Measured<Duration> {
    let mut streams = Vec::with_capacity(connections);
    for _ in 0..connections {
        streams.push(connect(address).await?);
    }
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut senders = JoinSet::new();
    for mut stream in streams {
        let (requests, next) = (requests.clone(), next.clone());
        senders.spawn(async move {
            let mut answer = Vec::with_capacity(8 * 1024);
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let exchanged = exchange(address, &mut stream, request, &mut answer);
                timeout(PATIENCE, exchanged)
                    .await
                    .map_err(|_| "an answer did not come")??;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent??;
    }
    Ok(began.elapsed())
}

/// A server may close a connection after any answer (RFC 9112, 9.6), and workerd now and then does. The request that then
/// got no byte of an answer is sent once more; had it been worked on after all, the answer would not be 200.
async fn exchange(
    address: SocketAddr,
    stream: &mut TcpStream,
    request: &Prepared,
    answer: &mut Vec<u8>,
) -> Measured<()> {
    let status = match ask(stream, request, answer).await {
        Err(_) if answer.is_empty() => {
            *stream = connect(address).await?;
            ask(stream, request, answer).await?
        }
        asked => asked?,
    };
    if status == 200 {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(answer).into())
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends the request and reads the whole answer; its status.
async fn ask(stream: &mut TcpStream, request: &Prepared, answer: &mut Vec<u8>) -> Measured<u16> {
    answer.clear();
    stream.write_all(&request.0).await?;
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err("the connection was closed before the answer was whole".into());
        }
        if let Some(status) = whole(answer)? {
            return Ok(status);
        }
    }
}

/// The status, once all of the answer is there.
fn whole(answer: &[u8]) -> Measured<Option<u16>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head_length) = head.parse(answer)? else {
        return Ok(None);
    };
    let value = |name: &str| {
        let header = head
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    let is_whole = if let Some(length) = value("content-length") {
        answer.len() >= head_length + length.parse::<usize>()?
    } else if value("transfer-encoding").is_some() {
        answer.ends_with(b"0\r\n\r\n")
    } else {
        return Err("an answer does not say how long it is".into());
    };
    Ok(head.code.filter(|_| is_whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_at_its_last_byte() {
        let sized = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
        let chunked = b"HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
        for (answer, status) in [(&sized[..], 200), (&chunked[..], 409)] {
            assert_eq!(whole(answer).unwrap(), Some(status));
            for length in 0..answer.len() {
                assert_eq!(whole(&answer[..length]).unwrap(), None, "{length}");
            }
        }
        assert!(whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(whole(b"nonsense\r\n\r\n").is_err());
    }

    #[test]
    fn a_request_has_its_length() {
        let request = Prepared::post("/a", &[("x", "y")], "{}");
        assert_eq!(request.path(), "/a");
        let Prepared(bytes) = request;
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("POST /a HTTP/1.1\r\n"));
        assert!(
            text.contains("\r\nContent-Length: 2\r\n") && text.ends_with("\r\nx: y\r\n\r\n{}"),
            "{text}"
        );
    }
}
