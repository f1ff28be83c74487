// README's examples of the API do what it says: an event is created and opened, a fan gets from an account to a ticket.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

/** The first block of a language in a section, with an event of this run's own. */
function example(language, eventId, title = 'Over the API') {
  const section = README.split(/^## /m).find((part) => part.startsWith(title));
  const [, code] = section.match(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms'));
  return code.replaceAll('my-show', eventId);
}

test('the examples of the API in README run as they stand', { timeout: 120_000 }, async () => {
  for (const name of ['STANCHION_EDGE_URL', 'STANCHION_ORIGIN_URL', 'STANCHION_ADMIN_TOKEN']) {
    assert.ok(process.env[name], `${name} is not set: run this inside scripts/stack/run -- …`);
  }
  const eventId = `readme-${Date.now()}`;
  const admin = await run('bash', ['-c', example('sh', eventId)]);
  const answers = admin.stdout.trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(answers.map((answer) => answer.error), [undefined, undefined, undefined, undefined, undefined, undefined]);
  assert.equal(answers.at(-1).paused, false);
  const policy = JSON.parse(example('json', eventId, 'The gate'));

  const folder = mkdtempSync(join(tmpdir(), 'stanchion-readme-'));
  try {
    writeFileSync(join(folder, 'fan.mjs'), example('js', eventId));
    const fan = await run('node', [join(folder, 'fan.mjs'), eventId]);
    assert.match(fan.stdout, /^your_turn 1\nconfirmed 54\.50 \[.*seat: 'A-1-1'.*barcode: 'ST1/ms);
  } finally {
    rmSync(folder, { recursive: true });
  }

  const put = await fetch(`${process.env.STANCHION_ORIGIN_URL}/api/v1/admin/events/${eventId}/queue`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${process.env.STANCHION_ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(policy),
  });
  assert.equal(put.status, 200, await put.text());
});
