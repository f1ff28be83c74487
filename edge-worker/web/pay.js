// Paying once. An idempotency key is made before the first request and stored in this tab until the
// outcome is known. So a lost answer, a reload or a second click asks about the same order and
// never pays twice.

import { ask } from './api.js';
import { session } from './account.js';
import { persistently } from './connection.js';

const ASK_AGAIN_MS = 1_500;
const SAFE = 'You are not charged twice: this page asks about the same order.';

/** A sentence for each `failure` of an order. The answer to a checkout has its own sentence. */
const FAILURES = {
  payment_declined: 'The payment was declined. Your seats are still held: try another card.',
  payment_failed: 'The payment could not be completed. Nothing was charged, and the seats are free again.',
  payment_unavailable: 'Payments cannot be made now. Nothing was charged.',
  inventory_unavailable: 'Seats cannot be judged now. Nothing was charged.',
  lock_expired: 'Some seats are not held for you any more: choose again. Nothing was charged.',
  seats_unavailable: 'Some of these seats were sold to somebody else. Nothing was charged.',
  order_refused: 'This order was refused. Nothing was charged.',
  checkout_abandoned: 'The payment was interrupted and undone. Nothing was charged.',
  never_arrived: 'Your payment never reached the shop, and your time there is over. Nothing was charged.',
};

/** The order ended without tickets. Nothing is charged. */
export class OrderFailed extends Error {
  constructor(failure) {
    super(FAILURES[failure] ?? 'The order did not go through. Nothing was charged.');
  }
}

export class Payment {
  #stored;

  /**
   * @param stored StoredValue {key, cart_id, card} while the outcome is unknown, {key, done}
   * afterwards
   */
  constructor(stored) {
    this.#stored = stored;
  }

  /** Whether the outcome of a payment is not known yet. */
  get isOpen() {
    return this.#stored.value !== null && !this.#stored.value.done;
  }

  /** Whether there are tickets to show. */
  get isDone() {
    return Boolean(this.#stored.value?.done);
  }

  /** The shop token of the session that pays, or has paid. */
  get shopToken() {
    return this.#stored.value?.shop_token ?? null;
  }

  clear() {
    this.#stored.clear();
  }

  /**
   * Sends the checkout and follows it to its end.
   * @returns the confirmed order
   * @throws OrderFailed or ApiError when it is certain that nothing was charged
   */
  async pay({ cart, card, shopToken }) {
    this.#stored.store({ key: crypto.randomUUID(), cart_id: cart.cart_id, card, shop_token: shopToken });
    return this.#follow(() => this.#send(shopToken));
  }

  /**
   * Learns the outcome after a reload. A checkout that never arrived is sent now, under its own
   * key, if the shop is open.
   */
  async resume(shopToken) {
    return this.#follow(async () => (await this.#find()) ?? this.#send(shopToken));
  }

  async #follow(first) {
    let order;
    try {
      order = await this.#firstAnswer(first);
      while (order.status === 'pending' || order.status === 'confirming') {
        await new Promise((resolve) => { setTimeout(resolve, ASK_AGAIN_MS); });
        order = await persistently(() => this.#lookUp(), { reassurance: SAFE });
      }
    } catch (error) {
      // The order is refused for certain, so the next attempt is another order. A missing sign-in
      // says nothing about it: the key stays.
      if (error.status !== 401 || error.word?.startsWith('shop_token')) this.clear();
      throw error;
    }
    if (order.status === 'failed') {
      this.clear();
      throw new OrderFailed(order.failure);
    }
    this.#stored.store({ ...this.#stored.value, done: true });
    return order;
  }

  /** The same key asks for the same order, so repeating a request without an answer is safe. */
  #firstAnswer(first) {
    return persistently(first, { reassurance: SAFE });
  }

  async #send(shopToken) {
    const { key, cart_id: cartId, card } = this.#stored.value;
    const body = { cart_id: cartId, payment: { method: 'card', token: card } };
    try {
      if (!shopToken) throw new OrderFailed('never_arrived');
      return await ask('POST', '/api/v1/checkout', { shopToken, bearer: session()?.access_token, idempotencyKey: key, body });
    } catch (error) {
      // The shop is closed, or the order is being made: an earlier request of the same key may have
      // got through.
      const mayExist = error instanceof OrderFailed || error.status === 401 || error.word === 'checkout_in_progress';
      const found = mayExist ? await this.#find() : null;
      if (found) return found;
      throw error;
    }
  }

  /** The order, or null if there is none. */
  async #find() {
    try {
      return await this.#lookUp();
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  }

  #lookUp() {
    return ask('GET', '/api/v1/orders', { bearer: session()?.access_token, query: { idempotency_key: this.#stored.value.key } });
  }
}
