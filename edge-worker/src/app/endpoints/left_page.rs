//! `GET /.stanchion/left?event_id=&to=`: the page of a person who has left the queue.

use stanchion_shared::ids::EventId;

use crate::{
    app::{
        cache::event_cache,
        gate::waiting_page,
        http::{form, redirect::local_path, refusal::Refusal},
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

pub(crate) async fn get<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let field = |name: &str| form::query(request, name).and_then(form::decode).unwrap_or_default();
    let event = EventId::parse(&field("event_id")).map_err(|_| Refusal::unknown_event())?;
    let snapshot = event_cache::last_known(platform, &event).await?;
    let to = local_path(&field("to")).unwrap_or_else(|| "/".to_owned());
    waiting_page::left(platform, &snapshot, &to).await
}
