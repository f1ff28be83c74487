//! HTTP in and out, Redis, variables, and what the host says about a component before it runs.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::{Host, KEY, get, guest, redis_host, run, web};
use reqwest::{Client, StatusCode};

async fn redis(host: &Host, address: &str, lines: &[&str]) -> String {
    let body = format!("{address}\n{}", lines.join("\n"));
    let answer = Client::new()
        .post(format!("{}/redis", host.url))
        .body(body)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK, "{lines:?}: {}", host.log());
    answer.text().await.expect("text")
}

#[tokio::test]
async fn bodies_go_in_and_come_out_whole() {
    let host = Host::start(&[KEY]);
    assert_eq!(get(&host, "/").await, "hello");
    let body = "ß0123456".repeat(1 << 17);
    let answer = Client::new()
        .post(format!("{}/echo", host.url))
        .body(body.clone())
        .send()
        .await
        .expect("an answer");
    assert!(answer.text().await.expect("text") == body);
}

#[test]
fn a_connection_serves_one_request_after_the_other() {
    let host = Host::start(&[KEY]);
    let mut stream = TcpStream::connect(host.url.trim_start_matches("http://")).expect("a connection");
    for path in ["/", "/nowhere", "/"] {
        write!(stream, "GET {path} HTTP/1.1\r\nhost: guest\r\n\r\n").expect("a request");
        let mut answer = Vec::new();
        // spin-sdk gives bodies no length, so they come in chunks; the last one is empty.
        while !answer.ends_with(b"\r\n0\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("the connection stays open");
            answer.push(byte[0]);
        }
    }
}

#[tokio::test]
async fn the_component_is_told_who_asks_and_for_what() {
    let host = Host::start(&[KEY]);
    let headers = get(&host, "/headers?a=b").await;
    for line in [
        "spin-path-info: /headers\n",
        "?a=b\n",
        "spin-client-addr: 127.0.0.1:",
        "spin-full-url: http://",
    ] {
        assert!(headers.contains(line), "{line}: {headers}");
    }
}

#[tokio::test]
async fn variables_are_filled_templates_and_nothing_else_is_defined() {
    let host = Host::start(&[KEY, ("SPIN_VARIABLE_GREETING", "hello")]);
    assert_eq!(get(&host, "/variable?greeting").await, "hello, s3cret");
    assert_eq!(
        get(&host, "/variable?key").await,
        r#"Error::Undefined("no variable for \"guest\".\"key\"")"#
    );
    assert!(get(&host, "/variable?Key").await.contains("InvalidName"));
}

#[test]
fn a_required_variable_without_a_value_stops_the_start_and_is_named() {
    let (started, said, log) = run(&[], &[]);
    assert!(!started);
    assert_eq!(said, "");
    assert!(
        log.contains("the variable 'key' is required and has no value: set SPIN_VARIABLE_KEY"),
        "{log}"
    );
}

#[tokio::test]
async fn redis_answers_with_every_type_that_spin_has() {
    let host = Host::with_neighbours("127.0.0.1:1");
    let redis_url = format!("redis://{}", redis_host());
    let script = "return {1, 'two', false, {redis.status_reply('three'), ARGV[1] + 1}, KEYS[1]}";
    let sha = redis(&host, &redis_url, &["SCRIPT", "text LOAD", &format!("text {script}")]).await;
    let sha = sha.trim_end().strip_prefix("text ").expect("the script's digest");
    let answer = redis(
        &host,
        &redis_url,
        &["EVALSHA", &format!("text {sha}"), "number 1", "text key", "number 4"],
    )
    .await;
    assert_eq!(answer, "number 1\ntext two\nnil\nstatus three\nnumber 5\ntext key\n");
    assert_eq!(
        redis(&host, &redis_url, &["GET", "text spin-host-test:nothing"]).await,
        "nil\n"
    );
    assert_eq!(redis(&host, &redis_url, &["PING"]).await, "status PONG\n");
}

#[tokio::test]
async fn errors_of_redis_have_the_text_that_spin_gives_them() {
    let host = Host::with_neighbours("127.0.0.1:1");
    let redis_url = format!("redis://{}", redis_host());
    let unknown = format!("text {}", "0".repeat(40));
    assert_eq!(
        redis(&host, &redis_url, &["EVALSHA", &unknown, "number 0"]).await,
        "error: An error was signalled by the server - NoScriptError: No matching script. Please use EVAL."
    );
    let own = redis(
        &host,
        &redis_url,
        &["EVAL", "text return redis.error_reply('EPOCH gone')", "number 0"],
    )
    .await;
    assert_eq!(own, "error: EPOCH: gone");
}

#[tokio::test]
async fn a_redis_that_is_not_allowed_is_an_invalid_address() {
    let host = Host::with_neighbours("127.0.0.1:1");
    assert_eq!(
        redis(&host, "redis://127.0.0.1:2", &["PING"]).await,
        "Error::InvalidAddress"
    );
    assert_eq!(
        redis(&host, &format!("redis://{}@127.0.0.1:2", redis_host()), &["PING"]).await,
        "Error::InvalidAddress"
    );
    // Allowed, and nobody is there: another error.
    let nobody = Host::start(&[KEY]);
    assert!(
        redis(&nobody, "redis://127.0.0.1:1", &["PING"])
            .await
            .starts_with("error: ")
    );
}

#[tokio::test]
async fn allowed_hosts_are_reached_redirects_are_handed_on_and_others_are_denied() {
    let web = web();
    let host = Host::with_neighbours(&web);
    assert_eq!(get(&host, &format!("/fetch?http://{web}/")).await, "200 reached");
    assert_eq!(get(&host, &format!("/fetch?http://{web}/redirect")).await, "302 moved");
    assert_eq!(
        get(&host, "/fetch?http://127.0.0.1:2/").await,
        "ErrorCode::HttpRequestDenied"
    );
    assert_eq!(
        get(&host, &format!("/fetch?https://{web}/")).await,
        "ErrorCode::HttpRequestDenied"
    );
    let nobody = Host::start(&[KEY]);
    assert_eq!(
        get(&nobody, "/fetch?http://127.0.0.1:1/").await,
        "ErrorCode::ConnectionRefused"
    );
}

#[test]
fn a_component_is_checked_against_the_interfaces_of_spin_4() {
    let (passed, imports, log) = run(&["--check"], &[]);
    assert!(passed, "{log}");
    assert!(
        imports.lines().any(|line| line == "spin:redis/redis@3.0.0"),
        "{imports}"
    );

    // The same component, as if it were made for a Spin to come.
    let mut bytes = std::fs::read(guest()).expect("the guest");
    let (was, is) = (b"spin:redis/redis@3.0.0", b"spin:redis/redis@9.0.0");
    while let Some(at) = bytes.windows(was.len()).position(|window| window == was) {
        bytes[at..at + is.len()].copy_from_slice(is);
    }
    let other = guest().with_file_name("stanchion_spin_guest_of_spin_9.wasm");
    std::fs::write(&other, bytes).expect("a file");
    let (passed, _, log) = run(&["--check", "--component", other.to_str().expect("text")], &[]);
    assert!(!passed);
    assert!(
        log.contains("it imports what Spin 4 does not provide: spin:redis/redis@9.0.0"),
        "{log}"
    );
}
