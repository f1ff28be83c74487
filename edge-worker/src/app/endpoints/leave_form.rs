//! `POST /.stanchion/leave`: the form of the waiting page by which a browser gives its place up.

use crate::{
    app::{
        auth::caller::Caller,
        gate::{session, waiting_form::WaitingForm, way_back},
        http::{
            cookie::{self, Cookie},
            form,
            redirect::see_other,
            refusal::Refusal,
        },
        route,
        ticket::leave,
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

pub(crate) async fn post<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    cookie::check_own_origin(request)?;
    let WaitingForm { event, to } = WaitingForm::read(request)?;
    // The session may be of another ticket than the one in the cookie, or of none.
    if let Ok(session) = session::of_browser(platform, request, &event) {
        leave::end_session(platform, &session.claims).await?;
    }
    // A ticket that a newer one has replaced holds no place: there is nothing to give up.
    if let Some(ticket) = cookie::find(platform, request, Cookie::Ticket(&event)) {
        let caller = Caller::of(platform, request).await?;
        leave::leave(platform, request, &caller, ticket).await?;
    }
    // The page has an address of its own: to load it again leaves nothing a second time.
    let query = form::encode([("event_id", event.as_str()), ("to", &to)]);
    let mut response = see_other(&format!("{}?{query}", route::left_page()))?;
    for cookie in [Cookie::Ticket(&event), Cookie::ShopToken(&event)] {
        cookie::set(platform, response.headers_mut(), cookie, "", 0);
    }
    way_back::forget(platform, request, response.headers_mut(), &event);
    Ok(response)
}
