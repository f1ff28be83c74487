//! The two events of a run at the origin: the large one in an arena, and the small one of the probe.

use stanchion_command_line::values::millis;
use stanchion_fan_client::clock;
use stanchion_shared::{
    event_settings::DRAW_WINDOW_MS, ids::EventId, policy::CHALLENGE_MAX_NUMBER, timestamp::UnixMillis,
};

use crate::{
    admin::{AdminApi, AdminApiError, RunEvent},
    options::RunOptions,
    probe, venues,
};

/// Fans shopping at once for each fan admitted per second, unless the options say otherwise.
const SHOPPERS_PER_RATE: u32 = 20;
/// Most tickets of one person.
const PER_PERSON: u32 = 8;
/// Most fans shopping at once, as asked for.
pub(crate) fn most_shoppers(options: &RunOptions) -> u32 {
    options
        .most_shoppers
        .unwrap_or(options.rate.saturating_mul(SHOPPERS_PER_RATE))
}

/// Creates and launches the large event, and returns the instant of its on-sale.
pub(crate) async fn create_arena(
    admin: &AdminApi,
    options: &RunOptions,
    event: &EventId,
) -> Result<UnixMillis, AdminApiError> {
    let on_sale_time = clock::now().plus(millis(options.on_sale_in));
    let arena = RunEvent {
        event_id: event,
        name: "The Comeback Tour",
        on_sale_time,
        most_per_second: options.rate,
        most_shoppers: most_shoppers(options),
        per_person: PER_PERSON,
        lock_ms: millis(options.lock),
        turn_ms: millis(options.turn),
        shopping_ms: millis(options.shopping),
        draw_window_ms: millis(options.draw_window),
        shards: options.shards,
        challenge_max_number: options.challenge_max_number,
        beacon: options.beacon.as_ref(),
    };
    admin.create(&arena, &venues::arena()).await?;
    admin.launch(event).await?;
    Ok(on_sale_time)
}

/// Creates and launches the small event.
pub(crate) async fn create_probe(admin: &AdminApi, options: &RunOptions, event: &EventId) -> Result<(), AdminApiError> {
    let probe = RunEvent {
        event_id: event,
        name: "Open Rehearsal",
        on_sale_time: clock::now().plus(probe::ON_SALE_IN_MS),
        most_per_second: 10,
        most_shoppers: 100,
        per_person: PER_PERSON,
        lock_ms: probe::LOCK_MS,
        turn_ms: millis(options.turn),
        shopping_ms: probe::SHOPPING_MS,
        draw_window_ms: DRAW_WINDOW_MS.least,
        shards: 1,
        challenge_max_number: CHALLENGE_MAX_NUMBER.least,
        beacon: None,
    };
    admin.create(&probe, &venues::probe_room()).await?;
    admin.launch(event).await?;
    Ok(())
}
