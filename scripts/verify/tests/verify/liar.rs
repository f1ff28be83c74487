//! An edge that lies: it passes on what the real one publishes, and alters some of it first. It has the edge's signing keys,
//! as an operator has.

use std::sync::Arc;

use sha2::Digest as _;
use stanchion_harness::{beacon, variable};
use stanchion_shared::{
    draw::{
        beacon::BeaconRound,
        digest::{self, FrozenShard, ShardDigest},
        record::{DrawRecord, SignedRecord},
    },
    ids::{Bytes32, Shard, ShardCount, Tag, Tier},
    jose::SigningKeys,
    wire::ReceiptClaims,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// Alters an answer's body, by the path it was asked for with.
pub(crate) type Alter = Arc<dyn Fn(&str, &[u8]) -> Option<Vec<u8>> + Send + Sync>;

/// Where it listens, until the test has ended.
pub(crate) async fn in_front_of(edge_url: &str, alter: Alter) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let edge_url = edge_url.to_owned();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(pass(stream, edge_url.clone(), alter.clone()));
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
    // A client that has read enough may be gone.
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
}

/// The record of draw 0 as the operator would rather have it, and signed.
fn altered(path: &str, body: &[u8], alter: impl FnOnce(&mut DrawRecord)) -> Option<Vec<u8>> {
    let signed: SignedRecord = path
        .ends_with("/draws/0")
        .then(|| serde_json::from_slice(body).unwrap())?;
    let mut record = signed.record;
    alter(&mut record);
    let keys = SigningKeys::parse(&variable("STANCHION_SIGNING_KEYS")).unwrap();
    Some(serde_json::to_vec(&record.sign(&keys)).unwrap())
}

/// It closed five seconds later, with that instant's round.
pub(crate) fn close_later(path: &str, body: &[u8]) -> Option<Vec<u8>> {
    altered(path, body, |record| {
        record.closed_at = record.closed_at.plus(beacon::PERIOD_S * 1_000);
        let signature = beacon::signature_of(4).as_str().unwrap().to_owned();
        let bytes: [u8; 48] = hex::decode(&signature).unwrap().try_into().unwrap();
        record.entropy = Some(Bytes32(sha2::Sha256::digest(bytes).into()));
        record.beacon = Some(BeaconRound { round: 4, signature });
    })
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

/// Humans, here everybody, are listed as verified fans and the other way round.
pub(crate) fn swap_the_tiers(path: &str, body: &[u8]) -> Option<Vec<u8>> {
    altered(path, body, |record| record.tiers.swap(0, 1))
}

/// Adds a suspect before this fan. The fan's number stays, and record and lists agree with one another.
pub(crate) async fn add_before(edge_url: &str, shards: ShardCount, receipt: &ReceiptClaims) -> Alter {
    let (event, own) = (&receipt.event_id, receipt.shard);
    let mut stranger = receipt.tag;
    stranger.0[15] ^= 1;
    let entry = digest::log_entry(Tier::Suspect, stranger);
    let mut frozen = Vec::new();
    for shard in shards.all() {
        let url = format!("{edge_url}/api/v1/events/{event}/draws/0/shards/{}", shard.0);
        let served = reqwest::get(url).await.unwrap().bytes().await.unwrap();
        let told = if shard == own {
            [&entry, &served[..]].concat()
        } else {
            served.to_vec()
        };
        frozen.push(frozen_as(shard, &digest::parse_log(&told).unwrap()));
    }
    let tickets_digest = digest::tickets_digest(shards, &frozen);
    let list = format!("/draws/0/shards/{}", own.0);
    Arc::new(move |path, body| {
        if path.ends_with(&list) {
            return Some([&entry, body].concat());
        }
        altered(path, body, |record| {
            record.tickets_digest = tickets_digest;
            let suspects = &mut record.tiers[Tier::Suspect.index()];
            assert_eq!(suspects.count, 0, "everybody is a human");
            suspects.count = 1;
            suspects.shards.push((own, 1));
        })
    })
}

fn frozen_as(shard: Shard, log: &[(Tier, Tag)]) -> FrozenShard {
    let mut frozen = FrozenShard {
        shard,
        digest: ShardDigest::EMPTY,
        counts: [0; 3],
    };
    for &(tier, tag) in log {
        frozen.digest = frozen.digest.with(tier, tag);
        frozen.counts[tier.index()] += 1;
    }
    frozen
}
