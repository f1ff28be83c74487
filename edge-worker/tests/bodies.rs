//! A body may have 16 KiB, whether its length is announced or it comes in chunks.

use stanchion_stage::Edge;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

const LIMIT: usize = 16 * 1024;
const CHUNK: usize = 1_000;

/// Status of a join without an account: 401 for a body that was read, 413 for one that is too long.
async fn status(edge: &Edge, framing: &str, body: &[u8]) -> u16 {
    let host = edge.url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /api/v1/queue/join HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nConnection: close\r\n\
         {framing}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    // A server that has seen enough may close before it has read everything.
    let _ = connection.write_all(body).await;
    // The status line is enough: some servers leave such a connection open for a while.
    let mut first_line = String::new();
    BufReader::new(connection).read_line(&mut first_line).await.unwrap();
    let status = first_line.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {first_line:?}"))
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in body.chunks(CHUNK) {
        chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunks.extend_from_slice(chunk);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\n\r\n");
    chunks
}

#[tokio::test]
async fn a_body_is_read_up_to_the_limit_and_refused_beyond_it_however_it_is_framed() {
    let edge = Edge::new();
    for (length, expected) in [(LIMIT, 401), (LIMIT + 1, 413), (4 * LIMIT, 413)] {
        let body = vec![b' '; length];
        let announced = format!("Content-Length: {length}");
        assert_eq!(status(&edge, &announced, &body).await, expected, "{length} announced");
        let chunks = chunked(&body);
        let told = status(&edge, "Transfer-Encoding: chunked", &chunks).await;
        assert_eq!(told, expected, "{length} in chunks");
    }
}
