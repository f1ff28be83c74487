// Counts down to an instant of the server's clock, once a second, and says when it is reached. The
// page's estimate of that clock may be a little early. If the server then gives the same instant
// again, it counts as reached once more, soon.

import { serverNow } from './clock.js';
import { write } from './dom.js';
import { clockFace } from './format.js';

/** An instant that was reached and is given again counts as reached once more after this long. */
const AGAIN_MS = 500;

export class Countdown {
  #element;
  #reached;
  #end = null;
  #timer = null;

  /**
   * @param reached called when the instant has come, and again while the same instant is given
   * afterwards
   */
  constructor(element, reached = () => {}) {
    this.#element = element;
    this.#reached = reached;
  }

  /** @param instant RFC 3339 */
  to(instant) {
    const end = Date.parse(instant);
    if (end === this.#end) {
      this.#timer ??= setTimeout(() => this.#reach(), AGAIN_MS);
      return;
    }
    this.stop();
    this.#end = end;
    this.#tick();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#end = null;
  }

  #reach() {
    this.#timer = null;
    this.#reached();
  }

  #tick() {
    const left = this.#end - serverNow();
    write(this.#element, clockFace(left));
    if (left <= 0) {
      this.#reach();
      return;
    }
    // To the next full second, so that no second is shown twice or skipped.
    this.#timer = setTimeout(() => this.#tick(), (left % 1000) + 5);
  }
}
