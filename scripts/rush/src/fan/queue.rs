//! Join, poll as told, leave, come back: the wait.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use stanchion_shared::{
    timestamp::UnixMillis,
    wire::{ChallengeAnswer, JoinAnswer, JoinRequest, LeaveAnswer, LeaveRequest, QueueStatus, StatusAnswer},
};

use super::{Counted, End, Fan, Step};
use crate::{
    behaviour::Leaving,
    client::Ask,
    clock,
    latency::Kind,
    observed::{HeldTicket, OldTicketTried, SeenShopToken, TwoTabs},
    tally::{Outcome, one_more},
};

/// Challenges one join may use up: an answer that was lost may have used one.
const CHALLENGES: u32 = 5;
/// Polls with which a greedy fan hopes for a second session.
const GREEDY_POLLS: u32 = 4;
/// A poll that was answered this much later than it was due was late by the rush's own doing, or the network's: whoever
/// lost a turn so cannot blame the queue.
const LATE: Duration = Duration::from_secs(10);
/// Expired tickets after which a fan who polled as told stops joining again.
const LOST_TURNS: u32 = 2;

/// A ticket in hand.
pub(super) struct Held {
    pub(super) ticket: String,
    /// Its entry in the notebook.
    entry: usize,
    poll_after: Duration,
    /// How much later than due the last poll was answered.
    late_by: Duration,
}

/// The shop is open for this fan.
pub(crate) struct Session {
    pub(crate) shop_token: String,
    pub(crate) expires_at: UnixMillis,
}

impl Fan {
    /// Solves a challenge and joins. Joining again while holding a ticket gives the same one.
    pub(super) async fn join(&mut self) -> Step<Held> {
        let answer = self.join_once().await?;
        self.count_joined();
        let entry = {
            let mut notebook = self.world.notebook.open();
            notebook.tickets.push(HeldTicket {
                subject: self.account.subject.clone(),
                receipt: answer.receipt.clone(),
                place: answer.position,
            });
            notebook.tickets.len() - 1
        };
        Ok(Held {
            ticket: answer.queue_token,
            entry,
            poll_after: Duration::from_millis(answer.poll_after_ms),
            late_by: Duration::ZERO,
        })
    }

    async fn join_once(&self) -> Step<JoinAnswer> {
        let path = format!("/api/v1/queue/challenge?event_id={}", self.world.event);
        let ask_challenge = Ask::new(Kind::Challenge, Method::GET, path).bearer(&self.account.token);
        for _ in 0..CHALLENGES {
            let challenge: ChallengeAnswer = self.world.edge.send(&ask_challenge).await?.success()?;
            let request = JoinRequest {
                event_id: self.world.event.to_string(),
                device_fingerprint: format!("rush-{}", self.account.subject),
                captcha_token: self.world.solver.solve(challenge).await?,
                signals: None,
                fan_pass: self.pass().await?,
            };
            let ask = Ask::new(Kind::Join, Method::POST, "/api/v1/queue/join");
            let answer = self
                .world
                .edge
                .send(&ask.bearer(&self.account.token).json(&request))
                .await?;
            match (answer.status, answer.word().as_str()) {
                (StatusCode::OK, _) => return Ok(answer.success()?),
                (StatusCode::CONFLICT, "sold_out") => return Err(End::With(Outcome::SoldOut)),
                // The answer to the first attempt was lost, or the solver's queue was long: the page asks for a new
                // one.
                (_, word @ ("captcha_used" | "captcha_expired")) => self.world.tally.retried(format!("join: {word}")),
                _ => return Err(answer.unexpected().into()),
            }
        }
        self.trouble("join: challenge after challenge was used up")
    }

    /// Two joins at the same time. Which ticket is kept does not matter if there is only one.
    pub(super) async fn join_from_two_tabs(&mut self) -> Step<Held> {
        let (one, other) = tokio::join!(self.join_once(), self.join_once());
        let (one, other) = (one?, other?);
        let mut notebook = self.world.notebook.open();
        notebook.two_tabs.push(TwoTabs {
            subject: self.account.subject.clone(),
            receipts: vec![one.receipt.clone(), other.receipt],
        });
        notebook.tickets.push(HeldTicket {
            subject: self.account.subject.clone(),
            receipt: one.receipt,
            place: one.position,
        });
        Ok(Held {
            ticket: one.queue_token,
            entry: notebook.tickets.len() - 1,
            poll_after: Duration::from_millis(one.poll_after_ms),
            late_by: Duration::ZERO,
        })
    }

    /// Gives the ticket up.
    pub(super) async fn leave(&self, held: &Held) -> Step<()> {
        let request = LeaveRequest {
            queue_token: held.ticket.clone(),
        };
        let ask = Ask::new(Kind::Leave, Method::POST, "/api/v1/queue/leave");
        let answer = self
            .world
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

    async fn status(&self, ticket: &str) -> Step<StatusAnswer> {
        let ask = Ask::new(Kind::Status, Method::GET, "/api/v1/queue/status").header("queue-token", ticket);
        let answer = self.world.edge.send(&ask.bearer(&self.account.token)).await?;
        let received_at = answer.received_at;
        let told: StatusAnswer = answer.success()?;
        if let Some(token) = &told.shop_token {
            self.world.notebook.open().shop_tokens.push(SeenShopToken {
                subject: self.account.subject.clone(),
                token: token.clone(),
                received_at,
            });
        }
        Ok(told)
    }

    /// One poll, when it is due.
    async fn poll(&self, held: &mut Held) -> Step<StatusAnswer> {
        tokio::time::sleep(held.poll_after).await;
        let due = Instant::now();
        let told = self.status(&held.ticket).await?;
        held.late_by = due.elapsed();
        held.poll_after = Duration::from_millis(told.poll_after_ms);
        held.ticket.clone_from(&told.queue_token);
        if let Some(place) = told.position {
            let mut notebook = self.world.notebook.open();
            let entry = &mut notebook.tickets[held.entry];
            let before = entry.place.replace(place);
            if before.is_some_and(|before| before != place) {
                let before = before.unwrap_or_default();
                drop(notebook);
                return self.trouble(format!("status: place {before} became {place}"));
            }
        }
        Ok(told)
    }

    /// Polls until the shop opens.
    pub(super) async fn wait_for_the_turn(&mut self, held: &mut Held) -> Step<Session> {
        let world = self.world.clone();
        let _waiting = Counted::in_(&world.tally.waiting);
        let mut lost_turns = 0;
        loop {
            let told = self.poll(held).await?;
            match (told.status, told.shop_token) {
                (QueueStatus::YourTurn, Some(shop_token)) => {
                    one_more(&world.tally.admitted);
                    let expires_at = told.shop_expires_at.unwrap_or_else(clock::now);
                    return Ok(Session { shop_token, expires_at });
                }
                (QueueStatus::SoldOut, _) => return Err(End::With(Outcome::SoldOut)),
                (QueueStatus::Expired, _) => {
                    if held.late_by > LATE {
                        world.tally.retried("status: late, and the turn was over".to_owned());
                    } else {
                        // Polled as told and lost the turn all the same: the queue broke its promise.
                        let what = "status: the turn was over before the poll that was asked for";
                        world.tally.failed(what.to_owned());
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

    /// Polls a second ticket for a while although a session was had already. Tokens that come are kept; the checks
    /// judge.
    pub(super) async fn hope_for_a_second_session(&self, held: &mut Held) -> Step<()> {
        for _ in 0..GREEDY_POLLS {
            let told = self.poll(held).await?;
            if told.shop_token.is_some() || matches!(told.status, QueueStatus::SoldOut | QueueStatus::Expired) {
                break;
            }
        }
        Ok(())
    }

    /// Shows every replaced ticket to the edge once more.
    pub(super) async fn try_old_tickets(&mut self) -> Step<()> {
        for ticket in std::mem::take(&mut self.old_tickets) {
            let told = self.status(&ticket).await?;
            self.world.notebook.open().old_tickets.push(OldTicketTried {
                subject: self.account.subject.clone(),
                status: told.status,
                opened_the_shop: told.shop_token.is_some(),
            });
        }
        Ok(())
    }
}
