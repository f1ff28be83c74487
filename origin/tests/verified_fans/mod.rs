//! Verified fans, from registration, invitation or an admin's word to the pass, over HTTP.

mod inviting;
mod listing;
mod lists;
mod passes;
mod registering;
mod renewing;
mod revoking;
mod selection;
mod selection_in_pieces;

use crate::harness::{Answer, TestOrigin, eventually, in_days, send, small_event};
use reqwest::Method;
use serde_json::{Value, json};
use stanchion_origin::clock;

/// A launched event with its on-sale tomorrow, and its admin's side.
pub(crate) struct Show {
    pub(crate) origin: TestOrigin,
    pub(crate) id: String,
}

/// Somebody signed in.
pub(crate) struct Person {
    pub(crate) account_id: String,
    pub(crate) email: String,
    token: String,
}

impl Show {
    /// With `programme` set, unless it is null.
    pub(crate) async fn with(programme: &Value) -> Show {
        let origin = TestOrigin::new().await;
        let mut event = small_event();
        event["on_sale_time"] = json!(in_days(2));
        let id = origin.launch(&event).await;
        let show = Show { origin, id };
        if !programme.is_null() {
            show.set(programme).await.ok();
        }
        show
    }

    /// Registration opened a minute ago and is open for a day.
    pub(crate) async fn registering() -> Show {
        Show::with(&open()).await
    }

    /// By invitation and by an admin's word only.
    pub(crate) async fn by_invitation() -> Show {
        Show::with(&json!({})).await
    }

    pub(crate) async fn set(&self, programme: &Value) -> Answer {
        self.admin(Method::PUT, "", Some(programme)).await
    }

    /// Registration is over from now on.
    pub(crate) async fn close(&self) {
        self.set(&closed()).await.ok();
    }

    /// A request below the event's `/fans`.
    pub(crate) async fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let path = format!("/events/{}/fans{path}", self.id);
        self.origin.admin(method, &path, body).await
    }

    pub(crate) async fn counts(&self) -> [i64; 4] {
        let view = self.admin(Method::GET, "", None).await.ok();
        ["registered", "invited", "verified", "revoked"].map(|name| view[name].as_i64().unwrap())
    }

    /// Entries of the audit log about fans, the newest first.
    pub(crate) async fn audit(&self) -> Vec<Value> {
        let log = self.origin.admin(Method::GET, "/audit?limit=500", None).await.ok();
        let entries = log["entries"].as_array().unwrap().iter();
        let about_fans = |entry: &&Value| entry["what"].as_str().unwrap().starts_with("fans.");
        entries.filter(about_fans).cloned().collect()
    }

    pub(crate) async fn person(&self) -> Person {
        self.person_at(&format!("{}@example.org", uuid::Uuid::new_v4().simple()))
            .await
    }

    pub(crate) async fn person_at(&self, email: &str) -> Person {
        let body = json!({"email": email, "password": "correct horse"});
        let answer = self.origin.post("/api/v1/accounts", &body).await.ok();
        let field = |name: &str| answer[name].as_str().unwrap().to_owned();
        Person {
            account_id: field("account_id"),
            email: email.to_owned(),
            token: field("access_token"),
        }
    }

    /// People without a password to hash: as many as are needed.
    pub(crate) async fn crowd(&self, count: usize) -> Vec<Person> {
        let mut out = Vec::new();
        stanchion_origin::accounts::create_load_test_accounts(
            &self.origin.app.accounts,
            &self.origin.app.config,
            count,
            "crowd",
            &mut out,
        )
        .await
        .unwrap();
        let read = |line: &str| {
            let minted: Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| minted[name].as_str().unwrap().to_owned();
            Person {
                account_id: field("subject"),
                email: field("email"),
                token: field("token"),
            }
        };
        String::from_utf8(out).unwrap().lines().map(read).collect()
    }

    pub(crate) async fn register(&self, person: &Person) -> Answer {
        self.post(person, &json!({})).await
    }

    pub(crate) async fn redeem(&self, person: &Person, code: &str) -> Answer {
        self.post(person, &json!({"invitation_code": code})).await
    }

    async fn post(&self, person: &Person, body: &Value) -> Answer {
        let path = format!("/api/v1/events/{}/registration", self.id);
        send(
            self.origin
                .request(Method::POST, &path)
                .bearer_auth(&person.token)
                .json(body),
        )
        .await
    }

    pub(crate) async fn standing(&self, person: &Person) -> Value {
        let path = format!("/api/v1/events/{}/registration", self.id);
        send(self.origin.request(Method::GET, &path).bearer_auth(&person.token))
            .await
            .ok()
    }

    pub(crate) async fn state(&self, person: &Person) -> String {
        self.standing(person).await["state"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn pass(&self, person: &Person) -> Answer {
        let path = format!("/api/v1/events/{}/pass", self.id);
        send(self.origin.request(Method::GET, &path).bearer_auth(&person.token)).await
    }

    /// Until so many of the database's connections wait for a lock.
    pub(crate) async fn until_waiting(&self, count: usize) {
        eventually("they wait", async || self.waiting().await.len() == count).await;
    }

    /// The transactions that wait for a lock; an empty text is one that has changed nothing so far.
    pub(crate) async fn waiting(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select coalesce(backend_xid::text, '') from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_all(&self.origin.app.database)
        .await
        .unwrap()
    }

    /// Invites an address; gives its code.
    pub(crate) async fn invite(&self, email: &str) -> String {
        let invited = self
            .admin(Method::PUT, &format!("/invitations/{email}"), None)
            .await
            .ok();
        invited["code"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn upload(&self, content_type: &str, list: impl Into<reqwest::Body>) -> Answer {
        let path = format!("/api/v1/admin/events/{}/fans/invitations", self.id);
        let request = self
            .origin
            .request(Method::POST, &path)
            .bearer_auth(crate::harness::ADMIN_TOKEN);
        send(request.header("content-type", content_type).body(list)).await
    }
}

pub(crate) fn open() -> Value {
    json!({"registration_opens_at": clock::now().minus(60_000), "registration_closes_at": in_days(1)})
}

pub(crate) fn closed() -> Value {
    let now = clock::now();
    json!({"registration_opens_at": now.minus(60_000), "registration_closes_at": now.minus(1)})
}
