//! Which windows of an event were drawn, and the records. Neither changes once its draw is closed:
//! that nobody joined in a window is as final as a record.

use std::{cell::RefCell, rc::Rc};

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::record::SignedRecord,
    ids::{Draw, EventId},
    wire::WINDOWS_PER_PAGE,
};

use super::{super::lru::Lru, KnownEvent, directory::Patience, find, nearby};
use crate::{
    app::http::refusal::Refusal,
    platform::{Platform, QueueStore, StoreError},
};

/// Draw records that are surely remembered, of all events together. Each has up to 12 KiB.
const REMEMBERED_RECORDS: usize = 256;
/// Pages of lists of draws that are surely remembered, of all events together. Each has up to 16
/// KiB.
const REMEMBERED_PAGES: usize = 64;

/// The drawn ones among [`WINDOWS_PER_PAGE`] windows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DrawnPage {
    /// The list is complete up to this window.
    pub(crate) through: Draw,
    /// Ascending. It may have later ones than `through`.
    pub(crate) draws: Vec<Draw>,
}

/// An event in one epoch of its coordinator: a coordinator that was restored may close a draw anew.
type EventEpoch = (EventId, u32);

thread_local! {
    static RECORDS: RefCell<Lru<(EventEpoch, Draw), Rc<SignedRecord>>> = RefCell::new(Lru::new(REMEMBERED_RECORDS));
    static PAGES: RefCell<Lru<(EventEpoch, u32), Rc<DrawnPage>>> = RefCell::new(Lru::new(REMEMBERED_PAGES));
}

fn epoch_of(known: &KnownEvent) -> EventEpoch {
    (known.event_id.clone(), known.epochs.coordinator)
}

/// The drawn windows of a page, complete up to the last closed draw in `known` or to the end of the
/// page.
///
/// # Errors
/// 503 `unavailable`.
pub(crate) async fn drawn_page<P: Platform>(
    platform: &P,
    known: &KnownEvent,
    page: u32,
) -> Result<Rc<DrawnPage>, Refusal> {
    let event = &known.event_id;
    let first = page.saturating_mul(WINDOWS_PER_PAGE);
    let end = Draw(first.saturating_add(WINDOWS_PER_PAGE - 1));
    let Some(closed) = known.last_closed.filter(|last| last.0 >= first) else {
        let through = Draw(first.saturating_sub(1));
        let draws = Vec::new();
        return Ok(Rc::new(DrawnPage { through, draws }));
    };
    let through = closed.min(end);
    let key = (epoch_of(known), page);
    let remembered = || {
        let found = PAGES.with_borrow_mut(|pages| pages.find(&key));
        found.filter(|page| page.through >= through)
    };
    let cached = find(platform, event, Patience::AskAnew).await?;
    let nearby_key = format!("drawn/{event}/{}/{page}", key.0.1);
    let ask = async || {
        let asked_at = platform.now();
        let is_whole = through == end;
        let kept: Option<DrawnPage> = match is_whole {
            true => nearby::recall(platform, &nearby_key).await,
            false => None,
        };
        let found = match kept {
            Some(kept) => kept,
            None => {
                let draws = platform.store().drawn(event, page, through).await?;
                let found = DrawnPage { through, draws };
                if is_whole {
                    nearby::keep(platform, &nearby_key, &found, nearby::FOR_LONG).await;
                }
                found
            }
        };
        PAGES.with_borrow_mut(|pages| pages.put(key.clone(), Rc::new(found)));
        Ok(asked_at)
    };
    cached.drawn.answer(platform, remembered, ask).await
}

/// The record of a draw that is closed in `known`; `None` if nobody was in it, for ever.
///
/// # Errors
/// 503 `unavailable`, also if the draw's record is lost: that is not the same as an empty draw.
pub(crate) async fn record_if_drawn<P: Platform>(
    platform: &P,
    known: &KnownEvent,
    draw: Draw,
) -> Result<Option<Rc<SignedRecord>>, Refusal> {
    let key = (epoch_of(known), draw);
    if let Some(record) = RECORDS.with_borrow_mut(|records| records.find(&key)) {
        return Ok(Some(record));
    }
    let page = drawn_page(platform, known, draw.0 / WINDOWS_PER_PAGE).await?;
    match page.draws.binary_search(&draw) {
        Ok(_) => match record(platform, known, draw).await? {
            Some(record) => Ok(Some(record)),
            None => Err(StoreError("the record of a draw is lost".to_owned()).into()),
        },
        Err(_) => Ok(None),
    }
}

/// The record of a draw that is closed in `known` and in which somebody was; `None` if a store that
/// was restored lost it.
///
/// # Errors
/// 503 `unavailable`.
pub(crate) async fn record<P: Platform>(
    platform: &P,
    known: &KnownEvent,
    draw: Draw,
) -> Result<Option<Rc<SignedRecord>>, Refusal> {
    let event = &known.event_id;
    let key = (epoch_of(known), draw);
    let is_lost = RefCell::new(false);
    let remembered = || match *is_lost.borrow() {
        true => Some(None),
        false => RECORDS.with_borrow_mut(|records| records.find(&key)).map(Some),
    };
    if let Some(record) = remembered() {
        return Ok(record);
    }
    let cached = find(platform, event, Patience::AskAnew).await?;
    let nearby_key = format!("record/{event}/{}/{}", key.0.1, draw.0);
    let ask = async || {
        let asked_at = platform.now();
        let mut found: Option<SignedRecord> = nearby::recall(platform, &nearby_key).await;
        if found.is_none() {
            found = platform.store().record(event, draw).await?;
            if let Some(found) = &found {
                nearby::keep(platform, &nearby_key, found, nearby::FOR_LONG).await;
            }
        }
        match found {
            Some(found) => RECORDS.with_borrow_mut(|records| records.put(key.clone(), Rc::new(found))),
            None => {
                is_lost.replace(true);
            }
        }
        Ok(asked_at)
    };
    cached.records.answer(platform, remembered, ask).await
}
