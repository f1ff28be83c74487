//! Which settings a put may not change: those that the first put fixed, and the windows once they
//! are near or somebody relies on them.

use stanchion_shared::{
    event_settings::{EventSettings, FIXED_BEFORE_ON_SALE_MS},
    timestamp::UnixMillis,
};

use super::OpenTickets;

/// The sentence that refuses a put which would change a fixed setting. Receipts name the windows:
/// fans who joined were told when the draw closes.
pub(super) fn refusal(
    before: &EventSettings,
    put: &EventSettings,
    open_tickets: OpenTickets,
    now: UnixMillis,
) -> Option<String> {
    if put.shards != before.shards {
        let shards = before.shards.get();
        return Some(format!("The first put fixed the number of shards at {shards}."));
    }
    if let Some(fixed) = put.policy.fixed_by(&before.policy) {
        return Some(fixed);
    }
    if put.windows() == before.windows() {
        return None;
    }
    let fixed_from = before.on_sale_time.minus(FIXED_BEFORE_ON_SALE_MS);
    if now >= fixed_from {
        let sentence =
            format!("on_sale_time and draw_window_ms are fixed since {fixed_from}, 60 seconds before the on-sale.");
        return Some(sentence);
    }
    if open_tickets == OpenTickets::Possible {
        let sentence = "on_sale_time and draw_window_ms are fixed: fans have joined, and their receipts name them. A pause stops admission.";
        return Some(sentence.to_owned());
    }
    // The windows would be fixed at once, a slip included, and a fan who joins just now by the old
    // windows may be in a draw that has closed by the new ones.
    let earliest = now.plus(FIXED_BEFORE_ON_SALE_MS);
    (put.on_sale_time <= earliest).then(|| {
        let on_sale_time = put.on_sale_time;
        format!("on_sale_time and draw_window_ms change only to an on-sale after {earliest}, 60 seconds from now: not {on_sale_time}.")
    })
}

#[cfg(test)]
mod tests;
