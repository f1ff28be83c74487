//! A site of somebody else's that is not well stops its event: the alarm asks it, while somebody is there to whom it matters.
//!
//! What may happen while it is waited for: everything. A put may have taken the question back, or closed the gate; the rules
//! judge the answer by what holds when it is there.

use std::time::Duration;

use stanchion_shared::policy::HEALTH_EVERY_MS;
use worker::console_error;

use super::{
    super::{configuration::configuration, now, origin},
    Coordinator,
};
use crate::health;

/// A site that has not answered after this long is not well: before it is asked again ([`HEALTH_EVERY_MS`]).
const PATIENCE: Duration = Duration::from_millis(1_500);

impl Coordinator {
    /// Asks the site for its health, if that is due.
    pub(super) async fn ask_site(&self) {
        let due = self.read(|event| Ok(event.rules.site_to_ask(event.joined(), now()).map(str::to_owned)));
        let path = match due {
            Ok(path) => path.flatten(),
            Err(error) => return console_error!("whether a site is to be asked for its health is not known: {error}"),
        };
        let Some(path) = path.filter(|_| self.ask_site_not_before.get() <= now()) else {
            return;
        };
        let asked_at = now();
        let asked = match configuration(&self.env) {
            Ok(config) => {
                let send = |request| origin::fetch(request, PATIENCE);
                health::ask(&config.origin_url, &path, send).await
            }
            Err(error) => Err(error),
        };
        if let Err(problem) = &asked {
            console_error!("the site is not well: {problem}");
            self.ask_site_not_before.set(asked_at.plus(HEALTH_EVERY_MS));
        }
        let noted = self.change(|event| self.change_rules(event, |rules| rules.site_answered(asked.is_ok(), now())));
        if let Err(error) = noted {
            console_error!("how the site is was not noted: {error}");
        }
    }
}
