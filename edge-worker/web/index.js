// The list of events, page by page.

import { ask } from './api.js';
import { byId, make, say } from './dom.js';
import { instant, money, shortInstant } from './format.js';

let next = null;

byId('more').addEventListener('click', show);
show();

async function show() {
  const list = byId('events');
  byId('more').hidden = true;
  say(byId('error'), null);
  try {
    const page = await ask('GET', '/api/v1/events', { query: next === null ? {} : { after: next } });
    next = page.next ?? null;
    const cards = page.events.map(card);
    list.append(...cards);
    say(byId('status'), list.children.length === 0 ? 'Nothing is on sale, and nothing is announced.' : null);
    byId('more').textContent = 'Show more';
    byId('more').hidden = next === null;
    // Who pressed the button goes on reading at the first new event.
    if (list.children.length > cards.length) cards[0]?.querySelector('a').focus();
  } catch (error) {
    say(byId('status'), null);
    say(byId('error'), error.message);
    byId('more').textContent = 'Try again';
    byId('more').hidden = false;
  }
}

function card(event) {
  const link = make('a', { href: `/e/${encodeURIComponent(event.event_id)}` },
    make('h2', {}, event.name),
    make('p', {}, `${event.venue.name}, ${event.venue.city}`),
    make('p', {}, make('time', { datetime: event.starts_at }, instant(event.starts_at))),
    make('p', {}, `From ${money(event.price_from, event.currency)} and fees`),
    make('p', { class: 'when-sale' }, onSale(event)));
  return make('li', {}, link);
}

function onSale({ state, on_sale_time: time }) {
  const words = { announced: `On sale from ${shortInstant(time)}`, on_sale: 'On sale now', sold_out: 'Sold out', over: 'Over' };
  return words[state] ?? '';
}
