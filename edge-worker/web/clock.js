// The server's time, since a fan's clock may be minutes off and a countdown must not be. The time
// in an answer was true at some instant between sending and receiving, so every answer narrows down
// the difference of the two clocks.

/**
 * The difference of the clocks is between these two, in ms. The server's time is the own time plus
 * the difference.
 */
let least = -Infinity;
let most = Infinity;

/**
 * The newest answer with a `Date`: by the server's clock it was `latest` at most (ms since 1970)
 * when the steady clock showed `steady` (ms).
 */
let newest = null;

/** What both clocks of this device show. To be taken right before a request is sent. */
export function clocksNow() {
  return { wall: Date.now(), steady: performance.now() };
}

/** Milliseconds since 1970 by the server's clock. */
export function serverNow() {
  if (!Number.isFinite(least) || !Number.isFinite(most)) return Date.now();
  return Date.now() + (least + most) / 2;
}

/**
 * The latest instant that it can be now, by the newest answer's `Date` or by this device's clock,
 * whichever is later: ms since 1970, and Infinity while no answer had a `Date`.
 */
export function latestNow() {
  if (newest === null) return Infinity;
  return Math.max(Date.now(), newest.latest + performance.now() - newest.steady);
}

/**
 * Learns from the headers of an answer: `Date` has whole seconds, rounded down, and is older by
 * `Age` where a cache answered (RFC 9111, section 5.1). Without a `Date` nothing is learned.
 * @param headers of the answer
 * @param sent what `clocksNow` said before the request was sent
 */
export function heardServerTime(headers, sent) {
  const said = Date.parse(headers.get('Date') ?? '');
  if (Number.isNaN(said)) return;
  const age = Number(headers.get('Age') ?? 0) * 1_000;
  const isKnown = Number.isInteger(age) && age >= 0;
  // An age is rounded down, too.
  const latest = isKnown ? said + age + (age > 0 ? 2_000 : 1_000) : Infinity;
  // It was said when the request was sent, at the earliest.
  newest = { latest, steady: sent.steady };
  if (isKnown) narrow(said + age, latest, sent.wall);
}

/** Learns from an instant in a body that may have been cached for up to `ageMs`. */
export function heardInstant(text, sentAt, ageMs) {
  const said = Date.parse(text ?? '');
  if (!Number.isNaN(said)) narrow(said, said + ageMs, sentAt);
}

function narrow(earliest, latest, sentAt) {
  const low = earliest - Date.now();
  const high = latest - sentAt;
  if (low > most || high < least) {
    // No difference fits both: a clock was set. Only the newest answer counts.
    [least, most] = [low, high];
    return;
  }
  least = Math.max(least, low);
  most = Math.min(most, high);
}
