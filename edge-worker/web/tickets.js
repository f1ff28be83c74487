// The seat tickets that were bought: for each order its sum, for each ticket its seat, barcode and
// QR code. They are asked for by account, so the fan sees them in every browser, also long after
// the turn.

import { session } from './account.js';
import { ask } from './api.js';
import { byId, make, say, write } from './dom.js';
import { counted, money } from './format.js';

/** The confirmed orders of this event, newest first. */
export async function askForOrders(eventId) {
  const { orders } = await ask('GET', '/api/v1/orders', { bearer: session()?.access_token });
  return orders.filter((order) => order.event_id === eventId && order.status === 'confirmed');
}

export function showOrders(orders) {
  const tickets = orders.flatMap((order) => order.tickets);
  say(byId('tickets-error'), null);
  write(byId('tickets-text'), tickets.length === 0
    ? 'You have no tickets for this event yet.'
    : `${counted(tickets.length, 'ticket', 'tickets')}, paid. Show the codes at the gate; you can print this page.`);
  byId('tickets').replaceChildren(...orders.map(orderBlock));
}

/**
 * Shows a sentence as long as the outcome of a payment is not known, or when tickets cannot be
 * shown.
 */
export function showNoTickets(sentence, error = null) {
  write(byId('tickets-text'), sentence);
  say(byId('tickets-error'), error);
  byId('tickets').replaceChildren();
}

function orderBlock(order) {
  const mail = order.confirmation_email_sent ? ' · Confirmation sent by email' : '';
  return make('div', { class: 'order' },
    make('p', { class: 'hint' }, `Order ${order.order_id} · ${money(order.total, order.currency)} paid${mail}`),
    make('ul', { class: 'tickets' }, ...order.tickets.map(ticket)));
}

function ticket({ seat, barcode, qr_code_url: address }) {
  const picture = make('img', { class: 'qr', src: address, alt: `QR code of the ticket for seat ${seat}`, width: 240, height: 240 });
  return make('li', {}, make('h3', {}, `Seat ${seat}`), picture, make('p', {}, make('code', {}, barcode)));
}
