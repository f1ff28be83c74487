// What was bought: seat, barcode and QR code of each ticket.

import { byId, make, say, write } from './dom.js';
import { counted, money } from './format.js';

export function showTickets(order, email) {
  say(byId('tickets-error'), null);
  const mail = order.confirmation_email_sent ? ` A confirmation was sent${email ? ` to ${email}` : ''}.` : '';
  write(byId('tickets-text'), `${counted(order.tickets.length, 'ticket', 'tickets')} for ${money(order.total, order.currency)}, paid. Order ${order.order_id}.${mail} Show the code at the gate; you can print this page.`);
  byId('tickets').replaceChildren(...order.tickets.map(ticket));
}

/** While it is not known what became of a payment, or when it cannot be learned. */
export function showNoTicketsYet(sentence, error = null) {
  write(byId('tickets-text'), sentence);
  say(byId('tickets-error'), error);
  byId('tickets').replaceChildren();
}

function ticket({ seat, barcode, qr_code_url: address }) {
  const picture = make('img', { class: 'qr', src: address, alt: `QR code of the ticket for seat ${seat}`, width: 240, height: 240 });
  return make('li', {}, make('h3', {}, `Seat ${seat}`), picture, make('p', {}, make('code', {}, barcode)));
}
