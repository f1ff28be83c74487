//! Watches how a protected site answers, for the event's meter. Answers count by the group of the
//! session by which a request passes: a client that provokes failures brakes nothing by itself.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use http::{Method, header};
use stanchion_shared::{
    meter::{AnswerCounts, AnswerGroup, SiteAnswers},
    snapshot::Snapshot,
};

use crate::{
    app::cache::event_cache,
    platform::{Platform, SiteAnswer, SiteTimeLimits, StoreError},
};

/// Passes a request on to the site, by a session and the event of that session if it needs one. If the
/// event's meter brakes, the answer counts for it: once, when it begins or when it is slow.
///
/// # Errors
/// As [`Platform::pass_to_site`].
pub(super) async fn pass<P: Platform>(
    platform: &P,
    passed: http::Request<P::RequestBody>,
    limits: SiteTimeLimits,
    by: Option<(&str, &Snapshot)>,
) -> Result<SiteAnswer<P::SiteBody>, StoreError> {
    let metered = by.and_then(|(session, event)| {
        let release = event.settings.policy.release.as_ref().filter(|release| release.meter)?;
        Some((AnswerGroup::of(session), event, release))
    });
    let Some((group, event, release)) = metered else {
        return platform.pass_to_site(passed, limits).await;
    };
    let note = async |counts| {
        let answers = SiteAnswers::of(group, counts);
        event_cache::note_answers(platform, &event.event_id, answers).await;
    };
    let slow_after = is_answered_at_once(&passed).then(|| Duration::from_millis(release.brake.slow_ms));
    let passing = Box::pin(platform.pass_to_site(passed, limits));
    let answered = match slow_after {
        None => passing.await,
        Some(slow_after) => match select(passing, pin!(platform.sleep(slow_after))).await {
            Either::Left((answered, _)) => answered,
            Either::Right(((), passing)) => {
                let slow = AnswerCounts {
                    slow: 1,
                    ..AnswerCounts::default()
                };
                note(slow).await;
                return passing.await;
            }
        },
    };
    let status = answered.as_ref().ok().map(|answer| answer.status().as_u16());
    note(judge(status)).await;
    answered
}

/// Whether the time until the answer is the site's alone. The body of a request takes as long as its
/// client, and a WebSocket has a client that waits.
fn is_answered_at_once<B>(passed: &http::Request<B>) -> bool {
    [Method::GET, Method::HEAD].contains(passed.method()) && !passed.headers().contains_key(header::UPGRADE)
}

/// An answer in time; `None` if there was none.
fn judge(status: Option<u16>) -> AnswerCounts {
    let failed = u64::from(status.is_none_or(|status| status >= 500));
    AnswerCounts {
        well: 1 - failed,
        failed,
        slow: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_hundreds_and_no_answer_are_failures_and_nothing_else_is() {
        for (status, failed) in [
            (Some(200), 0),
            (Some(101), 0),
            (Some(304), 0),
            (Some(404), 0),
            (Some(429), 0),
            (Some(499), 0),
            (Some(500), 1),
            (Some(503), 1),
            (None, 1),
        ] {
            let answers = judge(status);
            assert_eq!((answers.failed, answers.total()), (failed, 1), "{status:?}");
        }
    }

    #[test]
    fn only_what_the_site_alone_delays_is_timed() {
        let request = |method: &str, upgrade: bool| {
            let mut request = http::Request::builder().method(method);
            if upgrade {
                request = request.header(header::UPGRADE, "websocket");
            }
            request.body(()).unwrap()
        };
        for (method, upgrade, timed) in [
            ("GET", false, true),
            ("HEAD", false, true),
            ("GET", true, false),
            ("POST", false, false),
            ("PUT", false, false),
        ] {
            assert_eq!(
                is_answered_at_once(&request(method, upgrade)),
                timed,
                "{method} {upgrade}"
            );
        }
    }
}
