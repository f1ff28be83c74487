// Notes the frozen tickets of the fan's draw before its beacon's round is out. Whoever has noted them shows later that nobody
// was added once the round could be known; nobody else needs to have looked.

import { serverNow } from './clock.js';
import { closesAt, roundOutAt } from './draw-times.js';
import { askForSnapshot } from './join.js';
import { readReceipt } from './place-check.js';

/** The frozen tickets are shown a moment after the draw has closed: asked for so often, a second apart. */
const TRIES = 3;
const AGAIN_MS = 1_000;
/** Not everybody in the same instant. */
const SPREAD_MS = 500;

export class Witness {
  #eventId;
  #place;
  #watching = false;

  /** @param place Kept {receipt, announced, tickets_digest, …} */
  constructor({ eventId, place }) {
    this.#eventId = eventId;
    this.#place = place;
  }

  /** Every answer of the queue comes through here. */
  async told({ status }) {
    if (status !== 'drawing' || this.#watching || this.#draw() === null) return;
    this.#watching = true;
    try {
      await this.#watch(this.#draw());
    } catch {
      // The place does not depend on it, and the next answer begins anew.
    } finally {
      this.#watching = false;
    }
  }

  async #watch(draw) {
    await sleep(closesAt(this.#place.value.announced, draw) - serverNow() + Math.random() * SPREAD_MS);
    for (let tries = 1; this.#draw() === draw; tries += 1) {
      const { drawing } = await askForSnapshot(this.#eventId);
      // Meanwhile the place may have been given up.
      if (this.#draw() === draw) this.#note(draw, drawing);
      if (tries === TRIES) return;
      await sleep(AGAIN_MS);
    }
  }

  /** The draw whose tickets are to be noted; null: none, or they are. */
  #draw() {
    const place = this.#place.value;
    if (!place?.announced?.beacon || place.tickets_digest) return null;
    return readReceipt(place.receipt)?.draw ?? null;
  }

  #note(draw, drawing) {
    const place = this.#place.value;
    // By this device's own clock, and by what was announced at the join: whatever time the site says now may be wrong on purpose.
    const isEarly = Date.now() < roundOutAt(place.announced, draw);
    if (drawing?.draw !== draw || !isEarly) return;
    this.#place.keep({ ...place, tickets_digest: drawing.tickets_digest });
  }
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
