//! Where a request enters the worker.

use std::{net::IpAddr, rc::Rc, time::Duration};

use worker::{Context, Delay, Env, Response, console_error, event, web_sys};

use super::{body, cache, configuration::configuration, now, objects::Objects, origin};
use crate::{
    app::{self, Refusal, config::EdgeConfig},
    platform::{HttpRequest, HttpResponse, Platform, StoreError},
};
use stanchion_shared::timestamp::UnixMillis;

/// Cloudflare's runtime as the application sees it, made for each request.
pub(super) struct Cloudflare {
    pub(super) objects: Objects,
    config: Rc<EdgeConfig>,
}

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, _context: Context) -> worker::Result<Response> {
    let answered = match configuration(&env) {
        Ok(config) => answer(request, Objects::new(env), config).await,
        // What is missing is in the log, not in the answer: a stranger learns nothing about the deployment.
        Err(_) => Refusal::misconfigured().into_response(),
    };
    body::to_worker(answered)
}

async fn answer(request: web_sys::Request, objects: Objects, config: Rc<EdgeConfig>) -> HttpResponse {
    match body::from_worker(request, config.largest_body()).await {
        Ok(request) => app::handle(&Cloudflare { objects, config }, request).await,
        Err(refusal) => refusal.into_response(),
    }
}

impl Platform for Cloudflare {
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
        // Cloudflare's front sets it in place of any that was sent.
        let address: IpAddr = request.headers().get("cf-connecting-ip")?.to_str().ok()?.parse().ok()?;
        Some(address.to_canonical())
    }

    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, StoreError> {
        origin::fetch(request, origin::PATIENCE).await.map_err(|error| {
            // The address and its query stay out of the log.
            console_error!("the origin does not answer: {error}");
            StoreError("the origin does not answer".to_owned())
        })
    }

    async fn ask(&self, request: HttpRequest, patience: Duration) -> Result<HttpResponse, StoreError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        origin::fetch(request, patience).await.map_err(|error| {
            console_error!("{host} does not answer: {error}");
            StoreError(format!("{host} does not answer"))
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

    async fn kept(&self, path: &str) -> Option<HttpResponse> {
        cache::find(path).await
    }

    async fn keep(&self, path: &str, answer: &HttpResponse) {
        cache::put(path, answer).await;
    }
}
