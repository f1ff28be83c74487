//! The gate in front of the origin. A guarded path is reached with a live shopping session or not
//! at all; the origin checks the session again.
//!
//! [`super::route`] says which paths of Stanchion's own origin are guarded. In front of a protected
//! site the event's gate policy says it: [`stanchion_shared::policy::gate::GatePolicy::decide`].
//!
//! # Layout
//! - [`session`]: finds and judges the shopping session of a request.
//! - [`renewal`]: a session in front of a protected site gets a later end while it is used.
//!   [`kept_sessions`] remembers what shards were told of it.
//! - [`session_end`]: a protected site ends a session.
//! - [`proxy`]: carries requests to the origin.
//! - [`protected_site`]: guards a protected site. [`without_session`] decides on whoever has no session,
//!   and [`newcomer`] lets them in where there is room.
//! - [`site_headers`]: which headers travel to a protected site and back.
//! - [`site_time_limits`]: how long the edge waits for a protected site.
//! - [`site_watch`]: how the site answers, for the event's meter.
//! - [`websocket`]: which requests ask a protected site for a WebSocket.
//! - [`asker`]: whether a person, a program or a part of a page asks a protected site.
//! - [`waiting_page`]: what each of them gets in place of a guarded address. [`standing_text`] says
//!   where a ticket stands, [`waiting_html`] writes the page.
//! - [`waiting_form`]: what its forms say.
//! - [`way_back`]: how a person comes back to a form that met the queue.

pub(crate) mod asker;
mod kept_sessions;
mod newcomer;
pub(crate) mod protected_site;
pub(crate) mod proxy;
mod renewal;
pub(crate) mod session;
pub(crate) mod session_end;
mod site_headers;
mod site_time_limits;
mod site_watch;
mod standing_text;
pub(crate) mod waiting_form;
mod waiting_html;
pub(crate) mod waiting_page;
pub(crate) mod way_back;
mod websocket;
mod without_session;
