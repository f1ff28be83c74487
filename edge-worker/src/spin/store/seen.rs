//! An event as it was read, and what may be done with it.

use stanchion_shared::{
    identity::Draw,
    lives::{EndedLife, Lives},
    standing::Snapshot,
    timestamp::UnixMillis,
};

use super::answer::Answer;
use crate::{
    event::{Event, Joined, Reported},
    platform::StoreError,
};

/// A change is stamped with the latest instant at which it may be written, this long after it was read, in ms: so it takes
/// effect no sooner than the delay after it was written, and every snapshot without it is too old by then.
pub(super) const WRITE_WITHIN_MS: u64 = 200;

/// An event as it was read.
pub(super) struct Seen {
    pub(super) now: UnixMillis,
    pub(super) epoch: u32,
    pub(super) revision: u64,
    /// All shards were asked what they have since this life began.
    pub(super) mustered: bool,
    pub(super) mustered_at: UnixMillis,
    pub(super) lives_revision: u64,
    /// The first draw that is not closed and may have tickets.
    pub(super) announced: Option<Draw>,
    pub(super) rules: Event,
    pub(super) reported: Reported,
    lives: Lives,
}

/// What must still be true of the draws that are announced, for a change to be written.
pub(super) enum OnlyIf {
    /// They do not matter.
    Anything,
    /// None is.
    NothingAnnounced,
    /// This is the first one.
    First(Draw),
}

impl OnlyIf {
    pub(super) fn argument(&self) -> Vec<u8> {
        match self {
            OnlyIf::Anything => Vec::new(),
            OnlyIf::NothingAnnounced => b"-1".to_vec(),
            OnlyIf::First(draw) => draw.0.to_string().into_bytes(),
        }
    }
}

impl Seen {
    /// What was announced in a former life may be forgotten until all shards were asked.
    pub(super) fn joined(&self) -> Joined {
        match self.announced {
            None if self.mustered => Joined::Nobody,
            _ => Joined::Somebody,
        }
    }

    pub(super) fn snapshot(self) -> Snapshot {
        self.rules.snapshot(self.reported, self.lives, self.now)
    }

    /// See [`WRITE_WITHIN_MS`].
    pub(super) fn stamp(&self) -> UnixMillis {
        self.now.plus(WRITE_WITHIN_MS)
    }

    /// The draw that is to be closed now, if one is.
    pub(super) fn due(&self) -> Option<Draw> {
        self.announced.filter(|&draw| self.rules.closed_at(draw) <= self.now)
    }

    /// Whether `draw`, and every later one that has ended, is frozen, and its round is not out yet: nothing can be done.
    pub(super) fn rests(&self, draw: Draw) -> bool {
        let progress = &self.rules.progress;
        let frozen = progress.frozen.is_some_and(|frozen| frozen.draw == draw);
        let all_ended = progress.frozen_through >= Some(self.rules.ended(draw, self.now));
        let awaited = self.rules.awaited(draw);
        frozen && all_ended && awaited.is_some_and(|awaited| self.now < awaited.at)
    }
}

fn ended_lives(text: &str) -> Option<Vec<EndedLife>> {
    let one = |text: &str| {
        let (epoch, closed_through) = text.split_once(':')?;
        Some(EndedLife {
            epoch: epoch.parse().ok()?,
            closed_through: match closed_through {
                "-1" => None,
                draw => Some(Draw(draw.parse().ok()?)),
            },
        })
    };
    text.split_whitespace().map(one).collect()
}

/// What `read.lua` answers.
pub(super) fn read(mut answer: Answer) -> Result<(UnixMillis, Option<Seen>), StoreError> {
    let now = UnixMillis(answer.number()?);
    if answer.is_empty() {
        return Ok((now, None));
    }
    let epoch = answer.number()?;
    let revision = answer.number()?;
    let ended = ended_lives(&answer.text()?).ok_or_else(|| StoreError("former lives are not as agreed".to_owned()))?;
    let mustered = answer.number::<u32>()? == epoch;
    let mustered_at = UnixMillis(answer.number()?);
    let joined = answer.number()?;
    let scores = answer.optional_json()?.unwrap_or_default();
    let joins_per_second = answer.optional_json()?.unwrap_or_default();
    let lives_revision = answer.number()?;
    let announced = answer.optional_number()?.map(Draw);
    let rules = Event {
        fixed: answer.json()?,
        put: answer.json()?,
        pulse: answer.json()?,
        progress: answer.json()?,
        schedule: answer.json()?,
    };
    let mut lives = Lives {
        coordinator: epoch,
        ended,
        shards: Vec::new(),
    };
    while !answer.is_empty() {
        lives.shards.push(answer.json()?);
    }
    let seen = Seen {
        now,
        epoch,
        revision,
        mustered,
        mustered_at,
        lives_revision,
        announced,
        rules,
        reported: Reported {
            joined,
            scores,
            joins_per_second,
        },
        lives,
    };
    Ok((now, Some(seen)))
}
