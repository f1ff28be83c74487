// Notes the digest of the frozen tickets of the fan's draw before its beacon's round is out. With
// it the fan can show later that no ticket was added once the round could be known, even if no
// other fan has looked.

import { latestNow, serverNow } from './clock.js';
import { closesAt, roundOutAt } from './draw-times.js';
import { readReceipt } from './place-check.js';

/**
 * How often the frozen tickets are asked for: they are shown a moment after the draw has closed.
 */
const TRIES = 3;
/** How long after one try the next one follows. */
const AGAIN_MS = 1_000;
/** Fans ask at different instants within this time. */
const SPREAD_MS = 500;
/**
 * So many pages of an event may ask at the moment of its on-sale, besides a share of those that
 * come later. With ten million fans that are 79,000 pages, which the budget for polls can bear.
 */
const SURE_WITNESSES = 10_000;

/**
 * Whether a page that joins asks for the frozen tickets by itself when draw 0 closes. The others do
 * it only if one of their polls falls into the seconds between freeze and round.
 * @param joined how many had joined before it
 */
export function isChosen(joined, chance = Math.random()) {
  return chance * joined < SURE_WITNESSES;
}

/**
 * The digest that a page noted, if it was surely noted before the round was out; null otherwise.
 * @param place {receipt, announced, tickets_digest, noted_by, …} as it is stored
 */
export function vouchedDigest(place) {
  const draw = readReceipt(place?.receipt ?? '')?.draw;
  if (!place?.tickets_digest || !place.announced?.beacon || draw === undefined) return null;
  const isInTime = Number.isFinite(place.noted_by) && place.noted_by < roundOutAt(place.announced, draw);
  return isInTime ? place.tickets_digest : null;
}

export class Witness {
  #place;
  #ask;
  #sleep;
  #watching = false;

  /**
   * @param place StoredValue {receipt, announced, is_witness, tickets_digest, noted_by, …}
   * @param ask resolves with the state of the queue
   * @param sleep resolves after so many ms, in a tab in the background, too
   */
  constructor({ place, ask, sleep }) {
    this.#place = place;
    this.#ask = ask;
    this.#sleep = sleep;
  }

  /** Takes every answer of the queue. */
  async heard({ status }) {
    const begins = status === 'drawing' || (status === 'pre_queue' && this.#place.value?.is_witness);
    if (!begins || this.#watching || this.#draw() === null) return;
    this.#watching = true;
    try {
      await this.#watch(this.#draw());
    } catch {
      // The place does not depend on the note, and the next answer begins anew.
    } finally {
      this.#watching = false;
    }
  }

  async #watch(draw) {
    await this.#closed(draw);
    await this.#sleep(Math.random() * SPREAD_MS);
    for (let tries = 1; this.#draw() === draw; tries += 1) {
      const { drawing } = await this.#ask();
      // The fan may have given the place up meanwhile.
      if (this.#draw() === draw) this.#note(draw, drawing);
      if (tries === TRIES) return;
      await this.#sleep(AGAIN_MS);
    }
  }

  /** The difference of the clocks is known better and better, so it is looked at again. */
  async #closed(draw) {
    while (this.#draw() === draw) {
      const left = closesAt(this.#place.value.announced, draw) - serverNow();
      if (left <= 0) return;
      await this.#sleep(left);
    }
  }

  /** The draw whose tickets are to be noted; null if there is none, or if they are noted. */
  #draw() {
    const place = this.#place.value;
    if (!place?.announced?.beacon || place.tickets_digest) return null;
    return readReceipt(place.receipt)?.draw ?? null;
  }

  #note(draw, drawing) {
    const place = this.#place.value;
    // The device's clock may be behind, and the site may tell a wrong time on purpose: a note counts
    // only if it is early by both, and not at all while the site's time is unknown.
    const notedBy = latestNow();
    if (drawing?.draw !== draw || !(notedBy < roundOutAt(place.announced, draw))) return;
    this.#place.store({ ...place, tickets_digest: drawing.tickets_digest, noted_by: notedBy });
  }
}
