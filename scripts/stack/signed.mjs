// Signs a request to the edge's control API as shared/src/control.rs says.

import { createHash, createHmac } from 'node:crypto';

/**
 * @param edge address of the edge, with /.stanchion where it is in front of a protected site
 * @param key STANCHION_CONTROL_KEY
 * @param path below /api/v1/control, for example /events/my-show
 * @param body text of the body, or undefined
 * @returns {Promise<{status: number, told: object}>}
 */
export async function askEdge({ edge, key, method, path, body }) {
  const url = new URL(`${edge}/api/v1/control${path}`);
  const time = String(Date.now());
  const head = `stanchion/control/v1\n${method}\n${url.pathname}\n${url.search.slice(1)}\n${time}\n`;
  const signature = createHmac('sha256', Buffer.from(key, 'hex'))
    .update(head)
    .update(createHash('sha256').update(body ?? '').digest())
    .digest('hex');
  const answer = await fetch(url, {
    method,
    headers: { 'stanchion-time': time, 'stanchion-signature': `v1=${signature}`, 'content-type': 'application/json' },
    body,
  });
  return { status: answer.status, told: await answer.json() };
}
