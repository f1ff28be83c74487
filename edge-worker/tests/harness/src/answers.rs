//! Answers of the edge, read to their end: successes and refusals.

use reqwest::{Response, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The body of a successful answer.
///
/// # Panics
/// The answer is a refusal or of another form; it is shown.
pub async fn read<T: DeserializeOwned>(response: Response) -> T {
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// (status, machine word); the answer must be `{error, message}` as JSON with a sentence in it.
pub async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let content_type = response.headers().get(header::CONTENT_TYPE).cloned();
    assert_eq!(
        content_type.as_ref().map(|value| value.as_bytes()),
        Some(&b"application/json"[..]),
        "{status}"
    );
    let body: Value = response.json().await.unwrap();
    assert!(
        body["message"].as_str().is_some_and(|message| message.len() > 5),
        "{body}"
    );
    (status, body["error"].as_str().expect("a machine word").to_owned())
}
