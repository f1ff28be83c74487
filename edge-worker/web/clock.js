// The server's time, since a fan's clock may be minutes off and a countdown must not be. Every answer narrows down by how
// much the two clocks differ: what the server said was true somewhere between sending and receiving.

/** The difference is between these two, in ms; server time = own time + difference. */
let least = -Infinity;
let most = Infinity;

/** Milliseconds since 1970 by the server's clock. */
export function serverNow() {
  if (!Number.isFinite(least) || !Number.isFinite(most)) return Date.now();
  return Date.now() + (least + most) / 2;
}

/** A `Date` header: whole seconds, rounded down. Without one nothing is learned. */
export function heardServerTime(header, sentAt) {
  const said = Date.parse(header ?? '');
  if (!Number.isNaN(said)) narrow(said, said + 1000, sentAt);
}

/** An instant in a body that may have been cached for up to `ageMs`. */
export function heardInstant(text, sentAt, ageMs) {
  const said = Date.parse(text ?? '');
  if (!Number.isNaN(said)) narrow(said, said + ageMs, sentAt);
}

function narrow(earliest, latest, sentAt) {
  const low = earliest - Date.now();
  const high = latest - sentAt;
  if (low > most || high < least) {
    // No difference fits both: somebody set a clock. Only the newest word counts.
    [least, most] = [low, high];
    return;
  }
  least = Math.max(least, low);
  most = Math.min(most, high);
}
