//! A fan pass is somebody's word, and outranks every score.

use stanchion_harness::{Event, now, refusal, unique, variable};
use stanchion_shared::fan_pass::PassClaims;

use super::{Client, bot, opened, tier};

#[tokio::test]
async fn a_fan_pass_is_the_first_tier_whatever_the_score_and_only_for_its_account_and_event() {
    let (edge, event) = opened(|_| {}).await;
    let fan = edge.fan();
    let claims = PassClaims {
        iss: variable("STANCHION_ACCOUNT_ISSUER"),
        sub: fan.subject.clone(),
        event: event.id.clone(),
        iat: now().floor_seconds(),
        nbf: None,
        exp: now().floor_seconds() + 600,
    };
    let with_pass = |claims: &PassClaims| Client {
        fan_pass: Some(edge.fan_pass(claims)),
        ..bot()
    };
    let cases = [
        (
            PassClaims {
                exp: claims.iat,
                ..claims.clone()
            },
            "pass_expired",
        ),
        (
            PassClaims {
                sub: unique("other"),
                ..claims.clone()
            },
            "pass_of_other",
        ),
        (
            PassClaims {
                event: Event::on_sale_in(0).id,
                ..claims.clone()
            },
            "pass_of_other",
        ),
        (
            PassClaims {
                iss: "elsewhere".to_owned(),
                ..claims.clone()
            },
            "pass_invalid",
        ),
    ];
    for (claims, word) in cases {
        let answer = refusal(with_pass(&claims).join(&edge, &event, &fan).await).await;
        assert_eq!(answer, (403, word.to_owned()));
    }
    let account_token = Client {
        fan_pass: Some(fan.token.clone()),
        ..Client::default()
    };
    let answer = refusal(account_token.join(&edge, &event, &fan).await).await;
    assert_eq!(answer, (403, "pass_invalid".to_owned()));
    assert_eq!(tier(&edge, with_pass(&claims).join(&edge, &event, &fan).await).await, 0);
}
