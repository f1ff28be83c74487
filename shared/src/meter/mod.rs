//! The meter: decides once a second how fast to admit fans, from what is seen of those who are in.
//!
//! It is pure. The shop's origin supplies the numbers and puts the decision as a release. In front
//! of a protected site the event's coordinator does both.
//!
//! # Layout
//! - [`decide`]: the release rule, from limits and a reading to a rate;
//! - [`MeterHistory`]: how many fans are on their way;
//! - [`SiteAnswers`]: how a protected site answers;
//! - [`Brake`]: how many sessions a protected site can bear just now, by its own answers;
//! - [`SiteMeter`]: all of it together, for a protected site.

mod answers;
mod brake;
mod history;
mod release_rule;
mod site;

pub use answers::{ANSWER_GROUPS, AnswerCounts, AnswerGroup, GROUP_WEIGHT, SiteAnswers, WeighedAnswers};
pub use brake::{
    BRAKE_LOOK_MS, BRAKE_PERCENT, BRAKE_RECOVERY_MS, Brake, BrakeCause, BrakeLimits, FAILED_PERCENT, LEAST_ANSWERS,
    SLOW_MS, SLOW_PERCENT,
};
pub use history::{LineReading, MeterHistory, ON_THEIR_WAY_MS};
pub use release_rule::{Decision, HEADROOM_SECONDS, HYSTERESIS_PERCENT, MeterLimits, MeterReading, Stock, decide};
pub use site::{METER_EVERY_MS, SiteDecision, SiteLimits, SiteMeter, SiteMeterReport, SiteReading};
