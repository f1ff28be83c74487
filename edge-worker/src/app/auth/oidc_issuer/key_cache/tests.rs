use super::*;

/// The key of RFC 8037, appendix A, under a name.
fn keys(name: &str, asked_at: u64, fresh_ms: u64) -> Rc<PublishedKeys> {
    let set = format!(
        r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"{name}","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}},
            {{"kty":"OKP","crv":"Ed25519","kid":"other","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}]}}"#
    );
    Rc::new(PublishedKeys {
        published: IssuerKeys::parse(set.as_bytes()).unwrap(),
        verified: VerifiedTokens::new(),
        asked_at: UnixMillis(asked_at),
        fresh_ms,
    })
}

const START: u64 = 1_000_000;

/// After an answer at [`START`].
fn cache() -> KeyCache {
    let mut cache = KeyCache::new();
    assert!(matches!(cache.plan(Some("a"), UnixMillis(START)), KeyPlan::Ask));
    cache.answered(keys("a", START, FRESH_MS));
    cache
}

impl KeyCache {
    fn said(&mut self, named: &str, after_ms: u64) -> &'static str {
        match self.plan(Some(named), UnixMillis(START + after_ms)) {
            KeyPlan::Use(_) => "use",
            KeyPlan::Ask => "ask",
            KeyPlan::AskOrUse(_) => "ask or use",
            KeyPlan::UnknownKey => "unknown",
            KeyPlan::Later { wait_ms } => {
                assert!((1..=ASK_AGAIN_MS).contains(&wait_ms), "{wait_ms}");
                "later"
            }
        }
    }
}

#[test]
fn a_known_key_is_used_until_the_set_is_no_longer_fresh_and_then_one_asks() {
    let mut cache = cache();
    assert_eq!(cache.said("a", 0), "use");
    assert_eq!(cache.said("a", FRESH_MS - 1), "use");
    assert_eq!(cache.said("a", FRESH_MS), "ask or use");
    assert_eq!(cache.said("a", FRESH_MS), "use", "another asks at this moment");
    assert_eq!(cache.said("a", FRESH_MS + ASK_AGAIN_MS), "ask or use");
}

#[test]
fn while_the_issuer_is_away_its_keys_are_trusted_for_an_hour_and_no_longer() {
    let mut cache = cache();
    cache.failed(UnixMillis(START + FRESH_MS), UnixMillis(START + FRESH_MS));
    assert_eq!(cache.said("a", TRUSTED_MS - 1), "ask or use");
    assert_eq!(cache.said("a", TRUSTED_MS - 1), "use");
    assert_eq!(cache.said("a", TRUSTED_MS), "ask");
    cache.failed(UnixMillis(START + TRUSTED_MS), UnixMillis(START + TRUSTED_MS));
    assert_eq!(cache.said("a", TRUSTED_MS + RETRY_MS - 1), "later");
    assert_eq!(cache.said("a", TRUSTED_MS + RETRY_MS), "ask");
}

#[test]
fn an_unknown_key_is_asked_for_at_once_and_not_more_often_than_that() {
    let mut cache = cache();
    assert_eq!(cache.said("new", ASK_AGAIN_MS - 1), "later", "asked a moment ago");
    assert_eq!(cache.said("new", ASK_AGAIN_MS), "ask");
    assert_eq!(
        cache.said("newer", ASK_AGAIN_MS + 1),
        "later",
        "that question is another's"
    );
    cache.answered(keys("new", START + ASK_AGAIN_MS, FRESH_MS));
    assert_eq!(cache.said("new", ASK_AGAIN_MS + 2), "use");
    assert_eq!(
        cache.said("newer", ASK_AGAIN_MS + 3),
        "later",
        "first seen after the question was sent"
    );
    assert_eq!(cache.said("newer", 2 * ASK_AGAIN_MS), "ask");
}

#[test]
fn a_key_that_the_issuer_was_asked_for_and_does_not_publish_identifies_nobody() {
    let mut cache = cache();
    assert_eq!(cache.said("gone", 1), "later");
    assert_eq!(cache.said("x", ASK_AGAIN_MS), "ask");
    cache.answered(keys("a", START + ASK_AGAIN_MS, FRESH_MS));
    assert_eq!(cache.said("gone", ASK_AGAIN_MS + 1), "unknown");
    assert_eq!(cache.said("gone", 2 * ASK_AGAIN_MS), "ask", "it may come yet");
}

#[test]
fn a_flood_of_made_up_keys_is_one_question_each_time() {
    let mut cache = cache();
    let mut asked = 0;
    for number in 0..60_000 {
        let name = format!("made up {number}");
        if cache.said(&name, number) == "ask" {
            asked += 1;
            cache.answered(keys("a", START + number, FRESH_MS));
        }
    }
    assert_eq!(asked, 60_000 / ASK_AGAIN_MS - 1);
}

#[test]
fn without_any_keys_a_few_ask_until_one_failed() {
    let mut cache = KeyCache::new();
    let asked = UnixMillis(START);
    assert_eq!(
        [0, 0, 0, 1].map(|ms| cache.said("a", ms)),
        ["ask", "ask", "later", "later"]
    );
    cache.failed(asked, UnixMillis(START + 10));
    assert_eq!([cache.said("a", 10), cache.said("a", 10 + RETRY_MS)], ["later", "ask"]);
    assert_eq!(cache.said("a", 10 + RETRY_MS), "later", "the other one is still open");
    cache.failed(asked, UnixMillis(START + 10));
    assert_eq!(cache.said("a", 10 + RETRY_MS), "ask");
}

#[test]
fn without_any_keys_a_flood_of_made_up_ones_is_a_few_questions_however_long_the_issuer_thinks() {
    let mut cache = KeyCache::new();
    let patience_ms = u64::try_from(PATIENCE.as_millis()).unwrap();
    let said: Vec<_> = (0..patience_ms)
        .map(|ms| cache.said(&format!("made up {ms}"), ms))
        .collect();
    assert_eq!(said.iter().filter(|said| **said == "ask").count(), MOST_QUESTIONS);
    // Nobody heard what came of them.
    assert_eq!(cache.said("a", patience_ms), "ask");
    cache.answered(keys("a", START + patience_ms, FRESH_MS));
    assert_eq!(cache.said("a", patience_ms + 1), "use");
}

#[test]
fn the_issuer_says_how_long_within_bounds() {
    for (seconds, expected) in [
        (None, FRESH_MS),
        (Some(0), LEAST_FRESH_MS),
        (Some(30), 30_000),
        (Some(31), 31_000),
        (Some(900), 900_000),
        (Some(901), MOST_FRESH_MS),
        (Some(u64::MAX), MOST_FRESH_MS),
    ] {
        assert_eq!(fresh_ms(seconds), expected, "{seconds:?}");
    }
}
