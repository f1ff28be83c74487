//! Whether an event's queue takes joins until the event starts. Seat tickets are sold until then. A
//! queue has one draw for each of [`chain::LENGTH`] arrival windows and no more.

use stanchion_shared::{
    draw::{chain, membership::Windows},
    event_settings::DRAW_WINDOW_MS,
    ids::Draw,
    timestamp::UnixMillis,
};

use crate::error::InvalidField;

/// The last draw that has a secret. Draw 0 is for the fans who join before the on-sale.
const LAST_DRAW: Draw = Draw(chain::LENGTH - 1);

/// Checks it.
///
/// # Errors
/// The sentence says which length of windows would do.
pub(super) fn check(windows: &Windows, starts_at: UnixMillis) -> Result<(), InvalidField> {
    let ends = windows.closed_at(LAST_DRAW);
    if ends >= starts_at {
        return Ok(());
    }
    let (window, most) = (windows.draw_window_ms, DRAW_WINDOW_MS.most);
    let needed = starts_at.since(windows.on_sale_time).div_ceil(u64::from(LAST_DRAW.0));
    let instead = if needed <= most {
        format!("make them at least {needed} ms, or let on_sale_time be later")
    } else {
        format!("let on_sale_time be later, windows can have {most} ms at most")
    };
    Err(InvalidField::new(format!(
        "limits.draw_window_ms: with windows of {window} ms the queue takes joins until {ends}, which is before starts_at: \
         {instead}."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_would_end_before_the_event_starts_is_refused() {
        let starts_at = UnixMillis::parse("2030-01-01T20:00:00Z").unwrap();
        let life = |window: u64| u64::from(LAST_DRAW.0) * window;
        let judge = |before_start: u64, draw_window_ms: u64| {
            let on_sale_time = starts_at.minus(before_start);
            check(
                &Windows {
                    on_sale_time,
                    draw_window_ms,
                },
                starts_at,
            )
        };
        for window in [DRAW_WINDOW_MS.least, DRAW_WINDOW_MS.default, DRAW_WINDOW_MS.most] {
            assert!(judge(life(window), window).is_ok(), "{window}");
            let refused = judge(life(window) + 1, window).unwrap_err();
            assert!(refused.0.starts_with("limits.draw_window_ms"), "{refused}");
        }
        // The sentence says what would do, and it does.
        let refused = judge(life(DRAW_WINDOW_MS.default) + 1, DRAW_WINDOW_MS.default).unwrap_err();
        assert!(refused.0.contains("at least 5001 ms"), "{refused}");
        assert!(judge(life(DRAW_WINDOW_MS.default) + 1, 5_001).is_ok());
        let refused = judge(life(DRAW_WINDOW_MS.most) + 1, DRAW_WINDOW_MS.most).unwrap_err();
        assert!(refused.0.contains("60000 ms at most"), "{refused}");
    }
}
