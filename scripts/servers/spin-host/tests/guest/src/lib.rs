//! A Spin component that does on request what the edge does: the test host is tested with it, and whatever passes here
//! passes on Spin itself, too.
//!
//! Answers are lines of text. Statics live as long as the instance: they are what some routes are about.

#![cfg(target_os = "wasi")]

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::http::{Request, StatusCode};
use spin_sdk::http_service;
use spin_sdk::redis::{Connection, Error, RedisParameter, RedisResult};

/// Requests that this instance has served.
static SERVED: AtomicU64 = AtomicU64::new(0);
/// Requests that are in this instance now, and the most that ever were.
static INSIDE: AtomicU64 = AtomicU64::new(0);
static MOST_INSIDE: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Tells instances apart: the instant of the first request.
    static INSTANCE: u128 =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    /// What the last request said: shared by all of them.
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

#[http_service]
async fn serve(request: Request) -> Result<(StatusCode, String), &'static str> {
    SERVED.fetch_add(1, Ordering::Relaxed);
    let inside = INSIDE.fetch_add(1, Ordering::Relaxed) + 1;
    MOST_INSIDE.fetch_max(inside, Ordering::Relaxed);
    let answer = answer(request).await;
    INSIDE.fetch_sub(1, Ordering::Relaxed);
    answer
}

async fn answer(request: Request) -> Result<(StatusCode, String), &'static str> {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let body = body.bytes().await.map_err(|_| "the body broke off")?;
    let body = String::from_utf8(body.to_vec()).map_err(|_| "the body is not text")?;
    let answer = match parts.uri.path() {
        "/" => "hello".to_owned(),
        "/echo" => body,
        "/headers" => {
            let lines = parts
                .headers
                .iter()
                .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap_or("?")));
            lines.collect()
        }
        "/count" => format!(
            "{} {}",
            INSTANCE.with(|instance| *instance),
            SERVED.load(Ordering::Relaxed)
        ),
        "/wait" => wait(&query).await,
        "/variable" => match spin_sdk::variables::get(&query).await {
            Ok(value) => value,
            Err(error) => format!("{error:?}"),
        },
        "/redis" => redis(&body).await,
        "/fetch" => match spin_sdk::http::get(&query).await {
            Ok(response) => {
                let status = response.status().as_u16();
                let body = response.into_body().bytes().await.map_err(|_| "the answer broke off")?;
                format!("{status} {}", String::from_utf8_lossy(&body))
            }
            Err(code) => format!("{code:?}"),
        },
        "/log" => {
            eprintln!("the guest says {query}");
            String::new()
        }
        "/trap" => panic!("asked to trap"),
        "/fail" => return Err("asked to fail"),
        _ => return Ok((StatusCode::NOT_FOUND, String::new())),
    };
    Ok((StatusCode::OK, answer))
}

/// Waits for the answer from this address, and tells the instance, the most requests that were in it together, and what the
/// last request before the end of the wait had left in a static: itself, unless another one came meanwhile.
async fn wait(address: &str) -> String {
    LAST.with_borrow_mut(|last| *last = format!("{}", SERVED.load(Ordering::Relaxed)));
    let mine = LAST.with_borrow(String::clone);
    if let Err(code) = spin_sdk::http::get(address).await {
        return format!("{code:?}");
    }
    let last = LAST.with_borrow(String::clone);
    let instance = INSTANCE.with(|instance| *instance);
    format!("{instance} {} {mine} {last}", MOST_INSIDE.load(Ordering::Relaxed))
}

/// Runs a command: the lines of the body are address, command and arguments (`number N` or `text T`).
async fn redis(body: &str) -> String {
    let mut lines = body.lines();
    let address = lines.next().unwrap_or_default();
    let command = lines.next().unwrap_or_default();
    let arguments = lines.filter_map(|line| match line.split_once(' ') {
        Some(("number", number)) => number.parse().ok().map(RedisParameter::Int64),
        Some(("text", text)) => Some(RedisParameter::Binary(text.as_bytes().to_vec())),
        _ => None,
    });
    let results = match Connection::open(address).await {
        Ok(connection) => connection.execute(command, arguments).await,
        Err(error) => Err(error),
    };
    match results {
        Ok(results) => results.iter().map(|result| format!("{}\n", line(result))).collect(),
        Err(Error::Other(text)) => format!("error: {text}"),
        Err(error) => format!("{error:?}"),
    }
}

fn line(result: &RedisResult) -> String {
    match result {
        RedisResult::Nil => "nil".to_owned(),
        RedisResult::Status(text) => format!("status {text}"),
        RedisResult::Int64(number) => format!("number {number}"),
        RedisResult::Binary(bytes) => format!("text {}", String::from_utf8_lossy(bytes)),
    }
}
