//! Captcha providers: their verdict counts. Without a verdict a fan is a suspect, is not refused and gets no advantage.

mod provider;

use std::time::{Duration, Instant};

use reqwest::Response;
use serde_json::{Value, json};
use stanchion_harness::{Edge, Event, Fan, read, refusal, unique};
use stanchion_shared::{
    policy::{CHALLENGE_MAX_NUMBER, CaptchaPolicy, CaptchaProvider},
    wire::{JoinAnswer, ReceiptClaims},
};

/// The edge waits some three seconds for a provider.
const NOT_LONGER_THAN: Duration = Duration::from_secs(8);

async fn opened(name: CaptchaProvider) -> (Edge, Event) {
    provider::start();
    let (edge, mut event) = (Edge::new(), Event::on_sale_in(3_600_000));
    event.put.settings.policy.captcha = CaptchaPolicy {
        provider: name,
        site_key: Some(
            if name == CaptchaProvider::Hcaptcha {
                "site-h"
            } else {
                "site-t"
            }
            .to_owned(),
        ),
        ..CaptchaPolicy::default()
    };
    edge.open(&event, 0).await;
    (edge, event)
}

async fn join(edge: &Edge, event: &Event, fan: &Fan, token: &str) -> Response {
    let signals = json!({ "pointer": 4, "touch": 0, "key": 3, "assisted": 0, "intervals": 3, "mean_ms": 900,
        "deviation_ms": 300, "webdriver": false, "on_page_ms": 9_000 });
    let body = json!({ "event_id": event.id, "device_fingerprint": "", "captcha_token": token, "signals": signals });
    let request = edge.http.post(format!("{}/api/v1/queue/join", edge.url));
    request.bearer_auth(&fan.token).json(&body).send().await.unwrap()
}

async fn tier(edge: &Edge, joined: Response) -> u8 {
    let joined: JoinAnswer = read(joined).await;
    let claims: ReceiptClaims = (edge.keys().await)
        .verify_claims(ReceiptClaims::TOKEN_TYPE, &joined.receipt)
        .unwrap();
    claims.tier
}

#[tokio::test]
async fn a_provider_that_is_sure_makes_a_human_and_its_token_is_good_for_one_join() {
    for name in [CaptchaProvider::Hcaptcha, CaptchaProvider::Turnstile] {
        let (edge, event) = opened(name).await;
        let fan = edge.fan();
        let token = unique("good &=%");
        assert_eq!(
            tier(&edge, join(&edge, &event, &fan, &token).await).await,
            1,
            "{name:?}"
        );
        let again = refusal(join(&edge, &event, &fan, &token).await).await;
        assert_eq!(again, (409, "captcha_used".to_owned()), "{name:?}");
    }
}

#[tokio::test]
async fn tokens_that_a_provider_refuses_are_refused() {
    for name in [CaptchaProvider::Hcaptcha, CaptchaProvider::Turnstile] {
        let (edge, event) = opened(name).await;
        let too_long = format!("good {}", "x".repeat(8 * 1024));
        for (token, answer) in [
            ("wrong", (403, "captcha_wrong")),
            ("code missing-input-response", (403, "captcha_wrong")),
            ("code bad-request", (403, "captcha_wrong")),
            ("code sitekey-secret-mismatch", (403, "captcha_wrong")),
            ("code not-using-dummy-passcode", (403, "captcha_wrong")),
            ("code a-word-of-tomorrow", (403, "captcha_wrong")),
            ("status 400", (403, "captcha_wrong")),
            ("code timeout-or-duplicate", (409, "captcha_used")),
            ("code already-seen-response", (409, "captcha_used")),
            ("code expired-input-response", (403, "captcha_expired")),
            ("", (400, "captcha_malformed")),
            (too_long.as_str(), (400, "captcha_malformed")),
        ] {
            let (status, word) = refusal(join(&edge, &event, &edge.fan(), token).await).await;
            assert_eq!((status, word.as_str()), answer, "{name:?} {token:.40}");
        }
    }
}

#[tokio::test]
async fn a_refused_token_spends_nothing() {
    for name in [CaptchaProvider::Hcaptcha, CaptchaProvider::Turnstile] {
        let (edge, event) = opened(name).await;
        let fan = edge.fan();
        let (status, _) = refusal(join(&edge, &event, &fan, "code a-word-of-tomorrow").await).await;
        assert_eq!(status, 403, "{name:?}");
        let joined = join(&edge, &event, &fan, &unique("good ")).await;
        assert_eq!(tier(&edge, joined).await, 1, "{name:?}");
    }
}

#[tokio::test]
async fn an_edge_whose_secret_the_provider_does_not_know_makes_suspects_and_refuses_nobody() {
    for name in [CaptchaProvider::Hcaptcha, CaptchaProvider::Turnstile] {
        let (edge, event) = opened(name).await;
        for code in ["invalid-input-secret", "missing-input-secret", "missing-remoteip"] {
            let joined = join(&edge, &event, &edge.fan(), &unique(&format!("code {code} "))).await;
            assert_eq!(tier(&edge, joined).await, 2, "{name:?} {code}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_hangs_breaks_off_fails_or_talks_nonsense_makes_a_suspect_soon() {
    for name in [CaptchaProvider::Hcaptcha, CaptchaProvider::Turnstile] {
        let (edge, event) = opened(name).await;
        for word in [
            "hangs",
            "closes",
            "fails",
            "garbage",
            "code internal-error",
            "status 403",
            "status 408",
        ] {
            let fan = edge.fan();
            let token = unique(&format!("{word} "));
            let asked = Instant::now();
            assert_eq!(
                tier(&edge, join(&edge, &event, &fan, &token).await).await,
                2,
                "{name:?} {word}"
            );
            assert!(
                asked.elapsed() < NOT_LONGER_THAN,
                "{name:?} {word}: {:?}",
                asked.elapsed()
            );
            let again = refusal(join(&edge, &event, &fan, &token).await).await;
            assert_eq!(again, (409, "captcha_used".to_owned()), "{name:?} {word}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_is_asked_too_much_lets_nobody_in_without_a_proof_and_nothing_is_spent() {
    for name in [CaptchaProvider::Hcaptcha, CaptchaProvider::Turnstile] {
        let (edge, event) = opened(name).await;
        let fan = edge.fan();
        let token = unique("status 429 ");
        for _ in 0..2 {
            let busy = join(&edge, &event, &fan, &token).await;
            assert_eq!(busy.headers()["retry-after"], "5", "{name:?}");
            assert_eq!(refusal(busy).await, (503, "captcha_busy".to_owned()), "{name:?}");
        }
        let joined = join(&edge, &event, &fan, &unique("good ")).await;
        assert_eq!(tier(&edge, joined).await, 1, "{name:?}");
    }
}

#[tokio::test]
async fn an_event_of_a_provider_tells_its_site_key_and_gives_no_challenge_of_ours() {
    let (edge, event) = opened(CaptchaProvider::Turnstile).await;
    let url = format!("{}/api/v1/queue/challenge?event_id={}", edge.url, event.id);
    let asked = edge.http.get(url).bearer_auth(edge.fan().token).send().await.unwrap();
    assert_eq!(refusal(asked).await, (409, "captcha_of_provider".to_owned()));
    let queue: Value = read(edge.get(&format!("/api/v1/events/{}/queue", event.id)).await).await;
    assert_eq!(
        queue["captcha"],
        json!({ "provider": "turnstile", "site_key": "site-t" })
    );
}

#[tokio::test]
async fn challenges_become_harder_while_many_join_and_easy_again_after() {
    let (edge, mut event) = (Edge::new(), Event::on_sale_in(3_600_000));
    event.put.settings.policy.captcha.raise_above_per_second = 1;
    edge.open(&event, 0).await;
    let usual = CHALLENGE_MAX_NUMBER.least;
    assert_eq!(edge.challenge(&event.id, &edge.fan()).await.maxnumber, usual);
    let until = async |harder: bool, busy: bool| {
        let began = Instant::now();
        loop {
            if busy {
                for _ in 0..5 {
                    edge.join(&event.id, &edge.fan()).await;
                }
            }
            let maxnumber = edge.challenge(&event.id, &edge.fan()).await.maxnumber;
            assert!(maxnumber <= usual * 8, "{maxnumber}");
            if (maxnumber > usual) == harder {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{maxnumber}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    until(true, true).await;
    until(false, false).await;
}
