// How this page was used before the join: counts and the rhythm, nothing that was typed, read or looked at. Only events that
// the browser says are real are counted. shared/src/score/signals.rs says what each number means and its limits.

const MAX_EVENTS = 100_000;
const MAX_ON_PAGE_MS = 604_800_000;

/** Counts events as they come. It keeps sums only, so an open page costs nothing however long it is used. */
export class Signals {
  #counts = { pointer: 0, touch: 0, key: 0, assisted: 0 };
  #lastAt = null;
  #intervals = 0;
  #meanMs = 0;
  #squares = 0;

  /** @param event what a listener was given: {type, isTrusted, timeStamp, pointerType, repeat, detail} */
  saw(event) {
    const kind = event.isTrusted ? kindOf(event) : null;
    if (kind === null) return;
    this.#counts[kind] = Math.min(MAX_EVENTS, this.#counts[kind] + 1);
    // Moves come with the screen's refresh, whoever makes them; text comes with what was pressed for it.
    if (event.type !== 'pointermove' && event.type !== 'input') this.#pressed(event.timeStamp);
  }

  /** Welford's sums: mean and variance without a list. */
  #pressed(at) {
    if (this.#lastAt !== null && this.#intervals < MAX_EVENTS) {
      const interval = Math.max(0, at - this.#lastAt);
      this.#intervals += 1;
      const off = interval - this.#meanMs;
      this.#meanMs += off / this.#intervals;
      this.#squares += off * (interval - this.#meanMs);
    }
    this.#lastAt = at;
  }

  /** @param onPageMs since the page was opened */
  summary({ onPageMs, webdriver }) {
    const variance = this.#intervals === 0 ? 0 : this.#squares / this.#intervals;
    const onPage = Math.min(MAX_ON_PAGE_MS, Math.ceil(onPageMs));
    return {
      ...this.#counts,
      intervals: this.#intervals,
      // A page that was open for weeks still tells numbers that fit one another.
      mean_ms: Math.min(Math.floor(this.#meanMs), Math.floor(onPage / Math.max(1, this.#intervals))),
      deviation_ms: Math.floor(Math.sqrt(Math.max(0, variance))),
      webdriver,
      on_page_ms: onPage,
    };
  }
}

/** Which count an event belongs to; null: to none, because another event of the same press is counted. */
function kindOf({ type, pointerType, repeat, detail }) {
  switch (type) {
    case 'pointermove':
    case 'pointerdown':
      return pointerType === 'touch' ? 'touch' : 'pointer';
    case 'keydown':
      return repeat ? null : 'key';
    // A click without a pointer: a screen reader, voice control, a switch, or a key on a button.
    case 'click':
      return detail === 0 ? 'assisted' : null;
    // Text, also from voice, a password manager, a paste.
    case 'input':
      return 'assisted';
    default:
      return null;
  }
}

const signals = new Signals();

/** From now on the page is watched. */
export function watch(target = document) {
  for (const type of ['pointermove', 'pointerdown', 'keydown', 'click', 'input']) {
    target.addEventListener(type, (event) => signals.saw(event), { capture: true, passive: true });
  }
}

/** What the join sends. */
export function seen() {
  return signals.summary({ onPageMs: performance.now(), webdriver: navigator.webdriver === true });
}
