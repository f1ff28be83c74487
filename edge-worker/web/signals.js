// How this page was used before the join: counts and rhythm, but nothing that was typed, read or
// looked at. Only events that the browser marks as real are counted. shared/src/score/signals.rs
// says what each number means, and its limits.

const MAX_EVENTS = 100_000;
const MAX_ON_PAGE_MS = 604_800_000;

/** Counts events. It keeps sums only, so a page costs nothing however long it is used. */
export class Signals {
  #counts = { pointer: 0, touch: 0, key: 0, assisted: 0 };
  #lastAt = null;
  #intervals = 0;
  #meanMs = 0;
  #squares = 0;

  /**
   * @param event as a listener gets it: {type, isTrusted, timeStamp, pointerType, repeat, detail}
   */
  saw(event) {
    const kind = event.isTrusted ? kindOf(event) : null;
    if (kind === null) return;
    this.#counts[kind] = Math.min(MAX_EVENTS, this.#counts[kind] + 1);
    // Moves come with the screen's refresh, and text comes with the key that was pressed: neither
    // has a rhythm of its own.
    if (event.type !== 'pointermove' && event.type !== 'input') this.#pressed(event.timeStamp);
  }

  /** Welford's algorithm: mean and variance without a list. */
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
      // Even on a page that was open for weeks the numbers must fit one another.
      mean_ms: Math.min(Math.floor(this.#meanMs), Math.floor(onPage / Math.max(1, this.#intervals))),
      deviation_ms: Math.floor(Math.sqrt(Math.max(0, variance))),
      webdriver,
      on_page_ms: onPage,
    };
  }
}

/** The count that an event belongs to; null if another event of the same press is counted. */
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

/** Counts the events of the page from now on. */
export function watch(target = document) {
  for (const type of ['pointermove', 'pointerdown', 'keydown', 'click', 'input']) {
    target.addEventListener(type, (event) => signals.saw(event), { capture: true, passive: true });
  }
}

/** The summary that the join sends. */
export function summarize() {
  return signals.summary({ onPageMs: performance.now(), webdriver: navigator.webdriver === true });
}
