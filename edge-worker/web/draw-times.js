// When a draw closes and when its beacon's round is out, by the same rule as
// shared/src/policy/beacon.rs. Only what was announced counts: what the site says about the present
// time may be wrong on purpose.

/** The round is out at least this long after the draw closed. */
const FREEZE_MS = 3_000;

/** @param announced {on_sale_time, draw_window_ms}. @returns ms since 1970 */
export function closesAt({ on_sale_time: onSaleTime, draw_window_ms: windowMs }, draw) {
  return Date.parse(onSaleTime) + draw * windowMs;
}

/** @param announced with a beacon, too. @returns when the draw's round is out, ms since 1970 */
export function roundOutAt(announced, draw) {
  const { genesis, period } = announced.beacon;
  const frozenUntil = closesAt(announced, draw) + FREEZE_MS;
  const periods = Math.ceil(Math.max(0, frozenUntil - genesis * 1_000) / (period * 1_000));
  return (genesis + periods * period) * 1_000;
}
