//! A verified fan redeems the invitation once, and has a fresh pass for every join.

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{Fan, Step};
use crate::{client::Ask, latency::Kind};

#[derive(Deserialize)]
struct Given {
    fan_pass: String,
}

#[derive(Deserialize)]
struct Standing {
    state: String,
}

impl Fan {
    /// Redeems the code, if this fan was sent one.
    pub(super) async fn redeem_invitation(&self) -> Step<()> {
        let Some(code) = self.world.codes.get(&self.account.subject) else {
            return Ok(());
        };
        let path = format!("/api/v1/events/{}/registration", self.world.event);
        let ask = Ask::new(Kind::Redeem, Method::POST, path).bearer(&self.account.token);
        let answer = self
            .world
            .edge
            .send(&ask.json(&json!({"invitation_code": code})))
            .await?;
        let told: Standing = answer.success()?;
        if told.state != "verified" {
            return self.trouble(format!("redeem: the fan is {} afterwards", told.state));
        }
        let subject = self.account.subject.clone();
        self.world.notebook.open().verified.insert(subject);
        Ok(())
    }

    /// What goes with the join; none for those who were sent no code.
    pub(super) async fn pass(&self) -> Step<Option<String>> {
        if !self.world.codes.contains_key(&self.account.subject) {
            return Ok(None);
        }
        let path = format!("/api/v1/events/{}/pass", self.world.event);
        let ask = Ask::new(Kind::Pass, Method::GET, path).bearer(&self.account.token);
        let answer = self.world.edge.send(&ask).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.unexpected().into());
        }
        Ok(Some(answer.parse::<Given>()?.fan_pass))
    }
}
