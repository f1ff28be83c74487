// The shop, open as long as the shop token is valid: the fan chooses, holds and pays. The server
// decides everything.

import { ask } from './api.js';
import { CartView } from './cart.js';
import { Countdown } from './countdown.js';
import { announce, byId, make, say, showStep, write } from './dom.js';
import { counted, money, sum } from './format.js';
import { SeatPlan } from './seats.js';

export class Shop {
  #event;
  #payment;
  #over;
  #bought;
  #token = null;
  #changes = Promise.resolve();
  #paying = false;
  #plan;
  #cart;
  #window;

  /**
   * @param event as GET /api/v1/events/{id} tells it
   * @param payment Payment
   * @param over called when the server or the clock says that the shop is closed for this fan
   * @param bought called with the confirmed order
   */
  constructor({ event, payment, over, bought }) {
    this.#event = event;
    this.#payment = payment;
    this.#over = over;
    this.#bought = bought;
    this.#window = new Countdown(byId('shop-window'), over);
    this.#cart = new CartView({ remove: (id) => this.#removeSeat(id), lapsed: () => this.#readCart() });
    this.#plan = new SeatPlan({
      currency: event.currency,
      load: (section) => this.#ask('GET', `/api/v1/events/${event.event_id}/seats`, { query: { section } }),
      changed: () => this.#showChoice(),
      failed: (error) => say(byId('plan-error'), error && `${error.message} The plan may be old; it is asked for again.`),
    });
    byId('section').append(...event.sections.map((section) => make('option', { value: section.code },
      `${section.name}: ${money(section.price, event.currency)} and ${money(section.fee, event.currency)} fee`)));
    byId('section').addEventListener('change', () => this.#plan.show(byId('section').value));
    byId('hold-button').addEventListener('click', () => this.#hold());
    byId('pay-form').addEventListener('submit', (submission) => {
      submission.preventDefault();
      this.#pay();
    });
    write(byId('seats-hint'), `At most ${counted(event.per_person, 'seat', 'seats')} per person. Choose seats, then hold them. With a keyboard, the arrow keys move from seat to seat and Space chooses.`);
  }

  get isOpen() {
    return this.#token !== null;
  }

  get token() {
    return this.#token;
  }

  /** Opens the shop, or goes on with a newer token: after a stop it ends later. */
  async open({ shop_token: token, shop_expires_at: until }) {
    const wasOpen = this.isOpen;
    this.#token = token;
    this.#window.to(until);
    if (wasOpen) return;
    document.title = `Your turn · ${this.#event.name}`;
    await this.#readCart();
    const inCart = this.#cart.cart?.seats[0]?.seat_id.split('-')[0];
    const known = this.#event.sections.some(({ code }) => code === inCart);
    if (known) byId('section').value = inCart;
    await this.#plan.show(byId('section').value);
  }

  close() {
    this.#token = null;
    this.#window.stop();
    this.#cart.stop();
    this.#plan.stop();
  }

  /** Frees the seats that are held, so that others need not wait for the end of their locks. */
  async giveUp() {
    if (this.#cart.cart?.seats.length) await this.#ask('DELETE', '/api/v1/cart');
  }

  /** Sends a request with the shop token. An answer that the token has ended closes the shop. */
  async #ask(method, path, rest = {}) {
    try {
      return await ask(method, path, { ...rest, shopToken: this.#token });
    } catch (error) {
      if (error.status === 401 && this.isOpen) this.#over();
      throw error;
    }
  }

  async #readCart() {
    if (!this.isOpen) return;
    try {
      this.#showCart(await this.#ask('GET', '/api/v1/cart'));
    } catch (error) {
      this.#cart.fail(error);
    }
  }

  #showCart(cart) {
    this.#cart.show(cart);
    this.#plan.setMine(this.#cart.held.map((seat) => seat.seat_id));
    const payable = this.#cart.held.length > 0;
    this.#showChoice();
    byId('pay').hidden = !payable;
    write(byId('pay-button'), `Pay ${money(cart.total, cart.currency)}`);
    if (document.querySelector('[data-view="shop"]:not([hidden])')) showStep(payable ? 'pay' : 'seats');
  }

  /**
   * The bar under the plan holds the chosen seats, or leads to the cart, which on a phone is far
   * below.
   */
  #showChoice() {
    const chosen = this.#plan.chosen;
    const held = this.#cart.held.length;
    let text = 'No seats chosen.';
    let action = 'Hold seats';
    if (chosen.length > 0) {
      text = `${counted(chosen.length, 'seat', 'seats')} chosen, ${money(sum(chosen.map((seat) => seat.price)), this.#event.currency)} and fees`;
      action = chosen.length === 1 ? 'Hold this seat' : 'Hold these seats';
    } else if (held > 0) {
      text = `${counted(held, 'seat', 'seats')} in your cart.`;
      action = 'Go to the cart';
    }
    write(byId('hold-text'), text);
    write(byId('hold-button'), action);
    byId('hold-button').setAttribute('aria-disabled', String(chosen.length + held === 0));
  }

  #hold() {
    if (this.#plan.chosen.length === 0 && this.#cart.held.length > 0) byId('cart-title').focus();
    return this.#inTurn(async () => {
      const ids = this.#plan.chosen.map((seat) => seat.seat_id);
      if (ids.length === 0) return;
      const box = byId('seats-error');
      say(box, null);
      try {
        const cart = await this.#ask('POST', '/api/v1/cart/seats', { body: { event_id: this.#event.event_id, seat_ids: ids } });
        this.#plan.unchoose(ids);
        this.#showCart(cart);
        announce(`${counted(ids.length, 'seat is', 'seats are')} held for you.`);
        byId('cart-title').focus();
      } catch (error) {
        const gone = error.body?.unavailable_seats ?? [];
        say(box, gone.length > 0 ? `${error.message} Taken: ${gone.join(', ')}.` : error.message);
        this.#plan.unchoose(gone);
        box.scrollIntoView({ block: 'nearest' });
      }
      this.#plan.refresh();
    });
  }

  #removeSeat(id) {
    return this.#inTurn(async () => {
      try {
        this.#showCart(await this.#ask('DELETE', '/api/v1/cart/seats', { body: { event_id: this.#event.event_id, seat_ids: [id] } }));
        announce(`Seat ${id} is removed.`);
        byId('cart-title').focus();
        this.#plan.refresh();
      } catch (error) {
        this.#cart.fail(error);
      }
    });
  }

  /** Ignores a second click while a payment runs. The idempotency key would catch it, too. */
  async #pay() {
    if (this.#paying) return;
    this.#paying = true;
    const button = byId('pay-button');
    button.setAttribute('aria-disabled', 'true');
    say(byId('pay-error'), null);
    say(byId('pay-unsure'), 'Paying … Please keep this page open. If it is closed, come back: nothing is paid twice.');
    let failure = null;
    await this.#inTurn(async () => {
      const card = new FormData(byId('pay-form')).get('card');
      try {
        this.#bought(await this.#payment.pay({ cart: this.#cart.cart, card, shopToken: this.#token }));
      } catch (error) {
        failure = error;
        say(byId('pay-error'), error.message);
        if (!this.isOpen || error.word?.startsWith('shop_token')) this.#over();
      }
      await this.#readCart();
      // If nothing is left to pay, the form with its error is hidden, so the cart shows the reason.
      if (failure && byId('pay').hidden) this.#cart.fail(failure);
    });
    say(byId('pay-unsure'), null);
    button.removeAttribute('aria-disabled');
    this.#paying = false;
  }

  /** Makes one change after the other: each sees the result of the one before. */
  #inTurn(change) {
    this.#changes = this.#changes.catch(() => {}).then(change);
    return this.#changes;
  }
}
