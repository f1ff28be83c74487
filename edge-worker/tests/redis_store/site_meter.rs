//! The meter of a protected site, with its counts in Redis.

use std::time::Duration;

use stanchion_edge::{platform::QueueStore, spin::store::Store};
use stanchion_shared::{
    ids::Place,
    meter::{AnswerCounts, AnswerGroup, BrakeCause, BrakeLimits, SiteAnswers},
    policy::SiteRelease,
};

use crate::{
    connection::Native,
    harness::{Event, now, people, signing_keys, stack_redis},
};

/// An event of a site with so many sessions at once, at ten a second.
fn metered(at_once: u32) -> Event {
    let mut event = Event::on_sale_in(1_500);
    event.put.settings.policy.release = Some(SiteRelease {
        per_minute: 600,
        at_once,
        health_path: None,
        meter: true,
        brake: BrakeLimits::default(),
    });
    event
}

#[tokio::test]
async fn whoever_reads_the_event_meters_it_and_nobody_comes_in_beyond_its_limit() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = metered(20).open(&store).await;
    let joined = event.join_all(&store, &people(60)).await;
    let snapshot = event.until_closed(&store, 0).await;
    assert!(snapshot.schedule.lease_until().is_some(), "nobody comes in unmetered");
    let mut claimed = 0;
    // It fills quickly at first, and the last room is handed out slowly.
    let (mut ends, mut most) = (now().plus(40_000), 0);
    while now() < ends {
        let snapshot = event.snapshot(&store).await;
        let record = event.record(&store, 0).await.unwrap();
        let served = snapshot.schedule.served(now());
        let mut by_place: Vec<_> = joined
            .iter()
            .filter_map(|one| Some((one.place_in(&record.record)?, one)))
            .collect();
        by_place.sort_by_key(|(place, _)| *place);
        for (place, person) in &by_place[claimed as usize..] {
            if *place > served {
                break;
            }
            event.claim(&store, person).await;
            claimed = *place;
        }
        if claimed >= 18 && most < 18 {
            ends = now().plus(4_000);
        }
        most = most.max(claimed);
        let report = snapshot.meter.expect("a meter");
        assert!(report.active <= 21 && report.most_at_once == 20, "{report:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!((18..=21).contains(&most), "{most} of 20");
    assert!(event.snapshot(&store).await.schedule.turn_at(Place(30)).is_none());
}

#[tokio::test]
async fn answers_that_instances_tell_with_their_reads_are_added_up_and_brake() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = metered(20).open(&store).await;
    event.join_all(&store, &people(5)).await;
    event.until_closed(&store, 0).await;
    let tell = async |answers| store.read_snapshot(&event.id, answers).await.unwrap().unwrap();
    // The same in ten groups of sessions.
    let answers = |well, failed| {
        let mut answers = SiteAnswers::default();
        for group in AnswerGroup::all().take(10) {
            answers.add(SiteAnswers::of(group, AnswerCounts { well, failed, slow: 0 }));
        }
        answers
    };
    // One session that fails as often as it likes, in two instances.
    let bad = SiteAnswers::of(
        AnswerGroup::of(&"7".repeat(32)),
        AnswerCounts {
            failed: 500,
            ..AnswerCounts::default()
        },
    );
    for _ in 0..8 {
        tell(answers(3, 0)).await;
        tell(bad).await;
        tell(bad).await;
        let report = event.snapshot(&store).await.meter.expect("a meter");
        assert_eq!(report.braked_by, None, "{report:?}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let mut report = None;
    for _ in 0..40 {
        // Two instances.
        tell(answers(3, 0)).await;
        tell(answers(1, 9)).await;
        report = event.snapshot(&store).await.meter;
        if report.is_some_and(|report| report.braked_by.is_some()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let report = report.expect("a meter");
    assert_eq!(report.braked_by, Some(BrakeCause::Failures), "{report:?}");
    assert!(report.answers.failed >= 90 && report.answers.well > 0, "{report:?}");
    assert!(report.most_at_once < 20, "{report:?}");
    let silent = tell(SiteAnswers::default()).await;
    assert!(silent.snapshot.meter.is_some(), "nothing to tell is told to nobody");
}
