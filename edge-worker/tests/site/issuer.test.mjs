// Accounts of an OpenID Connect issuer in front of a site: npm's `jose` is the issuer.
// Needs: edge-site.
// Breaks: nothing.
// Runs on: workerd and Spin.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { claims, echoSite, edgeSite, OWN, putEvent, untilEffective } from './harness.mjs';

// Node's own resolution of packages does not look where the stack keeps them.
const { solveChallenge } = createRequire(join(process.env.STANCHION_NODE, 'node_modules/'))('altcha-lib/v1');

const EVENT = 'site-four';
const ISSUER = 'https://issuer.stanchion.test';
const AUDIENCE = 'the-site';
/** The edge asks for keys not more often than this, whatever tokens name. */
const ASK_AGAIN_MS = 5_000;
const keys = {};
let published = [];
let site;
let issuer;
let asked = 0;

before(async () => {
  for (const alg of ['RS256', 'ES256', 'EdDSA']) await addKey(alg, alg.toLowerCase());
  published = Object.values(keys).map(({ jwk }) => jwk);
  site = await echoSite();
  await edgeSite('start');
  await putEvent(EVENT, { policy: { identity: {}, gate: { paths: ['/members/*'] } } });
  await untilEffective();
});
after(async () => {
  await edgeSite('stop');
  await site.close();
  await closeIssuer();
});

async function openIssuer() {
  issuer = createServer((request, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: published }));
  });
  await new Promise((resolve) => issuer.listen(new URL(process.env.STANCHION_SITE_ISSUER_URL).port, '127.0.0.1', resolve));
}

async function closeIssuer() {
  if (!issuer) return;
  await new Promise((resolve) => { issuer.close(resolve); issuer.closeAllConnections(); });
  issuer = undefined;
}

async function addKey(alg, kid) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  keys[kid] = { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

async function token(kid, { iss = ISSUER, aud = AUDIENCE, sub = `fan of ${kid}`, expiresIn = 600, signedBy = kid } = {}) {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ name: 'A fan' }).setProtectedHeader({ alg: keys[signedBy].alg, kid, typ: 'JWT' })
    .setIssuer(iss).setAudience(aud).setSubject(sub).setIssuedAt(now).setExpirationTime(now + expiresIn)
    .sign(keys[signedBy].privateKey);
}

async function ask(method, path, bearer, body, headers = {}) {
  const answer = await fetch(`${OWN}/api/v1/queue${path}`, {
    method,
    headers: { ...headers, ...(bearer && { authorization: `Bearer ${bearer}` }), ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, retryAfter: Number(answer.headers.get('retry-after')), told: await answer.json() };
}
const challenge = (bearer) => ask('GET', `/challenge?event_id=${EVENT}`, bearer);

test('while the issuer has never answered, its accounts are told to come again', async () => {
  const { status, told, retryAfter } = await challenge(await token('rs256'));
  assert.deepEqual([status, told.error], [503, 'issuer_unavailable']);
  assert.ok(retryAfter >= 1 && retryAfter <= 5, `${retryAfter}`);
  await openIssuer();
  await sleep(1_100);
});

for (const kid of ['rs256', 'es256', 'eddsa']) {
  test(`an account whose token is signed with ${kid} joins, waits and comes in`, async () => {
    const bearer = await token(kid);
    const { status, told: puzzle } = await challenge(bearer);
    assert.equal(status, 200, JSON.stringify(puzzle));
    const { number } = await solveChallenge(puzzle.challenge, puzzle.salt, puzzle.algorithm, puzzle.maxnumber).promise;
    const captcha = btoa(JSON.stringify({ algorithm: puzzle.algorithm, challenge: puzzle.challenge, number, salt: puzzle.salt, signature: puzzle.signature }));
    let { told: standing } = await ask('POST', '/join', bearer, { event_id: EVENT, device_fingerprint: 'test', captcha_token: captcha });
    for (const until = Date.now() + 30_000; !standing.shop_token && Date.now() < until;) {
      await sleep(standing.poll_after_ms);
      standing = (await ask('GET', '/status', bearer, undefined, { 'queue-token': standing.queue_token })).told;
    }
    assert.equal(claims(standing.shop_token).sub, `fan of ${kid}`);
    const page = await fetch(`${new URL(OWN).origin}/members/`, { headers: { 'shop-token': standing.shop_token } });
    assert.match(await page.text(), /The site answers/);
  });
}

test('a token that is forged, foreign, for somebody else or over identifies nobody', async () => {
  const good = await token('es256');
  const [head, payload] = good.split('.');
  const withHeader = (header, sign) => {
    const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}`;
    return `${text}.${sign(text)}`;
  };
  const publicKey = JSON.stringify(keys.es256.jwk);
  for (const [what, bearer] of [
    ['another audience', await token('rs256', { aud: 'another-site' })],
    ['another issuer', await token('rs256', { iss: 'https://evil.example' })],
    ['over', await token('rs256', { expiresIn: -1 })],
    ['another key under this name', await token('rs256', { signedBy: 'es256' })],
    ['no signature', `${head}.${payload}.`],
    ['alg none', withHeader({ alg: 'none', kid: 'es256' }, () => '')],
    ['HS256 with the public key', withHeader({ alg: 'HS256', kid: 'es256' }, (text) => createHmac('sha256', publicKey).update(text).digest('base64url'))],
    ['a cut signature', good.slice(0, -4)],
  ]) {
    const { status, told } = await challenge(bearer);
    assert.equal(status, 401, what);
    assert.match(told.error, /^account_token_(invalid|expired)$/, what);
  }
  assert.equal((await challenge(good)).status, 200);
});

/** Until the edge has said yes or no; meanwhile it says to come again, and when. */
async function decided(bearer) {
  for (const until = Date.now() + 20_000; Date.now() < until;) {
    const answer = await challenge(bearer);
    if (answer.status !== 503) return answer.status;
    assert.equal(answer.told.error, 'issuer_unavailable');
    assert.ok(answer.retryAfter >= 1 && answer.retryAfter <= 5, `${answer.retryAfter}`);
    await sleep(answer.retryAfter * 1_000);
  }
  throw new Error('nothing was decided');
}

test('a key that the issuer adds is known soon, and one that it takes away no more', async () => {
  await addKey('ES256', 'new');
  published = published.filter(({ kid }) => kid !== 'rs256').concat(keys.new.jwk);
  const old = await token('rs256');
  assert.equal(await decided(await token('new')), 200);
  assert.equal(await decided(old), 401);
  assert.equal(await decided(await token('new')), 200);
});

test('made-up keys are asked for a few times at most, and identify nobody', async () => {
  const [before, began] = [asked, Date.now()];
  for (let number = 0; number < 200; number += 1) {
    keys[`made-up-${number}`] = keys.es256;
    const { status } = await challenge(await token(`made-up-${number}`, { signedBy: 'es256' }));
    assert.ok(status === 401 || status === 503, `${status}`);
  }
  // On Spin each instance asks for itself, and one serves some 128 requests.
  const most = 1 + Math.ceil((Date.now() - began) / ASK_AGAIN_MS) + 4;
  assert.ok(asked - before <= most, `${asked - before} questions, at most ${most}`);
});

test('an issuer that is away costs nobody their account whose key is known, and a new key has to wait', async () => {
  // The instance of the edge that answers may be a new one on Spin, which knows nothing: there everybody has to wait.
  assert.equal(await decided(await token('new')), 200);
  await closeIssuer();
  await addKey('ES256', 'unseen');
  const { status, told } = await challenge(await token('unseen'));
  assert.deepEqual([status, told.error], [503, 'issuer_unavailable']);
  if (process.env.STANCHION_STACK_RUNTIME !== 'spin') assert.equal((await challenge(await token('new'))).status, 200);
  published = published.concat(keys.unseen.jwk);
  await openIssuer();
  assert.equal(await decided(await token('unseen')), 200);
});
