//! A server that speaks siteverify, as hCaptcha and Turnstile do, and does with a token what the token's first word says.

use std::{collections::HashMap, sync::Once, thread, time::Duration};

use stanchion_harness::variable;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Longer than the edge waits.
const HANGS_FOR: Duration = Duration::from_secs(20);

/// Starts it where the stack says that the providers are. Once for all tests.
pub(crate) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let address = variable("STANCHION_HCAPTCHA_URL").replace("http://", "");
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        // A runtime of its own: each test's ends with the test.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    tokio::spawn(serve(stream));
                }
            });
        });
    });
}

async fn serve(mut stream: TcpStream) {
    let Some((path, form)) = read(&mut stream).await else {
        return;
    };
    let token = form.get("response").cloned().unwrap_or_default();
    let mut words = token.split(' ');
    let (status, body) = match words.next().unwrap_or_default() {
        "hangs" => {
            tokio::time::sleep(HANGS_FOR).await;
            return;
        }
        "closes" => return,
        "fails" => (500, "{}".to_owned()),
        "garbage" => (200, "<html>Oops</html>".to_owned()),
        "status" => (
            words.next().unwrap_or_default().parse().unwrap(),
            "<html></html>".to_owned(),
        ),
        "code" => (200, refuse(words.next().unwrap_or_default())),
        word => (200, judged(&path, &form, word)),
    };
    let head = format!(
        "HTTP/1.1 {status} Word\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all((head + &body).as_bytes()).await;
}

fn refuse(code: &str) -> String {
    format!(r#"{{"success":false,"error-codes":["{code}"]}}"#)
}

fn judged(path: &str, form: &HashMap<String, String>, word: &str) -> String {
    let (secret, site_key) = match path {
        "/siteverify" => (variable("STANCHION_HCAPTCHA_SECRET"), Some("site-h")),
        "/turnstile/v0/siteverify" => (variable("STANCHION_TURNSTILE_SECRET"), None),
        other => panic!("nobody asks at {other}"),
    };
    if form.get("secret") != Some(&secret) {
        return refuse("invalid-input-secret");
    }
    if form.get("sitekey").map(String::as_str) != site_key {
        return refuse("sitekey-secret-mismatch");
    }
    match word {
        "good" => r#"{"success":true,"hostname":"any.example"}"#.to_owned(),
        _ => refuse("invalid-input-response"),
    }
}

/// The path and the form of one request.
async fn read(stream: &mut TcpStream) -> Option<(String, HashMap<String, String>)> {
    let mut request = Vec::new();
    loop {
        let mut some = [0; 4096];
        let length = stream.read(&mut some).await.ok()?;
        if length == 0 {
            return None;
        }
        request.extend_from_slice(&some[..length]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let chunked = head.contains("transfer-encoding: chunked");
        let body = match (announced, chunked) {
            (Some(length), _) if body.len() >= length.parse().ok()? => body.to_owned(),
            (None, true) if body.ends_with("0\r\n\r\n") => body.split("\r\n").nth(1)?.to_owned(),
            _ => continue,
        };
        assert!(
            head.contains("content-type: application/x-www-form-urlencoded"),
            "{head}"
        );
        let path = head.split(' ').nth(1)?.to_owned();
        let form = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        return Some((path, form));
    }
}
