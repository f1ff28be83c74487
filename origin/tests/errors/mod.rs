//! Whatever is wrong with a request, the answer is a status, a machine word and a sentence, and nothing internal.

mod identity;
mod requests;
mod trouble;

use crate::harness::send;
use reqwest::RequestBuilder;

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

pub(crate) struct Case {
    pub(crate) what: &'static str,
    pub(crate) request: RequestBuilder,
    pub(crate) status: u16,
    pub(crate) word: &'static str,
}

pub(crate) async fn check(cases: Vec<Case>) {
    for Case {
        what,
        request,
        status,
        word,
    } in cases
    {
        let answer = send(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.word().as_str()),
            (status, word),
            "{what}: {}",
            answer.text
        );
        let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
        assert!(
            message.ends_with('.') || message.ends_with('!'),
            "{what}: no sentence: {message:?}"
        );
        assert_eq!(answer.headers["content-type"], "application/json", "{what}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
        assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{what}");
    }
}
