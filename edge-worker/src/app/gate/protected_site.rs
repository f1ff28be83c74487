//! A protected site: every request that the edge does not serve itself goes to the site, through
//! the gates of the site's events. The first event whose rules name a request guards it.
//!
//! A browser needs no script here: who has no session gets the waiting page ([`without_session`]),
//! which refreshes itself until the turn has come.
//!
//! The head of a request decides. The bodies of a request that passes, and of its answer, stream
//! through the runtime and never enter the application.

use std::rc::Rc;

use http::{HeaderValue, Method, header};
use stanchion_shared::policy::gate::{GateDecision, GuardedRequest, Host};

use super::{
    newcomer::Newcomer,
    proxy, renewal,
    session::{self, Session},
    session_end,
    site_headers::{self, Client},
    site_time_limits, site_watch, way_back, websocket,
    without_session::{self, WithoutSession},
};
use crate::{
    app::{
        Answer,
        cache::event_cache::{self, KnownEvent},
        http::{cookie, host, limits, refusal::Refusal},
        ticket::leave,
    },
    config::Site,
    platform::{HttpRequest, Platform, SiteAnswer},
};

/// Answers a request for the site at its `host`. `request` is its head, and `body` is read only by the
/// site.
///
/// # Errors
/// 411 `length_required`. 414, 431: the address or the headers are too large. 429
/// `too_many_requests`. 501
/// `method_not_passed` or `websocket_unsupported`. 503 where a part behind the edge does not answer.
pub(crate) async fn answer<P: Platform>(
    platform: &P,
    site: &Site,
    host: Option<&Host>,
    request: &HttpRequest,
    mut body: P::RequestBody,
) -> Result<Answer<P::SiteBody>, Refusal> {
    limits::check_uri(request)?;
    limits::check_headers(request.headers())?;
    let asked = GuardedRequest {
        host: site.host_for_rules(host),
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        may_have_body: may_have_body(request),
        header: &|name| request.headers().get(name).map(HeaderValue::as_bytes),
        address: platform.client_address(request),
    };
    let mut passing = Passing::open(told_host(request, asked.host));
    let mut is_body_known = asked.may_have_body;
    for event in &site.events {
        let Some(snapshot) = event_cache::last_known_if_any(platform, event).await? else {
            continue; // no queue has been opened for it yet
        };
        let gate = &snapshot.settings.policy.gate;
        if !is_body_known && gate.asks_for_body() {
            is_body_known = true;
            if platform.has_hidden_content(&mut body).await {
                return Err(length_required());
            }
        }
        // A strange spelling may mean what one event guards to us and what another guards to the site:
        // every event that it may concern has to let it pass.
        let (decision, is_certain) = gate.judge(&asked);
        match decision {
            GateDecision::Unguarded => continue,
            GateDecision::Passes => passing.caching = Caching::Forbidden,
            GateDecision::Refused => {
                let closed = without_session::closed(platform, request, &snapshot).await?;
                return Ok(Answer::Own(closed));
            }
            GateDecision::NeedsSession => match live_session(platform, request, &snapshot).await? {
                Some(session) => passing.let_in(session, snapshot),
                None => match without_session::judge(platform, request, &snapshot).await? {
                    WithoutSession::Waits(answer) => {
                        passing.end_newcomers(platform).await;
                        return Ok(Answer::Own(answer));
                    }
                    WithoutSession::ComesIn(newcomer) => passing.let_newcomer_in(*newcomer, snapshot),
                },
            },
        }
        if is_certain {
            break;
        }
    }
    let passed = pass(platform, site, request, body, &passing).await;
    if passed.is_err() {
        passing.end_newcomers(platform).await;
    }
    Ok(Answer::Site(passed?))
}

/// The request has a content that no header states, and the site's rules depend on whether it has
/// one (RFC 9110, section 15.5.12). On a runtime whose headers tell, such a request is judged instead.
fn length_required() -> Refusal {
    Refusal::new(
        411,
        "length_required",
        "A request of this method with a content must say its length.",
    )
}

/// Whether a site may find parameters in a body. Some frameworks look for them whatever the method.
fn may_have_body(request: &HttpRequest) -> bool {
    let names = [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method())
        || names.iter().any(|name| request.headers().contains_key(name))
}

/// The host as the site is told it: in canonical form where the site has a list of hosts, so that it
/// takes no other spelling for another host than the rules do.
fn told_host(request: &HttpRequest, host: Option<&Host>) -> Option<HeaderValue> {
    match host {
        Some(host) => HeaderValue::try_from(host.to_string()).ok(),
        // Spin shows the host as part of the address only.
        None => cookie::host(request).and_then(|host| HeaderValue::from_str(host).ok()),
    }
}

/// How a request passes to the site.
struct Passing {
    host: Option<HeaderValue>,
    caching: Caching,
    /// The session by which it passes, and the snapshot of its event.
    session: Option<(Session, KnownEvent)>,
    /// Whose sessions begin with this request. A strange spelling may need several.
    newcomers: Vec<Newcomer>,
}

impl Passing {
    /// As a request that no rule names.
    fn open(host: Option<HeaderValue>) -> Passing {
        Passing {
            host,
            caching: Caching::AsTheSiteSays,
            session: None,
            newcomers: Vec::new(),
        }
    }

    /// The site gets the first session only. A strange spelling may need several.
    fn let_in(&mut self, session: Session, snapshot: KnownEvent) {
        self.caching = Caching::Forbidden;
        self.session.get_or_insert((session, snapshot));
    }

    /// Ends the sessions that began with a request which does not pass: no browser learns of them.
    async fn end_newcomers<P: Platform>(&self, platform: &P) {
        for newcomer in self.newcomers.iter().filter(|newcomer| newcomer.session.begins) {
            // What fails is in the log, and the session ends by itself.
            let _ = leave::end_session(platform, &newcomer.session.claims).await;
        }
    }

    fn let_newcomer_in(&mut self, newcomer: Newcomer, snapshot: KnownEvent) {
        let session = Session {
            token: newcomer.session.token.clone(),
            claims: Rc::new(newcomer.session.claims.clone()),
        };
        self.let_in(session, snapshot);
        self.newcomers.push(newcomer);
    }
}

/// Whether caches may keep what the site answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caching {
    AsTheSiteSays,
    /// No cache may show what is behind the gate to a client that stands before it, whatever the
    /// site says.
    Forbidden,
}

/// The live session of the event that the request has.
///
/// # Errors
/// The request is forbidden, or nobody can judge it.
async fn live_session<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    snapshot: &KnownEvent,
) -> Result<Option<Session>, Refusal> {
    match session::of_event(platform, request, snapshot).await {
        Ok(session) => Ok(Some(session)),
        Err(refusal) if refusal.is_fault() || refusal.is_forbidden() => Err(refusal),
        // A client without a session may hold a queue ticket.
        Err(_) => Ok(None),
    }
}

/// Passes a request on to the site, with the headers that [`site_headers`] lets travel.
async fn pass<P: Platform>(
    platform: &P,
    site: &Site,
    request: &HttpRequest,
    body: P::RequestBody,
    passing: &Passing,
) -> Result<SiteAnswer<P::SiteBody>, Refusal> {
    let is_handshake = websocket::is_handshake(request.headers());
    if is_handshake && !P::PASSES_WEBSOCKETS {
        return Err(websocket::refused());
    }
    if [Method::TRACE, Method::CONNECT].contains(request.method()) {
        return Err(method_not_passed());
    }
    let client = Client {
        address: platform.client_address(request),
        secure: host::is_secure(platform, request),
        host: passing.host.as_ref(),
    };
    let session = passing.session.as_ref();
    let shop_token = session.map(|(session, _)| session.token.as_str());
    let mut passed = proxy::request_to(&site.origin_url, platform, request)?;
    *passed.headers_mut() = site_headers::to_site(request, &client, shop_token);
    if is_handshake {
        let websocket = HeaderValue::from_static("websocket");
        passed.headers_mut().insert(header::UPGRADE, websocket);
    }
    let (head, _) = passed.into_parts();
    let limits = site_time_limits::of(&head);
    let passed = http::Request::from_parts(head, body);
    let by = session.map(|(session, known)| (session.claims.jti.as_str(), &**known));
    let mut answer = site_watch::pass(platform, passed, limits, by).await?;
    let headers = &mut answer.headers;
    site_headers::from_site(headers);
    if passing.caching == Caching::Forbidden {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        site_headers::forbid_caches_of_cdns(headers);
    }
    let word = session_end::take(headers);
    for newcomer in &passing.newcomers {
        newcomer.set_cookies(platform, headers);
    }
    if let Some((session, snapshot)) = session {
        match session_end::ends(word, snapshot) {
            true => session_end::end(platform, headers, snapshot, &session.claims).await,
            false => renewal::renew(platform, headers, snapshot, &session.claims).await,
        }
        way_back::forget(platform, request, headers, &snapshot.event_id);
    }
    Ok(answer)
}

/// `TRACE` would show a client what the edge adds for the site alone (RFC 9110, section 9.3.8), and
/// `CONNECT` is no request for a site.
fn method_not_passed() -> Refusal {
    Refusal::new(501, "method_not_passed", "This method does not pass to the site.")
}
