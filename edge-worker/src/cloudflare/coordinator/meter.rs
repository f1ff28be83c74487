//! The meter of a protected site: while somebody waits or is in, the alarm decides once a second how
//! fast people come in. It is one synchronous stretch.

use worker::console_error;

use super::{super::now, Coordinator, tables::EventMemory};

impl Coordinator {
    /// Decides, if that is due.
    pub(super) fn meter(&self) {
        let now = now();
        let is_due = |event: &EventMemory| Ok(event.meter_at(now).is_some_and(|at| at <= now));
        let due = self.read(is_due).map(|due| due == Some(true));
        if !due.as_ref().is_ok_and(|due| *due) {
            // An event that cannot be read is not metered: its lease ends. The end of the alarm logs
            // the error.
            return;
        }
        let metered = self.change(|event| {
            let (open_tickets, totals) = (event.open_tickets(), event.totals(now));
            let answers = self.answers.get();
            self.change_state(event, |state| state.meter_site(open_tickets, &totals, answers, now))
        });
        if let Err(error) = metered {
            console_error!("the site is not metered, and admission stops if it stays so: {error}");
        }
    }
}
