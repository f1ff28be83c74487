// The page 'Check my place': shows every step of the check of a receipt.

import { byId, make, say, write } from './dom.js';
import { count } from './format.js';
import { StoredValue } from './stored-value.js';
import { checkPlace } from './place-check.js';
import { vouchedDigest } from './witness.js';

const TITLES = {
  receipt: 'Your receipt',
  commitment: 'The commitment',
  announced: 'What was announced',
  record: 'The right record',
  signature: 'The record’s signature',
  secret: 'The secret',
  times: 'The times',
  beacon: 'The beacon',
  counts: 'The counts',
  chain: 'The records before',
  carried: 'The draw that carries it',
  ticket: 'Your ticket in the list',
  logs: 'All lists',
  frozen: 'The frozen lists',
  place: 'Your place',
};

/**
 * The event is named behind the address's #. The device that joined has noted the receipt and what
 * was announced.
 */
const eventId = named(location.hash.slice(1));
const noted = eventId && new StoredValue('localStorage', `place.${eventId}`).value;

function named(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return ''; // no address that this site gave
  }
}

function fillIn() {
  if (!noted?.receipt) return;
  byId('check-receipt').value = noted.receipt;
  byId('check-place').value = noted.position ?? '';
  byId('check-commitment').value = noted.announced?.commitment ?? '';
}

async function check(event) {
  event.preventDefault();
  const button = byId('check-button');
  if (button.disabled) return;
  button.disabled = true;
  say(byId('check-verdict'), null);
  byId('check-steps').replaceChildren();
  const told = byId('check-place').value.trim();
  const receipt = byId('check-receipt').value.trim();
  const held = {
    receipt,
    ...(receipt === noted?.receipt ? { announced: noted.announced, tickets_digest: vouchedDigest(noted) } : {}),
    place: told === '' ? null : Number(told),
    commitment: byId('check-commitment').value.trim() || null,
  };
  try {
    show(await checkPlace(held, (sentence) => write(byId('check-progress'), sentence)));
  } catch (error) {
    tell('notice warn', `It could not be checked: ${error.message}`);
  } finally {
    write(byId('check-progress'), '');
    button.disabled = false;
  }
}

function show({ passed, fault, place }) {
  const steps = passed.map(({ step, found }) => line('holds', step, found));
  if (fault) steps.push(line('fails', fault.step, fault.what));
  byId('check-steps').replaceChildren(...steps);
  if (fault) tell('notice bad', `It does not hold. ${fault.what}`);
  else tell('notice good', `Everything holds: your place is ${count(place)}.`);
}

function line(outcome, step, sentence) {
  return make('li', { class: outcome, 'data-step': step }, make('strong', {}, TITLES[step] ?? step), ` ${sentence}`);
}

function tell(look, sentence) {
  const verdict = byId('check-verdict');
  verdict.className = look;
  say(verdict, sentence);
}

fillIn();
byId('check-form').addEventListener('submit', check);
// Pressed before the script is there, the form would go to the site and the check would not happen.
byId('check-button').disabled = false;
