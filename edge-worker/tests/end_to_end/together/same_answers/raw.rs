//! Requests to the byte: targets that a client would tidy up, headers twice or not text, bodies without a length.

use std::convert::Infallible;

use futures_util::stream;
use http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Bytes, Frame},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use reqwest::Response;
use tokio::net::TcpStream;

/// A request that is being put together.
pub(crate) struct Raw {
    request: Request<BoxBody<Bytes, Infallible>>,
}

impl Raw {
    /// Without a body. `target` is sent as it is.
    pub(crate) fn new(method: &str, target: &str) -> Raw {
        let mut request = Request::new(Full::default().boxed());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).expect("a token");
        *request.uri_mut() = target.parse::<Uri>().expect("a target");
        Raw { request }
    }

    /// With one more header, also if there is one of this name.
    pub(crate) fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Raw {
        let value = HeaderValue::from_bytes(value.as_ref()).expect("without line breaks");
        self.request.headers_mut().append(HeaderName::from_static(name), value);
        self
    }

    /// With the account's token.
    pub(crate) fn bearer(self, token: &str) -> Raw {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With a body whose length is told.
    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Raw {
        *self.request.body_mut() = Full::new(body.into()).boxed();
        self
    }

    /// With a body as JSON.
    pub(crate) fn json(self, body: impl Into<Bytes>) -> Raw {
        self.header("content-type", "application/json").body(body)
    }

    /// With a body in pieces, whose length is not told.
    pub(crate) fn pieces(mut self, pieces: Vec<Vec<u8>>) -> Raw {
        let frames = pieces.into_iter().map(|piece| Ok(Frame::data(Bytes::from(piece))));
        *self.request.body_mut() = BodyExt::boxed(StreamBody::new(stream::iter(frames)));
        self
    }

    /// Sends it over a connection of its own.
    pub(crate) async fn send(mut self, edge_url: &str) -> Response {
        let host = edge_url.strip_prefix("http://").expect("a stack's edge speaks http");
        let host_value = HeaderValue::from_str(host).expect("an address");
        self.request.headers_mut().insert(header::HOST, host_value);
        let stream = TcpStream::connect(host).await.expect("the edge listens");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        // It ends with the answer, or with the refusal of a body that is still being sent.
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(self.request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.expect("a whole answer").to_bytes();
        connection.abort();
        Response::from(http::Response::from_parts(parts, body))
    }
}
