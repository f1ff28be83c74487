//! The wait: a fan joins, polls as the edge asks, and may leave and come back.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use stanchion_fan_client::{FanRequest, RequestKind, clock};
use stanchion_invariants::evidence::{GivenShopToken, GivenTicket, LeftSession, ReplacedTicketAttempt, TwoTabs};
use stanchion_shared::{
    timestamp::UnixMillis,
    wire::{ChallengeAnswer, JoinAnswer, JoinRequest, LeaveAnswer, LeaveRequest, QueueStatus, StatusAnswer},
};

use super::{CountGuard, Fan, VisitEnd, VisitResult};

use crate::{
    behaviour::Leaving,
    tally::{VisitOutcome, one_more},
};

/// Challenges one join may use up: an answer that was lost may have used one.
const CHALLENGES: u32 = 5;
/// A poll that is answered this much later than it was due was delayed by this program or by the network. A turn that is
/// lost after such a poll is not the queue's fault.
const LATE: Duration = Duration::from_secs(10);
/// After so many expired queue tickets a fan gives up, although every poll came when it was asked for.
const LOST_TURNS: u32 = 2;

/// A queue ticket that the fan holds.
pub(super) struct HeldQueueTicket {
    pub(super) ticket: String,
    /// Its entry in the evidence.
    entry: usize,
    poll_after: Duration,
    /// How much later than due the last poll was answered.
    late_by: Duration,
}

/// How long the fan waits with the next poll. Where nothing changes any more there is nothing to wait for: who asks all
/// the same may do so at once.
fn poll_after(told_ms: Option<u64>) -> Duration {
    Duration::from_millis(told_ms.unwrap_or(0))
}

/// The shop is open for this fan.
pub(crate) struct ShoppingSession {
    pub(crate) shop_token: String,
    pub(crate) expires_at: UnixMillis,
}

impl Fan {
    /// Solves a challenge and joins. Joining again while holding a ticket gives the same one.
    pub(super) async fn join(&mut self) -> VisitResult<HeldQueueTicket> {
        let answer = self.join_once().await?;
        self.count_joined();
        let entry = {
            let mut evidence = self.context.evidence.lock();
            evidence.tickets.push(GivenTicket {
                subject: self.account.subject.clone(),
                receipt: answer.receipt.clone(),
                place: answer.position,
            });
            evidence.tickets.len() - 1
        };
        Ok(HeldQueueTicket {
            ticket: answer.queue_token,
            entry,
            poll_after: poll_after(answer.poll_after_ms),
            late_by: Duration::ZERO,
        })
    }

    async fn join_once(&self) -> VisitResult<JoinAnswer> {
        let path = format!("/api/v1/queue/challenge?event_id={}", self.context.event);
        let ask_challenge = FanRequest::new(RequestKind::Challenge, Method::GET, path).bearer(&self.account.token);
        for _ in 0..CHALLENGES {
            let challenge: ChallengeAnswer = self.context.edge.send(&ask_challenge).await?.success()?;
            let request = JoinRequest {
                event_id: self.context.event.to_string(),
                device_fingerprint: format!("load-test-{}", self.account.subject),
                captcha_token: self.context.solver.solve(challenge).await?,
                signals: None,
                fan_pass: self.pass().await?,
            };
            let ask = FanRequest::new(RequestKind::Join, Method::POST, "/api/v1/queue/join");
            let answer = self
                .context
                .edge
                .send(&ask.bearer(&self.account.token).json(&request))
                .await?;
            match (answer.status, answer.word().as_str()) {
                (StatusCode::OK, _) => return Ok(answer.success()?),
                (StatusCode::CONFLICT, "sold_out") => return Err(VisitEnd::With(VisitOutcome::SoldOut)),
                // The answer to the first attempt was lost, or the solver's queue was long. The page asks for a new
                // challenge then.
                (_, word @ ("captcha_used" | "captcha_expired")) => {
                    self.context.tally.requests.count_retry(format!("join: {word}"))
                }
                _ => return Err(answer.unexpected().into()),
            }
        }
        self.trouble("join: challenge after challenge was used up")
    }

    /// Two joins at the same time. Which ticket is kept does not matter if there is only one.
    pub(super) async fn join_from_two_tabs(&mut self) -> VisitResult<HeldQueueTicket> {
        let (one, other) = tokio::join!(self.join_once(), self.join_once());
        let (one, other) = (one?, other?);
        let mut evidence = self.context.evidence.lock();
        evidence.two_tabs.push(TwoTabs {
            subject: self.account.subject.clone(),
            receipts: vec![one.receipt.clone(), other.receipt],
        });
        evidence.tickets.push(GivenTicket {
            subject: self.account.subject.clone(),
            receipt: one.receipt,
            place: one.position,
        });
        Ok(HeldQueueTicket {
            ticket: one.queue_token,
            entry: evidence.tickets.len() - 1,
            poll_after: poll_after(one.poll_after_ms),
            late_by: Duration::ZERO,
        })
    }

    /// Gives the queue ticket up.
    pub(super) async fn leave(&self, held: &HeldQueueTicket) -> VisitResult<()> {
        let request = LeaveRequest {
            queue_token: Some(held.ticket.clone()),
        };
        let ask = FanRequest::new(RequestKind::Leave, Method::POST, "/api/v1/queue/leave");
        let answer = self
            .context
            .edge
            .send(&ask.bearer(&self.account.token).json(&request))
            .await?;
        let told: LeaveAnswer = answer.success()?;
        if told.left {
            Ok(())
        } else {
            self.trouble("leave: the ticket was not given up")
        }
    }

    /// Gives the queue ticket up although the shop is open: the session is over.
    pub(super) async fn leave_while_shopping(&self, held: &HeldQueueTicket) -> VisitResult<()> {
        let left_at = clock::now();
        self.leave(held).await?;
        let subject = self.account.subject.clone();
        let mut evidence = self.context.evidence.lock();
        evidence.left_sessions.push(LeftSession { subject, left_at });
        Ok(())
    }

    async fn status(&self, ticket: &str) -> VisitResult<StatusAnswer> {
        let ask =
            FanRequest::new(RequestKind::Status, Method::GET, "/api/v1/queue/status").header("queue-token", ticket);
        let answer = self.context.edge.send(&ask.bearer(&self.account.token)).await?;
        let received_at = answer.received_at;
        let told: StatusAnswer = answer.success()?;
        if let Some(token) = &told.shop_token {
            self.context.evidence.lock().shop_tokens.push(GivenShopToken {
                subject: self.account.subject.clone(),
                token: token.clone(),
                received_at,
            });
        }
        Ok(told)
    }

    /// One poll, when it is due.
    async fn poll(&self, held: &mut HeldQueueTicket) -> VisitResult<StatusAnswer> {
        tokio::time::sleep(held.poll_after).await;
        let due = Instant::now();
        let told = self.status(&held.ticket).await?;
        held.late_by = due.elapsed();
        held.poll_after = poll_after(told.poll_after_ms);
        held.ticket.clone_from(&told.queue_token);
        if let Some(place) = told.position {
            let mut evidence = self.context.evidence.lock();
            let entry = &mut evidence.tickets[held.entry];
            let before = entry.place.replace(place);
            if before.is_some_and(|before| before != place) {
                let before = before.unwrap_or_default();
                drop(evidence);
                return self.trouble(format!("status: place {before} became {place}"));
            }
        }
        Ok(told)
    }

    /// Polls until the shop opens.
    pub(super) async fn wait_for_the_turn(&mut self, held: &mut HeldQueueTicket) -> VisitResult<ShoppingSession> {
        let context = self.context.clone();
        let _waiting = CountGuard::in_(&context.tally.waiting);
        let mut lost_turns = 0;
        loop {
            let told = self.poll(held).await?;
            match (told.status, told.shop_token) {
                (QueueStatus::YourTurn, Some(shop_token)) => {
                    one_more(&context.tally.admitted);
                    let expires_at = told.shop_expires_at.unwrap_or_else(clock::now);
                    return Ok(ShoppingSession { shop_token, expires_at });
                }
                (QueueStatus::SoldOut, _) => return Err(VisitEnd::With(VisitOutcome::SoldOut)),
                (QueueStatus::Expired, _) => {
                    if held.late_by > LATE {
                        context
                            .tally
                            .requests
                            .count_retry("status: late, and the turn was over".to_owned());
                    } else {
                        // The fan polled as asked and lost the turn all the same. The queue broke its promise.
                        let what = "status: the turn was over before the poll that was asked for";
                        context.tally.failed(what.to_owned());
                    }
                    lost_turns += 1;
                    if lost_turns > LOST_TURNS {
                        return self.trouble("status: turn after turn was lost");
                    }
                    *held = self.join().await?;
                }
                (QueueStatus::Waiting, None) if self.goes_and_comes_back(&told.position) => {
                    self.behaviour.leaving = Leaving::Never;
                    self.leave(held).await?;
                    self.old_tickets.push(held.ticket.clone());
                    *held = self.join().await?;
                }
                _ => {}
            }
        }
    }

    fn goes_and_comes_back(&self, position: &Option<u64>) -> bool {
        self.behaviour.leaving == Leaving::AndBackAfterTheDraw && position.is_some()
    }

    /// Shows every replaced ticket to the edge once more.
    pub(super) async fn try_old_tickets(&mut self) -> VisitResult<()> {
        for ticket in std::mem::take(&mut self.old_tickets) {
            let told = self.status(&ticket).await?;
            self.context.evidence.lock().old_tickets.push(ReplacedTicketAttempt {
                subject: self.account.subject.clone(),
                status: told.status,
                opened_the_shop: told.shop_token.is_some(),
            });
        }
        Ok(())
    }
}
