// The plan of one section: rows of seats that can be chosen, kept fresh while it is shown. The Tab
// key stops at the plan once, and inside it the arrow keys move from seat to seat.

import { byId, make, write } from './dom.js';
import { counted } from './format.js';

const REFRESH_MS = 4_000;
const NEXT_ROW = { ArrowDown: 1, ArrowUp: -1 };
const NEXT_SEAT = { ArrowRight: 1, ArrowLeft: -1 };

export class SeatPlan {
  #box = byId('seats');
  #load;
  #changed;
  #failed;
  #currency;
  #section = null;
  #timer = null;
  /** Buttons by row, in the order shown. */
  #rows = [];
  /** seat_id → {seat, button} */
  #seats = new Map();
  #chosen = new Set();
  #mine = new Set();

  /**
   * @param load (section) → the API's answer; the messages of its errors are for the fan
   * @param changed called when the choice changes
   */
  constructor({ load, changed, failed, currency }) {
    this.#load = load;
    this.#changed = changed;
    this.#currency = currency;
    this.#failed = failed;
    this.#box.addEventListener('click', (event) => this.#toggle(event.target.closest('.seat')));
    this.#box.addEventListener('keydown', (event) => this.#move(event));
    this.#box.addEventListener('focusin', (event) => this.#makeStop(event.target.closest('.seat')));
  }

  /** The chosen seats, as the API describes them. */
  get chosen() {
    return [...this.#chosen].map((id) => this.#seats.get(id).seat);
  }

  get section() {
    return this.#section;
  }

  async show(section) {
    this.stop();
    this.#section = section;
    this.#rows = [];
    this.#seats.clear();
    this.#chosen.clear();
    this.#box.replaceChildren();
    write(byId('seats-count'), 'Loading the seats …');
    this.#changed();
    await this.refresh();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#section = null;
  }

  /** Asks which seats are free now. A chosen seat that is gone is no longer chosen. */
  async refresh() {
    clearTimeout(this.#timer);
    const section = this.#section;
    if (section === null) return;
    try {
      const answer = await this.#load(section);
      if (section !== this.#section) return;
      if (this.#seats.size === 0) this.#build(answer.seats);
      this.#update(answer);
      this.#failed(null);
    } catch (error) {
      if (section !== this.#section) return;
      this.#failed(error);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), REFRESH_MS * (0.75 + Math.random() / 2));
  }

  /** @param ids the seats in the fan's own cart */
  setMine(ids) {
    this.#mine = new Set(ids);
    for (const { seat, button } of this.#seats.values()) this.#paint(seat, button);
  }

  /** These seats are no longer chosen. */
  unchoose(ids) {
    for (const id of ids) this.#chosen.delete(id);
    for (const { seat, button } of this.#seats.values()) this.#paint(seat, button);
    this.#changed();
  }

  #build(seats) {
    const byRow = new Map();
    for (const seat of seats) {
      const button = make('button', { type: 'button', class: 'seat', tabindex: '-1', 'data-seat': seat.seat_id });
      const hidden = (text) => make('span', { class: 'visually-hidden' }, text);
      button.append(hidden(`Row ${seat.row}, seat `), make('b', {}, String(seat.number)), ' ', make('span'), hidden(''));
      this.#seats.set(seat.seat_id, { seat, button });
      if (!byRow.has(seat.row)) byRow.set(seat.row, []);
      byRow.get(seat.row).push(button);
    }
    this.#rows = [...byRow.values()];
    this.#box.replaceChildren(...[...byRow].map(([row, buttons]) =>
      make('div', { class: 'seat-row' }, make('p', {}, `Row ${row}`), make('div', {}, ...buttons))));
    const first = seats.find((seat) => seat.status === 'available') ?? seats[0];
    if (first) this.#seats.get(first.seat_id).button.tabIndex = 0;
  }

  #update({ seats, available }) {
    for (const seat of seats) {
      const known = this.#seats.get(seat.seat_id);
      if (!known) continue;
      known.seat = seat;
      if (seat.status !== 'available') this.#chosen.delete(seat.seat_id);
      this.#paint(seat, known.button);
    }
    write(byId('seats-count'), `${counted(available, 'seat is', 'seats are')} free in this section.`);
    this.#changed();
  }

  #paint(seat, button) {
    const mine = this.#mine.has(seat.seat_id);
    const free = seat.status === 'available' && !mine;
    const chosen = free && this.#chosen.has(seat.seat_id);
    const below = mine ? 'yours' : { available: trimmed(seat.price), locked: 'held', sold: 'sold' }[seat.status];
    const spoken = mine ? 'in your cart' : { available: chosen ? 'chosen' : 'free', locked: 'by somebody', sold: '' }[seat.status];
    const [, , shown, unseen] = button.children;

    write(shown, below);
    write(unseen, free ? ` ${this.#currency}, ${spoken}` : ` ${spoken}`);
    button.classList.toggle('mine', mine);
    button.classList.toggle('taken', !free && !mine);
    set(button, 'aria-pressed', free ? String(chosen) : null);
    set(button, 'aria-disabled', free ? null : 'true');
  }

  #toggle(button) {
    if (!button) return;
    const { seat } = this.#seats.get(button.dataset.seat);
    if (seat.status !== 'available' || this.#mine.has(seat.seat_id)) return;
    if (!this.#chosen.delete(seat.seat_id)) this.#chosen.add(seat.seat_id);
    this.#paint(seat, button);
    this.#changed();
  }

  #makeStop(button) {
    if (!button) return;
    this.#box.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
    button.tabIndex = 0;
  }

  #move(event) {
    const button = event.target.closest('.seat');
    if (!button || event.altKey || event.ctrlKey || event.metaKey) return;
    const row = this.#rows.findIndex((buttons) => buttons.includes(button));
    const place = this.#rows[row].indexOf(button);
    const target = this.#target(event.key, row, place);
    if (!target) return;
    event.preventDefault();
    target.focus();
  }

  #target(key, row, place) {
    const buttons = this.#rows[row];
    if (key in NEXT_SEAT) return buttons[place + NEXT_SEAT[key]];
    if (key === 'Home') return buttons[0];
    if (key === 'End') return buttons.at(-1);
    if (!(key in NEXT_ROW)) return undefined;
    const next = this.#rows[row + NEXT_ROW[key]];
    return next?.[Math.min(place, next.length - 1)];
  }
}

/** '49.50' stays, '49.00' becomes '49': the button is small. */
function trimmed(price) {
  return price.replace(/\.00$/, '');
}

/**
 * Writes an attribute only when it changes: a screen reader would otherwise read the seat again.
 */
function set(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
