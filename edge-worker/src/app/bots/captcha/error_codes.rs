//! The error codes of `siteverify`, as hCaptcha and Turnstile document them, and whose fault each
//! code reports.
//!
//! What a client can cause by the token it sends must never count as the provider's trouble:
//! otherwise a client could join without any proof. So a code about the token refuses it, and so
//! does an unknown code, since the provider was asked and did not vouch. Trouble is only what no
//! token causes: the provider's own fault, the edge's secret, the organiser's account.

use http::StatusCode;
use serde::Deserialize;
use stanchion_shared::policy::CaptchaProvider;

use super::token_verdict::TokenVerdict;
use crate::platform::HttpResponse;

/// How many codes of an answer get into the log.
const LOGGED_CODES: usize = 4;
/// How much of a code gets into the log, in bytes. The provider chooses this text.
const LOGGED_BYTES: usize = 48;

/// The fields of the answer that are used.
#[derive(Deserialize)]
struct SiteverifyAnswer {
    success: bool,
    #[serde(rename = "error-codes", default)]
    error_codes: Vec<String>,
}

/// What an error code reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorCode {
    /// The edge's secret or the organiser's account: until it is mended the provider judges no
    /// token.
    Misconfigured,
    Used,
    Expired,
    Wrong,
    /// The provider's own trouble.
    Trouble,
    Unknown,
}

/// Of several codes the first of these decides. Without a good secret no token is judged, so codes
/// about it come first. A token that was judged stays judged, whatever else was wrong.
const BY_WEIGHT: [ErrorCode; 6] = [
    ErrorCode::Misconfigured,
    ErrorCode::Used,
    ErrorCode::Expired,
    ErrorCode::Wrong,
    ErrorCode::Trouble,
    ErrorCode::Unknown,
];

fn parse(code: &str) -> ErrorCode {
    match code {
        // Both providers'. The last two are older codes of Turnstile's.
        "missing-input-secret" | "invalid-input-secret" | "invalid-widget-id" | "invalid-parsed-secret" => {
            ErrorCode::Misconfigured
        }
        // hCaptcha's: the account wants the fan's address, which the edge does not tell.
        "missing-remoteip" | "invalid-remoteip" => ErrorCode::Misconfigured,
        // Turnstile's, hCaptcha's, and an older code of hCaptcha's.
        "timeout-or-duplicate" | "already-seen-response" | "invalid-or-already-seen-response" => ErrorCode::Used,
        "expired-input-response" => ErrorCode::Expired,
        "missing-input-response" | "invalid-input-response" => ErrorCode::Wrong,
        // The edge's request is well-formed, but for the token in it.
        "bad-request" => ErrorCode::Wrong,
        // hCaptcha's: a token of another site key, or a testing token. A wrong site key in the
        // event may cause them, too, but a client can always cause them.
        "sitekey-secret-mismatch" | "not-using-dummy-passcode" => ErrorCode::Wrong,
        "internal-error" => ErrorCode::Trouble,
        _ => ErrorCode::Unknown,
    }
}

/// Reads an answer: what it means for the join, and its error codes.
pub(super) fn read(answer: &HttpResponse) -> (TokenVerdict, Vec<String>) {
    let read = serde_json::from_slice::<SiteverifyAnswer>(answer.body()).ok();
    let status = answer.status();
    match read {
        read if status == StatusCode::TOO_MANY_REQUESTS => {
            (TokenVerdict::Busy, read.map_or_else(Vec::new, |read| read.error_codes))
        }
        Some(read) if status == StatusCode::OK && read.success => (TokenVerdict::Human, read.error_codes),
        // Providers refuse a token with 200, or with 4xx if they do not like the request.
        Some(read) if !read.success && (status == StatusCode::OK || blames_request(status)) => {
            (refusal(&read.error_codes), read.error_codes)
        }
        // The edge asked properly, but for the token.
        None if blames_request(status) => (TokenVerdict::Wrong, Vec::new()),
        _ => (TokenVerdict::NoAnswer, Vec::new()),
    }
}

/// Whether a token can cause this status. The other statuses of 4xx are about the edge (401, 403,
/// 404, 405), or the provider's own trouble (408). 429 is neither: an attacker who sends many
/// made-up tokens causes it for everybody.
fn blames_request(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY
    )
}

fn refusal(codes: &[String]) -> TokenVerdict {
    let found = |wanted: &&ErrorCode| codes.iter().any(|code| parse(code) == **wanted);
    match BY_WEIGHT.iter().find(found) {
        Some(ErrorCode::Misconfigured) => TokenVerdict::Misconfigured,
        Some(ErrorCode::Used) => TokenVerdict::Used,
        Some(ErrorCode::Expired) => TokenVerdict::Expired,
        Some(ErrorCode::Trouble) => TokenVerdict::NoAnswer,
        Some(ErrorCode::Wrong | ErrorCode::Unknown) | None => TokenVerdict::Wrong,
    }
}

/// What the log says about an answer; `None` for the usual ones.
pub(super) fn complaint(
    provider: CaptchaProvider,
    answer: &HttpResponse,
    verdict: TokenVerdict,
    codes: &[String],
) -> Option<String> {
    let what = match verdict {
        TokenVerdict::Misconfigured => {
            "does not accept our secret or account; everybody who joins is a suspect until it is mended"
        }
        TokenVerdict::NoAnswer => "gave no usable answer; the person who joins is a suspect",
        TokenVerdict::Busy => "is asked too much; the person who joins has to come again",
        // The usual code of a token that is refused.
        TokenVerdict::Wrong if codes.iter().any(|code| code == "invalid-input-response") => return None,
        // Perhaps the configuration is wrong, perhaps the code is new: nobody gets in as long as it
        // lasts.
        TokenVerdict::Wrong => "refuses a token with an error code that may be about our configuration",
        TokenVerdict::Human | TokenVerdict::Used | TokenVerdict::Expired => return None,
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

    fn said(status: u16, body: &str) -> TokenVerdict {
        read(&answered(status, body)).0
    }

    fn refused(codes: &[&str]) -> TokenVerdict {
        let body = serde_json::json!({ "success": false, "error-codes": codes });
        said(200, &body.to_string())
    }

    #[test]
    fn every_documented_code_says_one_thing() {
        for (code, expected) in [
            // Turnstile: developers.cloudflare.com/turnstile/get-started/server-side-validation
            ("missing-input-secret", TokenVerdict::Misconfigured),
            ("invalid-input-secret", TokenVerdict::Misconfigured),
            ("missing-input-response", TokenVerdict::Wrong),
            ("invalid-input-response", TokenVerdict::Wrong),
            ("bad-request", TokenVerdict::Wrong),
            ("timeout-or-duplicate", TokenVerdict::Used),
            ("internal-error", TokenVerdict::NoAnswer),
            ("invalid-widget-id", TokenVerdict::Misconfigured),
            ("invalid-parsed-secret", TokenVerdict::Misconfigured),
            // hCaptcha, beside those of the same name: docs.hcaptcha.com
            ("expired-input-response", TokenVerdict::Expired),
            ("already-seen-response", TokenVerdict::Used),
            ("invalid-or-already-seen-response", TokenVerdict::Used),
            ("missing-remoteip", TokenVerdict::Misconfigured),
            ("invalid-remoteip", TokenVerdict::Misconfigured),
            ("not-using-dummy-passcode", TokenVerdict::Wrong),
            ("sitekey-secret-mismatch", TokenVerdict::Wrong),
        ] {
            assert_eq!(refused(&[code]), expected, "{code}");
        }
    }

    #[test]
    fn a_no_in_unknown_words_or_without_any_is_a_no() {
        assert_eq!(refused(&["a-word-of-tomorrow"]), TokenVerdict::Wrong);
        assert_eq!(refused(&[]), TokenVerdict::Wrong);
        assert_eq!(said(200, r#"{"success":false}"#), TokenVerdict::Wrong);
    }

    #[test]
    fn of_several_codes_our_secret_comes_first_and_then_the_token() {
        assert_eq!(
            refused(&["invalid-input-response", "invalid-input-secret"]),
            TokenVerdict::Misconfigured
        );
        assert_eq!(
            refused(&["internal-error", "invalid-input-response"]),
            TokenVerdict::Wrong
        );
        assert_eq!(refused(&["internal-error", "timeout-or-duplicate"]), TokenVerdict::Used);
        assert_eq!(
            refused(&["a-word-of-tomorrow", "internal-error"]),
            TokenVerdict::NoAnswer
        );
    }

    #[test]
    fn only_a_clear_yes_is_a_human() {
        for (status, body, expected) in [
            (
                200,
                r#"{"success":true,"hostname":"elsewhere","score":0.1}"#,
                TokenVerdict::Human,
            ),
            (200, r#"{"success":"true"}"#, TokenVerdict::NoAnswer),
            (200, "<html>", TokenVerdict::NoAnswer),
            (200, "", TokenVerdict::NoAnswer),
            (500, r#"{"success":true}"#, TokenVerdict::NoAnswer),
            (400, r#"{"success":true}"#, TokenVerdict::NoAnswer),
            (302, r#"{"success":true}"#, TokenVerdict::NoAnswer),
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
                TokenVerdict::Wrong,
            ),
            (
                400,
                r#"{"success":false,"error-codes":["invalid-input-secret"]}"#,
                TokenVerdict::Misconfigured,
            ),
            (400, "<html>", TokenVerdict::Wrong),
            (413, "", TokenVerdict::Wrong),
            (422, "", TokenVerdict::Wrong),
            (401, "", TokenVerdict::NoAnswer),
            (403, "", TokenVerdict::NoAnswer),
            (404, "", TokenVerdict::NoAnswer),
            (408, "", TokenVerdict::NoAnswer),
            (429, "", TokenVerdict::Busy),
            (429, r#"{"success":true}"#, TokenVerdict::Busy),
            (
                429,
                r#"{"success":false,"error-codes":["internal-error"]}"#,
                TokenVerdict::Busy,
            ),
            (
                503,
                r#"{"success":false,"error-codes":["invalid-input-response"]}"#,
                TokenVerdict::NoAnswer,
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
            let (verdict, codes) = read(&answer);
            complaint(CaptchaProvider::Turnstile, &answer, verdict, &codes)
        };
        assert_eq!(told(200, &["invalid-input-response"]), None);
        assert_eq!(told(200, &["timeout-or-duplicate"]), None);
        assert!(told(200, &["invalid-input-secret"]).unwrap().contains("our secret"));
        assert!(
            told(200, &["sitekey-secret-mismatch"])
                .unwrap()
                .contains("may be about our configuration")
        );
        assert!(told(429, &[]).unwrap().contains("asked too much"));
        let long = "x\n".repeat(500);
        let complaint = told(200, &[long.as_str(); 9]).unwrap();
        assert!(complaint.len() < 400 && !complaint.contains('\n'), "{complaint}");
    }
}
