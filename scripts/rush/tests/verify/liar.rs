//! An edge that lies: it passes on what the real one publishes, and alters some of it first. It has the edge's signing keys,
//! as whoever runs a site has.

use sha2::Digest as _;
use stanchion_shared::{
    draw::record::{BeaconRound, SignedRecord},
    identity::Bytes32,
    jose::SigningKeys,
};
use stanchion_stage::{beacon, variable};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// Alters an answer's body, by the path it was asked for with.
pub(crate) type Alter = fn(&str, &[u8]) -> Option<Vec<u8>>;

/// Where it listens, until the test has ended.
pub(crate) async fn in_front_of(edge_url: &str, alter: Alter) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let edge_url = edge_url.to_owned();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(pass(stream, edge_url.clone(), alter));
        }
    });
    url
}

/// One request per connection; only the path of a GET matters.
async fn pass(stream: TcpStream, edge_url: String, alter: Alter) {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while stream.read_line(&mut head).await.unwrap() > 2 {}
    let path = head.split(' ').nth(1).unwrap();
    let answer = reqwest::get(format!("{edge_url}{path}")).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.bytes().await.unwrap();
    let body = alter(path, &body).unwrap_or_else(|| body.to_vec());
    let head = format!(
        "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // Whoever has heard enough may be gone.
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
}

/// The record of draw 0 closed five seconds later, with that instant's round, and signed.
pub(crate) fn close_later(path: &str, body: &[u8]) -> Option<Vec<u8>> {
    let signed: SignedRecord = path
        .ends_with("/draws/0")
        .then(|| serde_json::from_slice(body).unwrap())?;
    let mut record = signed.record;
    record.closed_at = record.closed_at.plus(beacon::PERIOD_S * 1_000);
    let signature = beacon::signature_of(4).as_str().unwrap().to_owned();
    let bytes: [u8; 48] = hex::decode(&signature).unwrap().try_into().unwrap();
    record.entropy = Some(Bytes32(sha2::Sha256::digest(bytes).into()));
    record.beacon = Some(BeaconRound { round: 4, signature });
    let keys = SigningKeys::parse(&variable("STANCHION_SIGNING_KEYS")).unwrap();
    Some(serde_json::to_vec(&record.sign(&keys)).unwrap())
}

/// The same, and the on-sale was always meant to be then.
pub(crate) fn move_the_on_sale(path: &str, body: &[u8]) -> Option<Vec<u8>> {
    if !path.ends_with("/queue") {
        return close_later(path, body);
    }
    let mut queue: stanchion_shared::wire::QueueAnswer = serde_json::from_slice(body).unwrap();
    queue.on_sale_time = queue.on_sale_time.plus(beacon::PERIOD_S * 1_000);
    Some(serde_json::to_vec(&queue).unwrap())
}
