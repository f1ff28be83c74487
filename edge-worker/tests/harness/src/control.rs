//! Requests of the origin to the control API.

use reqwest::{Method, Response, header};
use serde_json::Value;
use stanchion_shared::{
    control::{self, ControlRequest, SIGNATURE_HEADER, TIME_HEADER},
    timestamp::UnixMillis,
    wire::PutRelease,
};

use crate::{Edge, Event, now, read, release};

impl Edge {
    /// GET without any credentials.
    pub async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    /// A control request, signed at `time`.
    pub async fn control_at(&self, time: UnixMillis, method: Method, path: &str, body: &Value) -> Response {
        let body = if body.is_null() {
            Vec::new()
        } else {
            serde_json::to_vec(body).unwrap()
        };
        let signed = ControlRequest {
            method: method.as_str(),
            path,
            query: "",
            body: &body,
        };
        let (time, signature) = control::sign(&self.control_key, &signed, time);
        let request = self.http.request(method, format!("{}{path}", self.url)).body(body);
        let request = request.header(TIME_HEADER, time).header(SIGNATURE_HEADER, signature);
        request
            .header(header::CONTENT_TYPE, "application/json")
            .send()
            .await
            .unwrap()
    }

    /// A control request, signed now.
    pub async fn control(&self, method: Method, path: &str, body: &Value) -> Response {
        self.control_at(now(), method, path, body).await
    }

    /// Puts the event.
    pub async fn put_event(&self, event: &Event) -> Response {
        let path = format!("/api/v1/control/events/{}", event.id);
        self.control(Method::PUT, &path, &serde_json::to_value(&event.put).unwrap())
            .await
    }

    /// Puts a release.
    pub async fn put_release(&self, event: &Event, release: &PutRelease) -> Response {
        let path = format!("/api/v1/control/events/{}/release", event.id);
        self.control(Method::PUT, &path, &serde_json::to_value(release).unwrap())
            .await
    }

    /// Opens an event at a rate, and does what must be done before its on-sale: `joining`. A machine that is too busy for
    /// `joining_ms` gets another event and twice the time. The release is put again when all have joined, because its lease may
    /// be shorter than that: the next version of a caller is the event's plus three.
    ///
    /// # Panics
    /// It was too late four times.
    pub async fn before_on_sale<T>(
        &self,
        joining_ms: u64,
        per_second: u64,
        event_in: impl Fn(u64) -> Event,
        joining: impl AsyncFn(&Event) -> T,
    ) -> (Event, T) {
        for doublings in 0..4 {
            let event = event_in(joining_ms << doublings);
            self.open(&event, per_second).await;
            let joined = joining(&event).await;
            if now() < event.put.settings.on_sale_time {
                let renewed = release(event.put.version + 2, per_second);
                read::<Value>(self.put_release(&event, &renewed).await).await;
                return (event, joined);
            }
        }
        panic!("this machine needs more than eight times {joining_ms} ms");
    }

    /// Puts the event and a release of `per_second`.
    pub async fn open(&self, event: &Event, per_second: u64) {
        read::<Value>(self.put_event(event).await).await;
        read::<Value>(
            self.put_release(event, &release(event.put.version + 1, per_second))
                .await,
        )
        .await;
    }
}
