// The page of one event: decides which view is shown. Four values survive a reload: the account
// token (this tab), the place (this device), the payment (this tab), and the entry (this tab) of a fan
// who came in without a turn.

import { prepareAccount, session, setUpAccount, showAccountName, signOut } from './account.js';
import { ask } from './api.js';
import { serverNow } from './clock.js';
import { persistently } from './connection.js';
import { announce, byId, make, say, showView, viewShown, write } from './dom.js';
import { instant, shortInstant } from './format.js';
import { announcedIn, askForSnapshot, setUpJoin } from './join.js';
import { StoredValue } from './stored-value.js';
import { Payment } from './pay.js';
import { DrawProof } from './draw-proof.js';
import { Queue } from './queue.js';
import { Shop } from './shop.js';
import { askForOrders, showNoTickets, showOrders } from './tickets.js';
import { steadySleep } from './steady-sleep.js';
import { isChosen, Witness } from './witness.js';

const eventId = location.pathname.split('/')[2];
const place = new StoredValue('localStorage', `place.${eventId}`);
/** {shop_token, shop_expires_at, account_id}, where there was room and there is no queue ticket. */
const entry = new StoredValue('sessionStorage', `entry.${eventId}`);
const payment = new Payment(new StoredValue('sessionStorage', `checkout.${eventId}`));
const proof = new DrawProof(place);
const queue = new Queue({ place, heard });
const witness = new Witness({ place, ask: () => askForSnapshot(eventId), sleep: steadySleep });
const join = setUpJoin({ eventId, joined, notSignedIn });

let shop = null;
/** The queue's last answer. */
let latest = null;
/** Whether the fan wants to sign in: answers of the queue must not hide the form. */
let signingIn = false;
/** Whether a payment's outcome is being asked for. */
let following = false;

setUpAccount({ signedIn, signedOut });
byId('queue-sign-in').addEventListener('click', () => showAccount({}));
byId('queue-again').addEventListener('click', () => showJoin());
byId('queue-leave').addEventListener('click', () => byId('leave-dialog').showModal());
byId('shop-leave').addEventListener('click', () => byId('leave-dialog').showModal());
byId('leave-dialog').addEventListener('close', leave);
byId('my-tickets').addEventListener('click', showTickets);
byId('tickets-more').addEventListener('click', leaveTickets);
begin();

async function begin() {
  let event;
  try {
    event = await persistently(() => ask('GET', `/api/v1/events/${eventId}`));
    // A fan with a place sees the countdown at once, by the server's clock. Without a snapshot the
    // own clock must do.
    if (place.value) await askForSnapshot(eventId).catch(() => {});
  } catch (error) {
    write(byId('loading-title'), 'This event cannot be shown');
    say(byId('loading-error'), error.message);
    byId('loading-more').hidden = false;
    return;
  }
  write(byId('event-name'), event.name);
  document.title = `${event.name} · Stanchion`;
  byId('event-facts').replaceChildren(
    make('time', { datetime: event.starts_at }, instant(event.starts_at)), ` · ${event.venue.name}, ${event.venue.city}`);
  join.offerFans(event.verified_fans);
  shop = new Shop({ event, payment, over: shopIsOver, bought });
  if (payment.isDone && session()) await showTickets();
  goOn();
}

/** Shows the view that follows from the stored values. */
function goOn() {
  signingIn = false;
  proof.show();
  if (entry.value && Date.parse(entry.value.shop_expires_at) <= serverNow()) entry.clear();
  if (entry.value) comeIn(entry.value);
  else if (place.value) queue.start();
  else if (!session()) showAccount({});
  else if (payment.isOpen) followPayment();
  else if (!payment.isDone && !following) showJoin();
}

// --- Account ------------------------------------------------------------------------------------------------------

function showAccount({ urgent = null }) {
  signingIn = true;
  prepareAccount({ urgent, returning: place.value !== null });
  showView('account');
}

function signedIn() {
  if (place.value && place.value.account_id !== session().account_id) {
    // The place on this device belongs to another account, and the queue keeps it for that account.
    place.clear();
    payment.clear();
  }
  if (entry.value && entry.value.account_id !== session().account_id) entry.clear();
  goOn();
}

/**
 * On a shared device nothing must stay behind. The queue keeps the place: joining again gives it
 * back.
 */
function signedOut() {
  queue.stop();
  shop?.close();
  place.clear();
  entry.clear();
  payment.clear();
  latest = null;
  announce('You are signed out. Your place is kept: sign in and join again to get it back.');
  goOn();
}

function notSignedIn(sentence) {
  signOut();
  showAccount({ urgent: sentence });
}

// --- Queue --------------------------------------------------------------------------------------------------------

async function showJoin() {
  queue.stop();
  shop.close();
  const before = viewShown();
  await join.show();
  // Meanwhile a payment's outcome may be known, and its tickets be shown.
  if (viewShown() === before) showView('join');
}

function joined(answer, queueBefore) {
  join.hide();
  if (answer.queue_token === null) {
    comeIn({ status: answer.status, shop_token: answer.shop_token, shop_expires_at: answer.shop_expires_at, account_id: session().account_id });
    return;
  }
  const { queue_token: queueToken, receipt, on_sale_time: onSaleTime } = answer;
  place.store({
    announced: announcedIn(queueBefore), is_witness: isChosen(queueBefore.joined), queue_token: queueToken, receipt,
    on_sale_time: onSaleTime, account_id: session().account_id, position: null, first_ahead: null,
  });
  queue.start(answer);
}

/** There is room: the fan is in, with no queue ticket. */
function comeIn(entered) {
  entry.store(entered);
  latest = entered;
  showAccountName();
  shop.open(entered);
  offerMore();
  if (payment.isOpen) followPayment();
  else showStanding(entered);
}

/** Takes every answer of the queue. */
function heard(answer) {
  const turnBegins = Boolean(answer.shop_token) && !shop.isOpen;
  latest = answer;
  witness.heard(answer); // goes on in the background
  proof.show();
  showAccountName();
  if (answer.shop_token) shop.open(answer);
  else shop.close();
  offerMore();
  if (payment.isOpen) return followPayment();
  // A fan who looks at older tickets must not miss the turn. A fan who has just bought stays with
  // the tickets.
  if (viewShown() === 'tickets' && !(turnBegins && !payment.isDone)) return undefined;
  return showStanding(answer);
}

function showStanding(answer) {
  if (answer.shop_token) {
    signingIn = false;
    if (viewShown() !== 'shop') announce('It is your turn. Choose your seats.');
    return showView('shop');
  }
  if (answer.status === 'your_turn' && !session()) {
    const until = answer.claim_before ? ` by ${shortInstant(answer.claim_before)}` : '';
    document.title = `Your turn · ${byId('event-name').textContent}`;
    return showAccount({ urgent: `It is your turn. Sign in${until} to enter the shop.` });
  }
  queue.show(answer);
  return signingIn ? undefined : showView('queue');
}

async function leave() {
  const dialog = byId('leave-dialog');
  const wish = dialog.returnValue;
  dialog.returnValue = '';
  if (wish !== 'leave') return;
  try {
    if (shop.isOpen) await shop.giveUp();
    // Without a ticket the shop token says who leaves.
    const given = entry.value ? { shopToken: entry.value.shop_token, body: {} } : { body: { queue_token: place.value.queue_token } };
    await ask('POST', '/api/v1/queue/leave', { bearer: session()?.access_token, ...given });
  } catch (error) {
    say(byId('queue-error'), error.message);
    say(byId('cart-error'), error.message);
    return;
  }
  announce(entry.value ? 'You have left the shop.' : 'You have left the queue.');
  if (entry.value) shop.close();
  place.clear();
  entry.clear();
  latest = null;
  goOn();
}

// --- Shop and tickets ---------------------------------------------------------------------------------------------

/** The queue decides whether the session is over: after a stop of the origin it is longer. */
function shopIsOver() {
  if (!entry.value) return queue.askNow();
  entry.clear();
  shop.close();
  latest = null;
  announce('Your time in the shop is over.');
  return goOn();
}

function bought(order) {
  if (entry.value?.shop_token === payment.shopToken) leaveEntry();
  showOrders([order]);
  announce('Paid. Here are your tickets.');
  showView('tickets');
  offerMore();
}

/**
 * Where fans come in without a turn, who has bought is out. The edge ends the session itself if the
 * checkout was confirmed at once, and leaving once more changes nothing. If this request is lost,
 * the session ends by itself.
 */
function leaveEntry() {
  const { shop_token: shopToken } = entry.value;
  ask('POST', '/api/v1/queue/leave', { bearer: session()?.access_token, shopToken, body: {} }).catch(() => {});
  entry.clear();
  shop.close();
  latest = null;
}

async function showTickets() {
  showNoTickets('Loading your tickets …');
  showView('tickets');
  offerMore();
  try {
    showOrders(await persistently(() => askForOrders(eventId)));
  } catch (error) {
    showNoTickets('Your tickets cannot be shown now. They are yours all the same.', error.message);
  }
}

/**
 * Learns the outcome of a payment that this page does not know, because it was reloaded in between.
 */
async function followPayment() {
  // The shop follows the payments that it began itself.
  if (following || viewShown() === 'shop') return;
  if (!session()) {
    showAccount({ urgent: 'Sign in to learn what became of your payment.' });
    return;
  }
  following = true;
  showNoTickets('Asking what became of your payment. Nothing is paid twice.');
  showView('tickets');
  try {
    bought(await payment.resume(shop.token));
  } catch (error) {
    showNoTickets('There are no tickets yet.', error.message);
    byId('tickets-more').hidden = false;
  } finally {
    following = false;
  }
}

function offerMore() {
  const button = byId('tickets-more');
  button.hidden = payment.isOpen;
  write(button, latest?.shop_token ? 'Back to the seats' : latest ? 'Back to the queue' : 'To the queue');
}

function leaveTickets() {
  if (payment.isDone) payment.clear();
  if (latest) showStanding(latest);
  else goOn();
}
