//! The words in which `siteverify` says no, as hCaptcha and Turnstile document them, and what each says of whom.
//!
//! What a client can bring about by the token it sends must never count as trouble of the provider's: a join would be had
//! without any proof. So what names the token refuses it, and so does a no in words that we do not know: the provider was
//! asked and did not vouch. Trouble is only what nobody's token makes: its own fault, our secret, our account.

use http::StatusCode;
use serde::Deserialize;
use stanchion_shared::policy::CaptchaProvider;

use super::siteverify::Said;
use crate::platform::HttpResponse;

/// Most codes of an answer that get into the log, and the longest of them, in bytes: it is somebody else's text.
const LOGGED_CODES: usize = 4;
const LOGGED_BYTES: usize = 48;

/// Of all that is in the answer, what is looked at.
#[derive(Deserialize)]
struct Answer {
    success: bool,
    #[serde(rename = "error-codes", default)]
    error_codes: Vec<String>,
}

/// What a code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// It can judge nothing for us until somebody mends what is ours.
    Ours,
    Used,
    Expired,
    Wrong,
    /// Its own trouble.
    Trouble,
    Unknown,
}

/// Of several codes the first of these decides. Without our secret nothing is judged, so its complaints come first; a
/// judged token is judged, whatever else was wrong.
const BY_WEIGHT: [Meaning; 6] = [
    Meaning::Ours,
    Meaning::Used,
    Meaning::Expired,
    Meaning::Wrong,
    Meaning::Trouble,
    Meaning::Unknown,
];

fn meaning(code: &str) -> Meaning {
    match code {
        // Of both. The last two are Turnstile's older words.
        "missing-input-secret" | "invalid-input-secret" | "invalid-widget-id" | "invalid-parsed-secret" => {
            Meaning::Ours
        }
        // hCaptcha's: the account wants the fan's address, which we do not tell.
        "missing-remoteip" | "invalid-remoteip" => Meaning::Ours,
        // Turnstile's, hCaptcha's, and hCaptcha's older word.
        "timeout-or-duplicate" | "already-seen-response" | "invalid-or-already-seen-response" => Meaning::Used,
        "expired-input-response" => Meaning::Expired,
        "missing-input-response" | "invalid-input-response" => Meaning::Wrong,
        // The request is ours and well-formed, but for the token in it.
        "bad-request" => Meaning::Wrong,
        // hCaptcha's: a token of somebody else's site key, or a testing token. They may come from a wrong site key of ours as
        // well, but a client can always bring them about.
        "sitekey-secret-mismatch" | "not-using-dummy-passcode" => Meaning::Wrong,
        "internal-error" => Meaning::Trouble,
        _ => Meaning::Unknown,
    }
}

/// What an answer says, and the codes in it.
pub(super) fn read(answer: &HttpResponse) -> (Said, Vec<String>) {
    let read = serde_json::from_slice::<Answer>(answer.body()).ok();
    let status = answer.status();
    match read {
        read if status == StatusCode::TOO_MANY_REQUESTS => {
            (Said::Busy, read.map_or_else(Vec::new, |read| read.error_codes))
        }
        Some(read) if status == StatusCode::OK && read.success => (Said::Human, read.error_codes),
        // Providers say no with 200, and with 4xx where they do not like the request.
        Some(read) if !read.success && (status == StatusCode::OK || blames_request(status)) => {
            (refusal(&read.error_codes), read.error_codes)
        }
        // It was asked properly, but for the token.
        None if blames_request(status) => (Said::Wrong, Vec::new()),
        _ => (Said::Nothing, Vec::new()),
    }
}

/// Statuses that a token can bring about. What is left of 4xx is about us (401, 403, 404, 405) or its own trouble (408). How
/// much is asked (429) is neither: whoever sends many made-up tokens brings it about for everybody.
fn blames_request(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY
    )
}

fn refusal(codes: &[String]) -> Said {
    let found = |wanted: &&Meaning| codes.iter().any(|code| meaning(code) == **wanted);
    match BY_WEIGHT.iter().find(found) {
        Some(Meaning::Ours) => Said::Misconfigured,
        Some(Meaning::Used) => Said::Used,
        Some(Meaning::Expired) => Said::Expired,
        Some(Meaning::Trouble) => Said::Nothing,
        Some(Meaning::Wrong | Meaning::Unknown) | None => Said::Wrong,
    }
}

/// What those who run the edge should know of an answer; `None` for the usual ones.
pub(super) fn complaint(
    provider: CaptchaProvider,
    answer: &HttpResponse,
    said: Said,
    codes: &[String],
) -> Option<String> {
    let what = match said {
        Said::Misconfigured => "does not accept our secret or account, all who join are suspects until it is mended",
        Said::Nothing => "has nothing to say, who joins is a suspect",
        Said::Busy => "is asked too much, who joins has to come again",
        // Ordinary tokens are refused in these words.
        Said::Wrong if codes.iter().any(|code| code == "invalid-input-response") => return None,
        // Perhaps ours is wrong, perhaps it speaks in new words: nobody gets in as long as it does.
        Said::Wrong => "refuses a token in words that may mean us",
        Said::Human | Said::Used | Said::Expired => return None,
    };
    let shown = codes.iter().take(LOGGED_CODES).map(|code| {
        let plain = code.chars().filter(|character| character.is_ascii_graphic());
        plain.take(LOGGED_BYTES).collect::<String>()
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    Some(format!(
        "captcha provider {provider:?} {what}: {} [{shown}]",
        answer.status()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str) -> HttpResponse {
        let mut answer = HttpResponse::new(body.as_bytes().to_vec());
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        answer
    }

    fn said(status: u16, body: &str) -> Said {
        read(&answered(status, body)).0
    }

    fn refused(codes: &[&str]) -> Said {
        let body = serde_json::json!({ "success": false, "error-codes": codes });
        said(200, &body.to_string())
    }

    #[test]
    fn every_documented_code_says_one_thing() {
        for (code, expected) in [
            // Turnstile: developers.cloudflare.com/turnstile/get-started/server-side-validation
            ("missing-input-secret", Said::Misconfigured),
            ("invalid-input-secret", Said::Misconfigured),
            ("missing-input-response", Said::Wrong),
            ("invalid-input-response", Said::Wrong),
            ("bad-request", Said::Wrong),
            ("timeout-or-duplicate", Said::Used),
            ("internal-error", Said::Nothing),
            ("invalid-widget-id", Said::Misconfigured),
            ("invalid-parsed-secret", Said::Misconfigured),
            // hCaptcha, beside those of the same name: docs.hcaptcha.com
            ("expired-input-response", Said::Expired),
            ("already-seen-response", Said::Used),
            ("invalid-or-already-seen-response", Said::Used),
            ("missing-remoteip", Said::Misconfigured),
            ("invalid-remoteip", Said::Misconfigured),
            ("not-using-dummy-passcode", Said::Wrong),
            ("sitekey-secret-mismatch", Said::Wrong),
        ] {
            assert_eq!(refused(&[code]), expected, "{code}");
        }
    }

    #[test]
    fn a_no_in_unknown_words_or_without_any_is_a_no() {
        assert_eq!(refused(&["a-word-of-tomorrow"]), Said::Wrong);
        assert_eq!(refused(&[]), Said::Wrong);
        assert_eq!(said(200, r#"{"success":false}"#), Said::Wrong);
    }

    #[test]
    fn of_several_codes_our_secret_comes_first_and_then_the_token() {
        assert_eq!(
            refused(&["invalid-input-response", "invalid-input-secret"]),
            Said::Misconfigured
        );
        assert_eq!(refused(&["internal-error", "invalid-input-response"]), Said::Wrong);
        assert_eq!(refused(&["internal-error", "timeout-or-duplicate"]), Said::Used);
        assert_eq!(refused(&["a-word-of-tomorrow", "internal-error"]), Said::Nothing);
    }

    #[test]
    fn only_a_clear_yes_is_a_human() {
        for (status, body, expected) in [
            (
                200,
                r#"{"success":true,"hostname":"elsewhere","score":0.1}"#,
                Said::Human,
            ),
            (200, r#"{"success":"true"}"#, Said::Nothing),
            (200, "<html>", Said::Nothing),
            (200, "", Said::Nothing),
            (500, r#"{"success":true}"#, Said::Nothing),
            (400, r#"{"success":true}"#, Said::Nothing),
            (302, r#"{"success":true}"#, Said::Nothing),
        ] {
            assert_eq!(said(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_status_that_a_token_can_bring_about_makes_nobody_a_suspect() {
        for (status, body, expected) in [
            (
                400,
                r#"{"success":false,"error-codes":["invalid-input-response"]}"#,
                Said::Wrong,
            ),
            (
                400,
                r#"{"success":false,"error-codes":["invalid-input-secret"]}"#,
                Said::Misconfigured,
            ),
            (400, "<html>", Said::Wrong),
            (413, "", Said::Wrong),
            (422, "", Said::Wrong),
            (401, "", Said::Nothing),
            (403, "", Said::Nothing),
            (404, "", Said::Nothing),
            (408, "", Said::Nothing),
            (429, "", Said::Busy),
            (429, r#"{"success":true}"#, Said::Busy),
            (429, r#"{"success":false,"error-codes":["internal-error"]}"#, Said::Busy),
            (
                503,
                r#"{"success":false,"error-codes":["invalid-input-response"]}"#,
                Said::Nothing,
            ),
        ] {
            assert_eq!(said(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn what_needs_mending_is_told_in_short_plain_words_and_refused_tokens_are_not() {
        let told = |status, codes: &[&str]| {
            let body = serde_json::json!({ "success": false, "error-codes": codes });
            let answer = answered(status, &body.to_string());
            let (said, codes) = read(&answer);
            complaint(CaptchaProvider::Turnstile, &answer, said, &codes)
        };
        assert_eq!(told(200, &["invalid-input-response"]), None);
        assert_eq!(told(200, &["timeout-or-duplicate"]), None);
        assert!(told(200, &["invalid-input-secret"]).unwrap().contains("our secret"));
        assert!(told(200, &["sitekey-secret-mismatch"]).unwrap().contains("may mean us"));
        assert!(told(429, &[]).unwrap().contains("asked too much"));
        let long = "x\n".repeat(500);
        let complaint = told(200, &[long.as_str(); 9]).unwrap();
        assert!(complaint.len() < 400 && !complaint.contains('\n'), "{complaint}");
    }
}
