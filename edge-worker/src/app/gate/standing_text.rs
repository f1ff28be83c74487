//! What the waiting page says of a standing, in words and figures. `web/waiting.js` says the same
//! while it polls, with live countdowns and the browser's own time zone.

use std::borrow::Cow;

use stanchion_shared::{
    timestamp::UnixMillis,
    wire::{QueueStatus, StatusAnswer},
};

/// What a client holds that meets the gate without a session.
pub(super) enum Holds<'a> {
    /// No queue ticket.
    Nothing,
    /// A queue ticket whose turn or session is over.
    OverTicket,
    /// A queue ticket that stands here.
    Ticket(&'a StatusAnswer),
}

/// The texts of the page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct StandingText {
    /// Begins the page's title.
    pub(super) short: String,
    pub(super) heading: &'static str,
    /// What the figure is; empty without a figure.
    pub(super) label: &'static str,
    pub(super) figure: String,
    /// An instant in the figure's note.
    pub(super) instant: Option<UnixMillis>,
    pub(super) text: Cow<'static, str>,
    pub(super) way: Option<Way>,
}

/// How far the queue has come to the fan's place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Places before the fan's.
    pub(super) before: u64,
    /// Those of them that are not served yet.
    pub(super) ahead: u64,
    /// The wait, as exact as an estimate deserves.
    pub(super) wait: String,
}

/// The texts for a client that holds this at `now`.
pub(super) fn of(holds: &Holds<'_>, on_sale_time: UnixMillis, now: UnixMillis) -> StandingText {
    match holds {
        Holds::Ticket(polled) => of_ticket(polled, on_sale_time, now),
        Holds::OverTicket => StandingText {
            short: "Your turn is over".to_owned(),
            heading: "Your turn is over",
            text: "Your turn, or your time on the site, has passed. Join again for a new place.".into(),
            ..StandingText::default()
        },
        Holds::Nothing if now < on_sale_time => StandingText {
            short: format!("Begins in {}", duration(on_sale_time.since(now))),
            heading: "Join the queue",
            label: "It begins in",
            figure: duration(on_sale_time.since(now)),
            instant: Some(on_sale_time),
            text: "Places are drawn at random when it begins, among everyone who joined before. Nobody wins by being \
                   faster."
                .into(),
            ..StandingText::default()
        },
        Holds::Nothing => StandingText {
            short: "Join the queue".to_owned(),
            heading: "Join the queue",
            text: "Many people want to get in. Join the queue to get a place.".into(),
            ..StandingText::default()
        },
    }
}

fn of_ticket(polled: &StatusAnswer, on_sale_time: UnixMillis, now: UnixMillis) -> StandingText {
    let place = polled.position.map(grouped);
    let (label, figure) = match place {
        Some(place) if polled.second_line => ("Your place in the second line", place),
        Some(place) => ("Your place", place),
        None => ("", String::new()),
    };
    match polled.status {
        QueueStatus::PreQueue => StandingText {
            short: "You are in".to_owned(),
            heading: "You are in",
            label: "It begins in",
            figure: duration(on_sale_time.since(now)),
            instant: Some(on_sale_time),
            text:
                "Your place is drawn when it begins, at random, among everyone who joined before. You can close this \
                   page and come back in this browser."
                    .into(),
            way: None,
        },
        QueueStatus::Drawing => StandingText {
            short: "Being drawn".to_owned(),
            heading: "Your place is being drawn",
            label: "Your place is drawn",
            figure: match polled.drawn_at.filter(|drawn_at| *drawn_at > now) {
                Some(drawn_at) => format!("in {}", duration(drawn_at.since(now))),
                None => "any moment".to_owned(),
            },
            text: "Everyone who joined in the same few seconds is drawn together, so nobody wins by being faster."
                .into(),
            ..StandingText::default()
        },
        QueueStatus::Waiting => StandingText {
            short: polled
                .total_ahead
                .map_or("In line".to_owned(), |ahead| format!("{} ahead", grouped(ahead))),
            heading: "You are in line",
            label,
            figure,
            text: "Keep this page open, or come back in this browser: your turn waits for you for some time.".into(),
            way: way(polled),
            ..StandingText::default()
        },
        QueueStatus::Paused => StandingText {
            short: "Paused".to_owned(),
            heading: "The queue is paused",
            label,
            figure,
            text: "Nobody is let in at the moment. Your place is kept, and it goes on by itself.".into(),
            way: way(polled),
            ..StandingText::default()
        },
        QueueStatus::YourTurn => StandingText {
            short: "Your turn".to_owned(),
            heading: "It is your turn",
            text: "You can go in now.".into(),
            ..StandingText::default()
        },
        QueueStatus::SoldOut => StandingText {
            short: "Nothing left".to_owned(),
            heading: "Everything is gone",
            text: "There is nothing left to queue for. Thank you for waiting.".into(),
            ..StandingText::default()
        },
        QueueStatus::Expired => of(&Holds::OverTicket, on_sale_time, now),
    }
}

fn way(polled: &StatusAnswer) -> Option<Way> {
    let (place, ahead) = (polled.position?, polled.total_ahead?);
    Some(Way {
        // Before a place of the second line there are others than those of its own line.
        before: place.saturating_sub(1).max(ahead),
        ahead,
        wait: match polled.estimated_wait_seconds {
            Some(seconds) => format!("about {}", duration(seconds.saturating_mul(1000))),
            None => "cannot be told now".to_owned(),
        },
    })
}

/// 1,234,567.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Days, hours, minutes or seconds, whichever says enough; rounded up.
fn duration(ms: u64) -> String {
    let counted = |number: u64, unit: &str| match number {
        1 => format!("1 {unit}"),
        number => format!("{} {unit}s", grouped(number)),
    };
    let seconds = ms.div_ceil(1000).max(1);
    match seconds {
        0..60 => counted(seconds, "second"),
        60..7_200 => counted(seconds.div_ceil(60), "minute"),
        7_200..172_800 => counted(seconds.div_ceil(3_600), "hour"),
        _ => counted(seconds.div_ceil(86_400), "day"),
    }
}

/// `2027-05-01 10:00:00 UTC`.
pub(super) fn instant(at: UnixMillis) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} UTC", time.get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_durations_are_as_people_read_them() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (10_000_000, "10,000,000")] {
            assert_eq!(grouped(number), text);
        }
        for (seconds, text) in [
            (0, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (61, "2 minutes"),
            (7_199, "120 minutes"),
            (7_200, "2 hours"),
            (172_799, "48 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(duration(seconds * 1000), text);
        }
        assert_eq!(instant(UnixMillis(0)), "1970-01-01 00:00:00 UTC");
    }

    #[test]
    fn each_standing_has_a_true_title_and_its_figure() {
        let (on_sale, now) = (UnixMillis(600_000), UnixMillis(0));
        let asked = StatusAnswer {
            queue_token: String::new(),
            position: Some(1_200),
            second_line: false,
            total_ahead: Some(106),
            estimated_wait_minutes: Some(2),
            estimated_wait_seconds: Some(90),
            status: QueueStatus::Waiting,
            shop_token: None,
            shop_expires_at: None,
            claim_before: None,
            drawn_at: Some(UnixMillis(5_000)),
            poll_after_ms: Some(POLL_AFTER),
            as_of: None,
        };
        let text = |status| {
            of(
                &Holds::Ticket(&StatusAnswer {
                    status,
                    ..asked.clone()
                }),
                on_sale,
                now,
            )
        };
        let waiting = text(QueueStatus::Waiting);
        assert_eq!(
            (waiting.short.as_str(), waiting.label, waiting.figure.as_str()),
            ("106 ahead", "Your place", "1,200")
        );
        let way = Way {
            before: 1_199,
            ahead: 106,
            wait: "about 2 minutes".to_owned(),
        };
        assert_eq!(waiting.way, Some(way));
        let second_line = StatusAnswer {
            position: Some(4),
            second_line: true,
            ..asked.clone()
        };
        let waiting = of(&Holds::Ticket(&second_line), on_sale, now);
        assert_eq!(
            (waiting.label, waiting.figure.as_str()),
            ("Your place in the second line", "4")
        );
        assert_eq!(waiting.way.map(|way| (way.before, way.ahead)), Some((106, 106)));
        assert_eq!(text(QueueStatus::PreQueue).figure, "10 minutes");
        assert_eq!(text(QueueStatus::PreQueue).instant, Some(on_sale));
        assert_eq!(text(QueueStatus::Drawing).figure, "in 5 seconds");
        assert_eq!(text(QueueStatus::Expired), of(&Holds::OverTicket, on_sale, now));
        assert_eq!(of(&Holds::Nothing, on_sale, now).short, "Begins in 10 minutes");
        assert_eq!(of(&Holds::Nothing, on_sale, on_sale).figure, "");
        for status in [QueueStatus::Paused, QueueStatus::YourTurn, QueueStatus::SoldOut] {
            let text = text(status);
            assert!(!text.short.is_empty() && !text.heading.is_empty() && !text.text.is_empty());
        }
    }

    const POLL_AFTER: u64 = 1_000;
}
