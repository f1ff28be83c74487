// The part 'How your place is drawn': the fan's receipt, links to the public data, and a check on
// the spot.

import { byId, make, write } from './dom.js';
import { count } from './format.js';
import { checkPlace, readReceipt } from './place-check.js';
import { isQuicknet } from './quicknet.js';
import { vouchedDigest } from './witness.js';

export class DrawProof {
  #place;

  /** @param place StoredValue {receipt, announced, tickets_digest, noted_by, position, …} */
  constructor(place) {
    this.#place = place;
    byId('proof-check').addEventListener('click', () => this.#check());
  }

  /** Shows what is known now. Without a receipt there is nothing to show. */
  show() {
    const place = this.#place.value;
    byId('proof').hidden = !place?.receipt;
    if (!place?.receipt) return;
    const claims = readReceipt(place.receipt);
    const drawn = Number.isInteger(place.position);
    write(byId('proof-receipt'), place.receipt);
    byId('proof-facts').replaceChildren(
      fact('Draw', count(claims.draw)),
      fact('Your number', `${count(claims.number)} in list ${count(claims.shard)}`),
      fact('Your place', drawn ? count(place.position) : 'not drawn yet'),
      fact('Hash of the secret, noted when you joined', place.announced?.commitment ?? 'not noted', 'long'));
    this.#showLimit(place.announced?.beacon ?? null);
    byId('proof-links').replaceChildren(...this.#links(claims, drawn));
    byId('proof-page').href = `/check#${encodeURIComponent(claims.event_id)}`;
    byId('proof-check').hidden = !drawn;
    if (byId('proof-check').dataset.receipt !== place.receipt) {
      byId('proof-check').dataset.receipt = place.receipt;
      byId('proof-verdict').replaceChildren();
    }
  }

  /** Shows what the proof cannot rule out, unless the beacon is a public one. */
  #showLimit(beacon) {
    byId('proof-limit').hidden = isQuicknet(beacon);
    const unknown = beacon && `a beacon of a chain that this program does not know (${beacon.chain_hash}): if that is not a public one, but this site’s own, it rules out nothing`;
    write(byId('proof-limit-beacon'), unknown ?? 'none');
  }

  #links(claims, drawn) {
    const base = `/api/v1/events/${claims.event_id}`;
    const links = [
      ['The queue as it is now', `${base}/queue`],
      ['The schedule: when each place is served', `${base}/schedule`],
      ['The keys that sign', '/.well-known/jwks.json'],
    ];
    if (drawn) {
      links.unshift(
        [`The record of draw ${claims.draw}, with its secret`, `${base}/draws/${claims.draw}`],
        [`List ${claims.shard} of draw ${claims.draw}, where your ticket is`, `${base}/draws/${claims.draw}/shards/${claims.shard}`]);
    }
    return links.map(([text, href]) => make('li', {}, make('a', { href, target: '_blank', rel: 'noopener' }, text)));
  }

  async #check() {
    const verdict = byId('proof-verdict');
    const { receipt, announced, position } = this.#place.value;
    verdict.className = '';
    try {
      const { passed, fault } = await checkPlace(
        { receipt, announced, tickets_digest: vouchedDigest(this.#place.value), place: position }, (sentence) => write(verdict, sentence));
      verdict.className = fault ? 'notice bad' : 'notice good';
      write(verdict, fault ? fault.what : `It holds. ${passed.map(({ found }) => found).join(' ')}`);
    } catch (error) {
      verdict.className = 'notice bad';
      write(verdict, error.message);
    }
  }
}

function fact(name, value, look = null) {
  return make('div', { class: look }, make('dt', {}, name), make('dd', {}, value));
}
