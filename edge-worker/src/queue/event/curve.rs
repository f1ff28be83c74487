//! What settings and draws say of the curve: how long turns and sessions last, a fixed rate, and
//! when the places of a draw open.

use stanchion_shared::{policy::SiteRelease, polling, schedule::ScheduleChange, timestamp::UnixMillis};

use super::EventState;

impl EventState {
    /// What settings and draws say at `now`. A meter says the rate, of the origin or of the site,
    /// unless the settings fix it; a site's begins with the rate of an empty one. A turn lasts as long as the settings say, and in a large event at least as long as
    /// its fans need to be told of it within the budget of polls.
    pub(super) fn curve(&self, now: UnixMillis) -> ScheduleChange {
        let settings = &self.settings;
        let turn_ms = settings.turn_ms.max(polling::shortest_turn_ms(self.progress.drawn()));
        let session_ms = settings.longest_session_ms();
        // Who had a turn under other settings may still come, and stay as long as it was then.
        let stay_ms = || self.schedule.longest_stay_ms(now).max(turn_ms + session_ms);
        let is_new = self.schedule.segments().is_empty();
        let rate = |release: &SiteRelease| match release.meter {
            true => is_new.then(|| release.limits().first_rate()),
            false => Some(release.fixed_rate(stay_ms())),
        };
        ScheduleChange {
            turn_ms: Some(turn_ms),
            session_ms: Some(session_ms),
            rate: settings.policy.release.as_ref().and_then(rate),
            last_place: None,
            second_line: None,
        }
    }

    /// Opens the places of the draw that was just closed: the curve may reach them once all of its
    /// fans could have learned of them. Each of them asks within one spread. Behind them the second
    /// line moves up, unless somebody of the first one waits in an open draw.
    pub(crate) fn open_places(&mut self, now: UnixMillis) {
        self.lease_to_meter(now);
        self.schedule.change(self.curve(now), now);
        let (last_place, second_line) = self.line_and_second_line();
        let spread_ms = polling::spread_ms(self.progress.drawn());
        self.schedule.open_later(last_place, second_line, spread_ms, now);
    }
}

#[cfg(test)]
mod tests;
