//! The binary: where it listens, what it refuses, how it stops.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::running::KEY;

fn gateway() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stanchion-gateway"));
    command
        .env_remove("STANCHION_GATEWAY_KEY")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts the gateway and reads the address from its first line.
fn started(command: &mut Command) -> (Child, String) {
    let mut child = command.spawn().expect("the binary starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped"))
        .read_line(&mut line)
        .expect("a line");
    let address = line
        .trim_end()
        .strip_prefix("listening on ")
        .expect("the address")
        .to_owned();
    (child, address)
}

fn refused(command: &mut Command) -> Output {
    let output = command.output().expect("the binary ran");
    assert!(!output.status.success());
    assert!(output.stdout.is_empty(), "it never listened");
    output
}

#[tokio::test]
async fn it_says_where_it_listens_and_stops_on_sigterm() {
    let (mut child, address) = started(gateway().args(["--listen", "127.0.0.1:0", "--secret-key", KEY]));
    assert!(
        address.starts_with("http://127.0.0.1:") && !address.ends_with(":0"),
        "{address}"
    );
    let client = reqwest::Client::new();
    let list = client
        .get(format!("{address}/v1/payment_intents"))
        .bearer_auth(KEY)
        .send()
        .await
        .unwrap();
    assert_eq!(list.status().as_u16(), 200);

    // A request in progress is still answered.
    let faults = serde_json::json!({"delay_ms": 300});
    client
        .put(format!("{address}/_control/faults"))
        .json(&faults)
        .send()
        .await
        .unwrap();
    let slow = tokio::spawn(
        client
            .get(format!("{address}/v1/payment_intents"))
            .bearer_auth(KEY)
            .send(),
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    let killed = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(slow.await.unwrap().unwrap().status().as_u16(), 200);

    let deadline = Instant::now() + Duration::from_secs(10);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "it did not stop");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(status.success());
}

#[tokio::test]
async fn the_key_can_come_from_the_environment() {
    let (mut child, address) = started(gateway().env("STANCHION_GATEWAY_KEY", KEY));
    let request = reqwest::Client::new()
        .get(format!("{address}/v1/refunds"))
        .basic_auth(KEY, None::<&str>);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn it_listens_on_loopback_only() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80", "localhost", "127.0.0.1"] {
        refused(gateway().args(["--listen", address, "--secret-key", KEY]));
    }
}

#[test]
fn it_takes_test_keys_only_and_never_prints_them_in_its_help() {
    let live = ["sk", "live", "abc"].join("_");
    refused(gateway().args(["--secret-key", &live]));
    refused(&mut gateway());
    let help = gateway()
        .arg("--help")
        .env("STANCHION_GATEWAY_KEY", KEY)
        .output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains(KEY));
}
