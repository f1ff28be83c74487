// The documented examples of a site that checks the shop token itself, in Node, in Python and behind nginx, as they stand:
// each leaves its library's defaults alone.
// Needs: edge-site.
// Breaks: nothing.
// Runs on: workerd and Spin.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../scripts/stack/ports.mjs';
import { BEHIND, Browser, claims, edgeSite, OWN, putEvent, untilEffective } from './harness.mjs';

const EVENT = 'site-two';
const NODE = [process.execPath, 'edge-worker/examples/site.mjs'];
const PYTHON = ['/usr/bin/python3', 'edge-worker/examples/site.py'];
/** As many shop tokens are read in the second in which they were made. */
const FRESH_TOKENS = 200;

before(async () => {
  await edgeSite('start');
  await putEvent(EVENT, { policy: { gate: { paths: ['/tickets', '/tickets/*'] } } });
  await untilEffective();
});
after(() => edgeSite('stop'));

for (const [name, start] of [
  ['Node', (t) => startExample(t, NODE, port(BEHIND))],
  ['Python', (t) => startExample(t, PYTHON, port(BEHIND))],
  ['nginx', startNginx],
]) {
  test(`the example in ${name} lets in who has a session, and nobody who comes around the edge`, async (t) => {
    await start(t);
    const fan = new Browser();
    const page = await fan.comeIn('/tickets', EVENT);
    const token = fan.cookies.get(cookieName(fan));
    if (name === 'nginx') assert.match(page.text, /The shop itself\./);
    else assert.match(page.text, /^Welcome, [0-9a-f]{32}: yours was place \d+\.$/m);
    const around = (token, path = '/tickets') => fetch(`${BEHIND}${path}`, { headers: token ? { 'shop-token': token } : {} });
    assert.equal((await around(token)).status, 200, 'the token is good wherever it is shown');
    assert.equal((await around(undefined, '/')).status, 200, 'what is not guarded is open');
    const [head, payload, signature] = token.split('.');
    const withHeader = (change) => {
      const header = { ...JSON.parse(Buffer.from(head, 'base64url')), ...change };
      return Buffer.from(JSON.stringify(header)).toString('base64url');
    };
    // Not the end: a signature's last byte is a small number, and one in sixteen is 0 already.
    const changed = (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1);
    for (const forged of [
      undefined, 'x', `${head}.${payload}.${changed}`, `${withHeader({ alg: 'none' })}.${payload}.`,
      `${withHeader({ crit: ['unknown'] })}.${payload}.${signature}`, visitorToken(fan),
    ]) {
      const { status } = await around(forged);
      assert.equal(status, name === 'nginx' ? 401 : 403, forged);
    }
  });
}

test(`${FRESH_TOKENS} fresh shop tokens are read by jose and PyJWT with their defaults at once, and none is refused`, async (t) => {
  const pythonPort = await freePort();
  await startExample(t, NODE, port(BEHIND));
  await startExample(t, PYTHON, pythonPort);
  const refused = [];
  const arrive = async () => {
    const fan = new PatientBrowser();
    // The edge passes the request that claims the turn on to the site in Node at once: jose is the first reader.
    const page = await fan.comeIn('/tickets', EVENT).catch((error) => ({ text: `${error}` }));
    const token = fan.cookies.get(cookieName(fan));
    if (!/^Welcome/.test(page.text)) refused.push(`jose: ${page.text}`);
    if (!token) return undefined;
    const read = await patiently(() => fetch(`http://127.0.0.1:${pythonPort}/verify`, { headers: { 'shop-token': token } }));
    if (read.status !== 204) refused.push(`PyJWT: ${await read.text()}`);
    return token;
  };
  const tokens = await Promise.all(Array.from({ length: FRESH_TOKENS }, arrive));
  assert.deepEqual(refused, []);
  assert.equal(new Set(tokens.map((token) => claims(token).jti)).size, FRESH_TOKENS);
  for (const token of tokens) {
    const { iat, began_ms: began } = claims(token);
    assert.equal(iat, Math.floor(began / 1000), 'iat is the second in which the session began');
    assert.ok(began <= Date.now(), 'and not in the future');
  }
});

/** Repeats what failed for want of a connection: two hundred at once are more than a small machine may accept. */
async function patiently(send) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await send();
    } catch (error) {
      if (error.message !== 'fetch failed' || tries === 10) throw error;
      await sleep(100);
    }
  }
}

class PatientBrowser extends Browser {
  ask(...request) {
    return patiently(() => super.ask(...request));
  }
}

/** Cookies have a prefix where the edge is reached by HTTPS. */
const cookieName = (fan) => [...fan.cookies.keys()].find((name) => name.endsWith(`stanchion-shop.${EVENT}`));
const visitorToken = (fan) => [...fan.cookies].find(([name]) => name.endsWith('stanchion-visitor'))[1];

function port(url) {
  return Number(new URL(url).port);
}

/** Starts one of the two example programs, and stops it when the test is over. */
async function startExample(t, [program, ...words], at) {
  await start(t, program, words, { STANCHION_EDGE_URL: OWN, STANCHION_EVENT: EVENT, PORT: `${at}` });
  await answering(`http://127.0.0.1:${at}/`);
}

/**
 * Starts nginx with the example's configuration before the example in Python and a shop that checks nothing. Only the
 * addresses are others, and where nginx may write.
 */
async function startNginx(t) {
  const [verifier, shopPort] = [await freePort(), await freePort()];
  await startExample(t, PYTHON, verifier);
  const shop = createServer((_, response) => response.end('The shop itself.\n'));
  await new Promise((resolve) => shop.listen(shopPort, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => { shop.close(resolve); shop.closeAllConnections(); }));
  const folder = await mkdtemp(join(tmpdir(), 'stanchion-nginx-'));
  t.after(() => rm(folder, { recursive: true }));
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  const configuration = (await readFile('edge-worker/examples/nginx.conf', 'utf8'))
    .replace('listen 8080;', `listen 127.0.0.1:${port(BEHIND)};`)
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${verifier}`)
    .replaceAll('127.0.0.1:8001', `127.0.0.1:${shopPort}`)
    .replace('http {', `http { access_log off; ${paths.join(' ')}`);
  const file = join(folder, 'nginx.conf');
  await writeFile(file, configuration);
  await start(t, '/usr/sbin/nginx', ['-p', folder, '-e', 'stderr', '-c', file, '-g', `daemon off; master_process off; pid ${folder}/pid;`], {});
  await answering(`${BEHIND}/`);
}

async function start(t, program, words, variables) {
  const child = spawn(program, words, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...variables } });
  let failed;
  child.once('error', (error) => { failed = error; });
  const ended = new Promise((resolve) => child.once('close', resolve));
  t.after(() => { child.kill(); return ended; });
  await sleep(50);
  if (failed) throw new Error(`${program} does not start: ${failed.message}`);
}

async function answering(url) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await fetch(url).then(() => true, () => false)) return;
    await sleep(100);
  }
  throw new Error(`${url} does not answer`);
}
