//! A protected site that is not well stops its event: the alarm asks it, while there are fans to
//! whom it matters.
//!
//! Anything may happen while its answer is awaited: a put may take the question back, or close the
//! gate. The answer is judged by what holds when it arrives.

use std::time::Duration;

use stanchion_shared::policy::HEALTH_EVERY_MS;
use worker::console_error;

use super::{
    super::{configuration::configuration, now, origin},
    Coordinator,
};
use crate::queue::site_health;

/// A site that has not answered after this long is not well; it is less than [`HEALTH_EVERY_MS`],
/// when it is asked again.
const TIME_LIMIT: Duration = Duration::from_millis(1_500);

impl Coordinator {
    /// Asks the site for its health, if that is due.
    pub(super) async fn ask_site(&self) {
        let due = self.read(|event| {
            let path = event.state.site_to_ask(event.open_tickets(), now());
            Ok(path.map(|path| (event.state.constants.event_id.clone(), path.to_owned())))
        });
        let due = match due {
            Ok(due) => due.flatten(),
            Err(error) => return console_error!("whether a site is to be asked for its health is not known: {error}"),
        };
        let Some((event, path)) = due.filter(|_| self.ask_site_not_before.get() <= now()) else {
            return;
        };
        let asked_at = now();
        let asked = match configuration(&self.env) {
            Ok(config) => {
                let send = |request| origin::fetch(request, TIME_LIMIT);
                site_health::ask(config.sites.url_of_event(&event), &path, send).await
            }
            Err(error) => Err(error),
        };
        if let Err(problem) = &asked {
            console_error!("the site is not well: {problem}");
            self.ask_site_not_before.set(asked_at.plus(HEALTH_EVERY_MS));
        }
        let noted = self.change(|event| self.change_state(event, |state| state.site_answered(asked.is_ok(), now())));
        if let Err(error) = noted {
            console_error!("how the site is was not noted: {error}");
        }
    }
}
