//! The forms of the waiting page, as a browser sends them.

use stanchion_shared::ids::EventId;

use crate::{
    app::http::{form::form_field, redirect::local_path, refusal::Refusal},
    platform::HttpRequest,
};

/// What each form of the waiting page says.
pub(crate) struct WaitingForm {
    /// The event whose queue the page is about.
    pub(crate) event: EventId,
    /// The address that the page stood for: a path of this site.
    pub(crate) to: String,
}

impl WaitingForm {
    /// Reads a form.
    ///
    /// # Errors
    /// 400 `malformed_form`, 404 `event_unknown`.
    pub(crate) fn read(request: &HttpRequest) -> Result<WaitingForm, Refusal> {
        let malformed = |sentence: &str| Refusal::new(400, "malformed_form", sentence);
        let field =
            |name: &str| form_field(request, name).ok_or_else(|| malformed("Use the form of the waiting page."));
        Ok(WaitingForm {
            event: EventId::parse(&field("event_id")?).map_err(|_| Refusal::unknown_event())?,
            to: local_path(&field("to")?).ok_or_else(|| malformed("The way back must be a path of this site."))?,
        })
    }
}
