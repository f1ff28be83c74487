//! What tells people from programs at a join.
//!
//! # Layout
//! - [`captcha`]: proof of work, and the captcha providers; each proof is good for one join.
//! - [`score`]: gathers the evidence by which a join is scored.
//! - [`reputation`]: the table of addresses, which the origin serves.
//!
//! The rules that weigh the evidence are in [`stanchion_shared::score`], with the thresholds
//! between human, suspect and refusal (`HUMAN_FROM`, `SUSPECT_FROM`). An event's bot policy,
//! [`stanchion_shared::policy::BotPolicy`], has what an admin can set.

pub(crate) mod captcha;
mod reputation;
pub(crate) mod score;
