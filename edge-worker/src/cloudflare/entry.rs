//! Where a request enters the worker.

use std::{net::IpAddr, rc::Rc, time::Duration};

use worker::{Context, Delay, Env, console_error, event, web_sys};

use super::{
    body, cache,
    configuration::configuration,
    now,
    objects::{self, Objects},
    origin, site,
};
use crate::{
    app::{self, Answer, Refusal},
    config::EdgeConfig,
    platform::{BodyError, HttpRequest, HttpResponse, Platform, QueueStore, SiteAnswer, SiteTimeLimits, StoreError},
};
use stanchion_shared::timestamp::UnixMillis;

/// Cloudflare's runtime as the application sees it, made for each request.
struct Cloudflare {
    objects: Objects,
    config: Rc<EdgeConfig>,
}

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, _context: Context) -> worker::Result<web_sys::Response> {
    objects::choose_relay(|| body::continent(&request));
    let answered = match configuration(&env) {
        Ok(config) => answer(request, Objects::new(env), config).await,
        // What is missing is in the log, not in the answer: a stranger learns nothing about the
        // deployment.
        Err(_) => Answer::Own(Refusal::misconfigured().into_response()),
    };
    Ok(match answered {
        Answer::Own(response) => body::to_worker(response)?.into(),
        Answer::Site(answer) => site::to_worker(answer)?,
    })
}

async fn answer(request: web_sys::Request, objects: Objects, config: Rc<EdgeConfig>) -> Answer<web_sys::Response> {
    match body::from_worker(request) {
        Ok(request) => app::handle(&Cloudflare { objects, config }, request).await,
        Err(refusal) => Answer::Own(refusal.into_response()),
    }
}

impl Platform for Cloudflare {
    type RequestBody = web_sys::Request;
    type SiteBody = web_sys::Response;

    const PASSES_WEBSOCKETS: bool = true;

    // The headers have `Transfer-Encoding`.
    async fn has_hidden_content(&self, _: &mut web_sys::Request) -> bool {
        false
    }

    async fn read_body(&self, body: web_sys::Request, limit: usize) -> Result<Vec<u8>, BodyError> {
        body::read(body, limit).await
    }

    async fn pass_to_site(
        &self,
        request: http::Request<web_sys::Request>,
        limits: SiteTimeLimits,
    ) -> Result<SiteAnswer<web_sys::Response>, StoreError> {
        site::pass(request, limits).await.map_err(|error| {
            // The address and its query stay out of the log.
            console_error!("the site does not answer: {error}");
            StoreError("the site does not answer".to_owned())
        })
    }

    fn store(&self) -> impl QueueStore {
        &self.objects
    }

    fn now(&self) -> UnixMillis {
        now()
    }

    fn random(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("Workers have crypto.getRandomValues");
    }

    fn config(&self) -> &EdgeConfig {
        &self.config
    }

    fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        // Cloudflare's front sets it in place of any that was sent. Another front may add its own behind
        // it: the last one is true.
        let told = request.headers().get("cf-connecting-ip")?.to_str().ok()?;
        let address: IpAddr = told.rsplit(',').next()?.trim().parse().ok()?;
        Some(address.to_canonical())
    }

    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, StoreError> {
        origin::fetch(request, origin::TIME_LIMIT).await.map_err(|error| {
            // The address and its query stay out of the log.
            console_error!("the origin does not answer: {error}");
            StoreError("the origin does not answer".to_owned())
        })
    }

    async fn fetch_within(&self, request: HttpRequest, time_limit: Duration) -> Result<HttpResponse, StoreError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        origin::fetch(request, time_limit).await.map_err(|error| {
            console_error!("{host} does not answer: {error}");
            StoreError(format!("{host} does not answer"))
        })
    }

    async fn static_file(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.objects.static_file(path).await.map_err(|error| {
            console_error!("the static file {path} cannot be read: {error}");
            StoreError("static files cannot be read".to_owned())
        })
    }

    async fn sleep(&self, duration: Duration) {
        Delay::from(duration).await;
    }

    fn client_system(&self, request: &HttpRequest) -> Option<u32> {
        request.extensions().get::<body::ClientSystem>().map(|system| system.0)
    }

    fn warn(&self, sentence: &str) {
        console_error!("{sentence}");
    }

    async fn recall(&self, key: &str) -> Option<Vec<u8>> {
        cache::recall(key).await
    }

    async fn keep(&self, key: &str, value: Vec<u8>, seconds: u32) {
        cache::keep(key, value, seconds).await;
    }

    async fn cache_get(&self, path: &str) -> Option<HttpResponse> {
        cache::get(path).await
    }

    async fn cache_put(&self, path: &str, answer: &HttpResponse) {
        cache::put(path, answer).await;
    }
}
