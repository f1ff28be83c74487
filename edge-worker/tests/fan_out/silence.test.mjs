// The coordinator, or every relay, is silent for a minute: it takes messages and answers none. Shoppers shop, polls answer, the
// silent part is asked a few times a minute, and all goes on by itself. The draw of another event is due in that minute: it closes
// as if nothing had been.
// Needs: a stack.
// Breaks: nothing, and needs a quiet machine.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ROOT } from '../../../scripts/stack/places.mjs';
import { Fan, putEvent, putRate, shopperAndWaiter } from './fan.mjs';
import { startIsolates } from './isolates.mjs';

const SILENT_FOR_MS = 60_000;
/** A request that waits for one question to a silent part has ended by then. */
const ENDS_WITHIN_MS = 2_500;
/** The longest rest of a breaker, and the answer. */
const HEALS_WITHIN_MS = 8_000;
/** So many join the event whose draw is due while the part is silent, so long before. */
const DRAWN = 12;
const ON_SALE_IN_MS = 20_000;

const execute = promisify(execFile);

let edge;

before(async () => {
  // scripts/test has built everything; elsewhere the checker is built here.
  if (process.env.STANCHION_BUILT !== 'yes') await execute('cargo', ['build', '--release', '--locked', '--quiet', '--workspace', '--bin', 'stanchion-verify'], { cwd: ROOT });
  edge = await startIsolates(2);
});
after(async () => { await edge?.stop(); });

for (const part of ['Coordinator', 'Relay']) {
  test(`for a minute without an answer of any ${part}, shoppers shop and polls answer, and then all goes on`, { timeout: 240_000 }, async (t) => {
    const event = `silent-${part.toLowerCase()}-${Date.now().toString(36)}`;
    const { shopper, shopToken, waiter } = await shopperAndWaiter(edge, event);
    const inTheShop = (await shopper.cart(shopToken)).status;
    assert.ok(inTheShop < 500, `${inTheShop}`);

    const closing = `closing-${event}`;
    const onSale = Date.now() + ON_SALE_IN_MS;
    await putEvent(edge, closing, ON_SALE_IN_MS);
    await putRate(edge, closing, 2, 0.001);
    const drawn = Array.from({ length: DRAWN }, () => new Fan(edge, closing));
    const receipts = [];
    for (const fan of drawn) receipts.push((await fan.join()).told.receipt);
    await sleep(2_100); // until every instance knows the event

    await edge.silence(part, SILENT_FOR_MS);
    assert.ok(Date.now() < onSale, 'everybody has joined in time');
    const [counted, began] = [await edge.counts(), Date.now()];
    let polls = 0;
    while (Date.now() - began < SILENT_FOR_MS - 2_000) {
      const silentMs = Date.now() - began;
      const cart = await shopper.cart(shopToken);
      assert.equal(cart.status, inTheShop, `after ${silentMs} ms: ${JSON.stringify(cart.told)}`);
      const { status, told, tookMs } = await waiter.poll();
      assert.equal(status, 200, JSON.stringify(told));
      assert.equal(told.status, 'waiting');
      assert.ok(Math.max(tookMs, cart.tookMs) < ENDS_WITHIN_MS, `${tookMs} ms, ${cart.tookMs} ms`);
      const due = await drawn[polls % DRAWN].poll();
      assert.equal(due.status, 200, JSON.stringify(due.told));
      assert.ok(due.tookMs < ENDS_WITHIN_MS, `${due.tookMs} ms`);
      assert.ok(['pre_queue', 'drawing', 'waiting', 'your_turn'].includes(due.told.status), due.told.status);
      if (silentMs > 5_000) {
        assert.ok(told.as_of, 'an old answer says that it is old');
        const join = await new Fan(edge, event).ask('/api/v1/queue/join', { method: 'POST', body: { event_id: event, device_fingerprint: '', captcha_token: '' } });
        assert.equal(join.status, 401, 'without an account or a cookie');
        const joined = await new Fan(edge, event).join();
        assert.deepEqual([joined.status, joined.told.error], [503, 'unavailable']);
        assert.ok(joined.tookMs === undefined || joined.tookMs < ENDS_WITHIN_MS);
      }
      polls += 1;
      await sleep(200);
    }
    const now = await edge.counts();
    const asked = Object.fromEntries(Object.entries(now).map(([name, count]) => [name, count - (counted[name] ?? 0)]).filter(([, count]) => count > 0));
    t.diagnostic(`${polls} polls while it was silent; asked meanwhile: ${JSON.stringify(asked)}`);
    const ofPart = Object.entries(asked).filter(([name]) => name.startsWith(`${part}.`)).reduce((sum, [, count]) => sum + count, 0);
    // Two isolates, some kinds of question, each at most once in four seconds after the first few.
    assert.ok(ofPart <= 120, `${ofPart} questions to a silent ${part}`);

    const end = began + SILENT_FOR_MS;
    await sleep(Math.max(0, end - Date.now()));
    while ((await waiter.poll()).told.as_of) {
      assert.ok(Date.now() - end < HEALS_WITHIN_MS, 'it does not heal');
      await sleep(100);
    }
    const places = [];
    for (const fan of drawn) places.push((await placed(fan, end + 2 * HEALS_WITHIN_MS)).position);
    assert.deepEqual(places.toSorted((one, other) => one - other), drawn.map((_, index) => index + 1), 'each place once');
    const record = await (await fetch(`${edge.url}/api/v1/events/${closing}/draws/0`)).json();
    assert.deepEqual([record.tiers.reduce((sum, { count }) => sum + count, 0), record.missing], [DRAWN, undefined]);
    for (const receipt of receipts.slice(0, 2)) {
      const { stdout } = await execute(join(process.env.CARGO_TARGET_DIR, 'release/stanchion-verify'), [receipt, '--edge', edge.url]);
      assert.match(stdout, /everything holds: place \d+\n$/);
    }
    let late = await new Fan(edge, event).join();
    while (late.status === 503 && Date.now() - end < 2 * HEALS_WITHIN_MS) {
      await sleep(250);
      late = await new Fan(edge, event).join();
    }
    assert.equal(late.status, 200, JSON.stringify(late.told));
  });
}

/** The first answer with the fan's place. */
async function placed(fan, until) {
  for (;;) {
    const { told } = await fan.poll();
    if (told.position) return told;
    assert.ok(Date.now() < until, `no place: ${JSON.stringify(told)}`);
    await sleep(100);
  }
}
