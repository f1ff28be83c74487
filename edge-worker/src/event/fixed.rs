//! What a put may not change: what the first one fixed, and the windows once they are near or somebody relies on them.

use stanchion_shared::{
    timestamp::UnixMillis,
    wire::{FIXED_BEFORE_ON_SALE_MS, PutEvent},
};

use super::{Joined, windows};

/// What the put would change of what is fixed. Receipts name the windows: who joined was told when the draw closes.
pub(super) fn judge(before: &PutEvent, put: &PutEvent, joined: Joined, now: UnixMillis) -> Option<String> {
    if put.shards != before.shards {
        let shards = before.shards.get();
        return Some(format!("The first put fixed the number of shards at {shards}."));
    }
    if let Some(fixed) = put.policy.fixed_by(&before.policy) {
        return Some(fixed);
    }
    if windows(put) == windows(before) {
        return None;
    }
    let fixed_from = before.on_sale_time.minus(FIXED_BEFORE_ON_SALE_MS);
    if now >= fixed_from {
        let sentence =
            format!("on_sale_time and draw_window_ms are fixed since {fixed_from}, 60 seconds before the on-sale.");
        return Some(sentence);
    }
    if joined == Joined::Somebody {
        let sentence = "on_sale_time and draw_window_ms are fixed: fans have joined, and their receipts name them. A pause stops admission.";
        return Some(sentence.to_owned());
    }
    // It would be fixed at once, a slip included, and whoever joins just now by what was known before may be in a draw that
    // has closed by what is known after.
    let earliest = now.plus(FIXED_BEFORE_ON_SALE_MS);
    (put.on_sale_time <= earliest).then(|| {
        let on_sale_time = put.on_sale_time;
        format!("on_sale_time and draw_window_ms change only to an on-sale after {earliest}, 60 seconds from now: not {on_sale_time}.")
    })
}

#[cfg(test)]
mod tests;
