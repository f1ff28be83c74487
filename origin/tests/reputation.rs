//! The table of addresses: for the edge only, and as the file says at this moment.

use crate::harness::{Answer, CONTROL_KEY, TestOrigin, eventually, send};
use reqwest::{Method, StatusCode, header};
use stanchion_origin::clock;
use stanchion_shared::{
    control::{self, ControlRequest, SIGNATURE_HEADER, TIME_HEADER},
    ids::Bytes32,
};
use uuid::Uuid;

const PATH: &str = "/api/v1/edge/reputation";

/// As the edge asks.
async fn ask(origin: &TestOrigin, known: Option<&str>) -> Answer {
    let signed = ControlRequest {
        method: "GET",
        path: PATH,
        query: "",
        body: b"",
    };
    let (time, signature) = control::sign(&Bytes32(CONTROL_KEY), &signed, clock::now());
    let mut request = origin.request(Method::GET, PATH);
    request = request.header(TIME_HEADER, time).header(SIGNATURE_HEADER, signature);
    if let Some(known) = known {
        request = request.header(header::IF_NONE_MATCH, known);
    }
    send(request).await
}

#[tokio::test]
async fn the_edge_gets_what_the_file_says_now_once_and_a_bad_file_changes_nothing() {
    let file = std::env::temp_dir().join(format!("stanchion-reputation-{}", Uuid::new_v4()));
    std::fs::write(&file, "203.0.113.0/24 datacentre\n").unwrap();
    let origin = TestOrigin::with(&[("STANCHION_REPUTATION_FILE", file.to_str().unwrap())]).await;
    let served = async |text: &str| {
        let answer = ask(&origin, None).await;
        answer.status == StatusCode::OK && answer.text == text
    };
    eventually("the file is served", async || {
        served("203.0.113.0/24 datacentre\n").await
    })
    .await;
    let etag = ask(&origin, None).await.headers[header::ETAG]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(ask(&origin, Some(&etag)).await.status, StatusCode::NOT_MODIFIED);

    std::fs::write(&file, "203.0.113.0/24 datacentre\nand nonsense\n").unwrap();
    tokio::time::sleep(2 * stanchion_origin::reputation::LOOK_EVERY).await;
    assert_eq!(ask(&origin, Some(&etag)).await.status, StatusCode::NOT_MODIFIED);

    std::fs::write(&file, "AS64500 vpn\n").unwrap();
    eventually("the mended file is served", async || served("AS64500 vpn\n").await).await;
    assert_eq!(ask(&origin, Some(&etag)).await.status, StatusCode::OK);
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn without_a_file_the_table_is_empty_and_nobody_but_the_edge_gets_it() {
    let origin = TestOrigin::new().await;
    let answer = ask(&origin, None).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
    let stranger = origin.get(PATH).await;
    assert_eq!(
        (stranger.status, stranger.word().as_str()),
        (StatusCode::UNAUTHORIZED, "control_signature")
    );
}
