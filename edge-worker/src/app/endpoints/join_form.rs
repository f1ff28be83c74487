//! `POST /.stanchion/join`: the form of the waiting page by which a browser that runs no script
//! joins.

use stanchion_shared::{ids::Tier, score::BotVerdict};

use crate::{
    app::{
        auth::caller::{self, Caller},
        cache::event_cache,
        gate::waiting_form::WaitingForm,
        http::{cookie, redirect::see_other, refusal::Refusal},
        rate_limit,
        ticket::issue,
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

pub(crate) async fn post<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let arrived_at = platform.now();
    cookie::check_own_origin(request)?;
    let WaitingForm { event, to } = WaitingForm::read(request)?;
    let snapshot = event_cache::current(platform, &event).await?;
    let policy = &snapshot.settings.policy;
    if !policy.identity.without_script {
        return Err(Refusal::new(
            403,
            "script_needed",
            "This queue needs a browser that runs scripts: it has to solve a small puzzle.",
        ));
    }
    let person = Caller::of(platform, request)
        .await?
        .required_person(request, policy.identity)?;
    let tag = caller::tag(platform, &event, &person).await?;
    let address = platform.client_address(request);
    rate_limit::join(&event, tag, address, policy.limits, platform.now())?;
    // Without a script there is no proof, so the join is a suspect's.
    let join = issue::unproved_join(&snapshot, tag, BotVerdict::Join(Tier::Suspect), arrived_at);
    let issued = issue::issue(platform, &snapshot, join).await?;
    let mut response = see_other(&to)?;
    issued.set_cookie(platform, &event, &mut response);
    Ok(response)
}
