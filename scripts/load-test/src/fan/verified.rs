//! A verified fan redeems the invitation once, and has a fresh pass for every join.

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{Fan, VisitResult};
use stanchion_fan_client::{FanRequest, RequestKind};

#[derive(Deserialize)]
struct GivenFanPass {
    fan_pass: String,
}

#[derive(Deserialize)]
struct RegistrationAnswer {
    state: String,
}

impl Fan {
    /// Redeems the code, if this fan was sent one.
    pub(super) async fn redeem_invitation(&self) -> VisitResult<()> {
        let Some(code) = self.context.codes.get(&self.account.subject) else {
            return Ok(());
        };
        let path = format!("/api/v1/events/{}/registration", self.context.event);
        let ask = FanRequest::new(RequestKind::Redeem, Method::POST, path).bearer(&self.account.token);
        let answer = self
            .context
            .edge
            .send(&ask.json(&json!({"invitation_code": code})))
            .await?;
        let told: RegistrationAnswer = answer.success()?;
        if told.state != "verified" {
            return self.trouble(format!("redeem: the fan is {} afterwards", told.state));
        }
        let subject = self.account.subject.clone();
        self.context.evidence.lock().verified.insert(subject);
        Ok(())
    }

    /// The fan pass that goes with the join; none for a fan without an invitation.
    pub(super) async fn pass(&self) -> VisitResult<Option<String>> {
        if !self.context.codes.contains_key(&self.account.subject) {
            return Ok(None);
        }
        let path = format!("/api/v1/events/{}/pass", self.context.event);
        let ask = FanRequest::new(RequestKind::Pass, Method::GET, path).bearer(&self.account.token);
        let answer = self.context.edge.send(&ask).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.unexpected().into());
        }
        Ok(Some(answer.parse::<GivenFanPass>()?.fan_pass))
    }
}
