// The cart as the server knows it: its seats and sums, and until when the seats are held.

import { Countdown } from './countdown.js';
import { byId, make, say, write } from './dom.js';
import { money } from './format.js';

export class CartView {
  #remove;
  #lapsed;
  #countdown;
  cart = null;

  /**
   * @param remove (seat_id) → removes the seat and shows the new cart
   * @param lapsed called when the first hold has ended: the cart must be read again
   */
  constructor({ remove, lapsed }) {
    this.#remove = remove;
    this.#lapsed = lapsed;
    this.#countdown = new Countdown(byId('cart-window'), () => this.#lapsed());
  }

  show(cart) {
    this.cart = cart;
    say(byId('cart-error'), null);
    byId('cart-empty').hidden = cart.seats.length > 0;
    byId('cart-full').hidden = cart.seats.length === 0;
    byId('cart-lines').replaceChildren(...cart.seats.map((seat) => this.#line(seat)));
    for (const part of ['subtotal', 'fees', 'total']) write(byId(`cart-${part}`), money(cart[part], cart.currency));
    byId('cart-window').parentElement.hidden = cart.lock_expires_at === null;
    if (cart.lock_expires_at === null) this.#countdown.stop();
    else this.#countdown.to(cart.lock_expires_at);
  }

  stop() {
    this.#countdown.stop();
  }

  /** The seats that a checkout would charge. */
  get held() {
    return this.cart?.seats.filter((seat) => seat.locked) ?? [];
  }

  fail(error) {
    say(byId('cart-error'), error.message);
  }

  #line(seat) {
    const name = make('span', {}, seat.seat_id);
    if (!seat.locked) name.append(make('span', { class: 'lost' }, 'No longer held for you'));
    const button = make('button', { type: 'button', class: 'quiet', 'aria-label': `Remove seat ${seat.seat_id}` }, 'Remove');
    button.addEventListener('click', () => this.#remove(seat.seat_id));
    return make('li', {}, name, make('span', {}, money(seat.price, this.cart.currency)), button);
  }
}
