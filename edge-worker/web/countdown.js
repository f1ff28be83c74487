// Counts down to an instant of the server's clock, once a second, and says when it is reached.

import { serverNow } from './clock.js';
import { write } from './dom.js';
import { clockFace } from './format.js';

export class Countdown {
  #element;
  #reached;
  #end = null;
  #timer = null;

  /** @param reached called once, when the instant has come */
  constructor(element, reached = () => {}) {
    this.#element = element;
    this.#reached = reached;
  }

  /** @param instant RFC 3339 */
  to(instant) {
    const end = Date.parse(instant);
    if (end === this.#end) return;
    this.stop();
    this.#end = end;
    this.#tick();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#end = null;
  }

  #tick() {
    const left = this.#end - serverNow();
    write(this.#element, clockFace(left));
    if (left <= 0) {
      this.#reached();
      return;
    }
    // To the next full second, so that no second is shown twice or skipped.
    this.#timer = setTimeout(() => this.#tick(), (left % 1000) + 5);
  }
}
