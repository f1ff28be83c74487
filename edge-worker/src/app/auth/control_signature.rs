//! The signature of a request to the control API: whoever has the control key may send it.

use stanchion_shared::control::{self, ControlError, ControlRequest, SIGNATURE_HEADER, TIME_HEADER};

use crate::{
    app::http::{
        headers::header_text,
        refusal::{Challenge, Refusal, sentence},
    },
    platform::{HttpRequest, Platform},
};

/// # Errors
/// 401 `control_time` or `control_signature`.
pub(crate) fn check<P: Platform>(platform: &P, request: &HttpRequest) -> Result<(), Refusal> {
    let signed = ControlRequest {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        body: request.body(),
    };
    let time = header_text(request, TIME_HEADER).unwrap_or_default();
    let signature = header_text(request, SIGNATURE_HEADER).unwrap_or_default();
    control::verify(&platform.config().control_key, &signed, time, signature, platform.now()).map_err(|error| {
        let word = if error == ControlError::Time {
            "control_time"
        } else {
            "control_signature"
        };
        Refusal::unauthorized(Challenge::Header(SIGNATURE_HEADER), word, sentence(&error))
    })
}
