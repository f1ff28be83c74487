//! The end of a page of events: the start and the id of its last event, opaque to clients.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) starts_at: UnixMillis,
    pub(super) event_id: EventId,
}

impl Cursor {
    pub(super) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}:{}", self.starts_at.0, self.event_id))
    }

    /// `None` for a text that [`Cursor::encode`] did not make.
    pub(super) fn decode(text: &str) -> Option<Cursor> {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (starts_at, event_id) = plain.split_once(':')?;
        let starts_at = starts_at
            .parse()
            .ok()
            .map(UnixMillis)
            .filter(|at| *at <= UnixMillis::MAX)?;
        Some(Cursor {
            starts_at,
            event_id: EventId::parse(event_id).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_journey_and_nonsense_does_not() {
        let cursor = Cursor {
            starts_at: UnixMillis(1_800_000_000_000),
            event_id: EventId::parse("a-1").unwrap(),
        };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        for text in ["", "!", "MTIz", "YTpi", &URL_SAFE_NO_PAD.encode("99999999999999999:a")] {
            assert_eq!(Cursor::decode(text), None, "{text}");
        }
    }
}
