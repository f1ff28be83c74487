// The harness of tests with a protected site: the part edge-site of the stack, and a server that a test brings.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { askEdge } from '../../../scripts/stack/signed.mjs';

export const { STANCHION_SITE_EDGE_URL: SITE, STANCHION_SITE_URL: BEHIND, STANCHION_CONTROL_KEY: KEY } = process.env;
export const OWN = `${SITE}/.stanchion`;

/** Starts or stops the edge in front of the site, or another part. After a start it returns the process's id. */
export async function edgeSite(action, part = 'edge-site') {
  const child = spawn('scripts/stack/part', [action, part], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (piece) => { said += piece; });
  const status = await new Promise((resolve) => child.once('close', resolve));
  if (status !== 0) throw new Error(`${part} did not ${action}: ${said}`);
  return Number(/runs as process (\d+)/.exec(said)?.[1]);
}

/** What a site may say to CDNs, which follow it more than `Cache-Control`. */
export const FOR_CDNS = { 'cdn-cache-control': 'max-age=600', 'cloudflare-cdn-cache-control': 'max-age=600', 'surrogate-control': 'max-age=600', expires: 'Thu, 01 Jan 2099 00:00:00 GMT' };

/** A site that says what reached it, and keeps it in `seen`, but for questions about its health. */
export async function echoSite() {
  const seen = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    const { method, url, headers, rawHeaders } = request;
    // The edge asks for the site's health as long as the event of another test file names that path.
    if (!url.startsWith('/up?')) seen.push({ method, url, headers, rawHeaders, body });
    response.setHeader('set-cookie', ['basket=1; Path=/', 'lang=en; Path=/']);
    for (const [name, value] of Object.entries(FOR_CDNS)) response.setHeader(name, value);
    if (url.startsWith('/bytes')) {
      // Node writes latin1: each of these characters is one byte.
      response.setHeader('set-cookie', [...(url.endsWith('latin1') ? ['city=K\u00f6ln'] : []), 'town=K\u00c3\u00b6ln']);
      response.setHeader('location', '/caf\u00c3\u00a9');
      response.setHeader('x-download', 'attachment; filename="K\u00c3\u00b6ln.pdf"');
      response.setHeader('connection', 'close, x-hop');
      response.setHeader('x-hop', '1');
    }
    response.setHeader('content-type', 'text/html');
    // Bytes: with a string Node would write the headers in the coding of the string.
    response.end(Buffer.from(`<!doctype html><title>The site</title><p id="site">The site answers ${url}</p>`));
  });
  await new Promise((resolve) => server.listen(new URL(BEHIND).port, '127.0.0.1', resolve));
  return { seen, close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }) };
}

let version = Date.now();

/** Opens or changes an event of the site; what is not said is as it suits a test: everybody's turn comes at once. */
export async function putEvent(event, { edge = OWN, onSaleInMs = 1_500, policy = {}, ...numbers } = {}) {
  putEvent.onSale ??= {};
  putEvent.onSale[event] ??= new Date(Date.now() + onSaleInMs).toISOString();
  version += 1;
  const body = {
    version,
    name: 'A <site>',
    on_sale_time: putEvent.onSale[event],
    shards: 1,
    draw_window_ms: 1_000,
    turn_ms: 60_000,
    shopping_ms: 60_000,
    challenge_max_number: 1_000,
    policy: { identity: { anonymous: true, without_script: true }, release: { per_minute: 60_000, at_once: 1_000_000 }, ...policy },
    ...numbers,
  };
  putEvent.last = body;
  const { status, told } = await askEdge({ edge, key: KEY, method: 'PUT', path: `/events/${event}`, body: JSON.stringify(body) });
  if (status !== 200) throw new Error(`${status} ${told.message}`);
  return told;
}

/** What a put says holds everywhere two seconds later; a browser's own snapshot may be that old again. */
export const untilEffective = () => sleep(4_100);

/** What the tests of the rules guard, and lists of targets that they know to be guarded or ordinary. */
export const RULES = ['/shop/*', '/buy', '/checkout', '/tickets.php', '/secshop/*', '/secbuy'];
export const targets = (list) => readFileSync(`shared/tests/rules/paths/${list}.txt`, 'utf8').split('\n').filter((line) => line.startsWith('/'));

/**
 * A request whose target and headers are sent as they are given, and the answer: each character is
 * one byte. `headers` are lines.
 */
export async function raw(method, target, headers = [], body = '') {
  const { hostname, port, host } = new URL(SITE);
  const lines = headers.map((line) => line.split(/:\s?(.*)/s).slice(0, 2));
  if (!lines.some(([name]) => name === 'Connection')) lines.push(['Connection', 'close']);
  const asked = request({ hostname, port, method, path: target, agent: false, headers: [['Host', host], ...lines].flat() });
  const answered = new Promise((resolve, reject) => { asked.once('response', resolve).once('error', reject); });
  asked.end(body, 'latin1');
  const answer = await answered;
  let content = '';
  for await (const piece of answer.setEncoding('latin1')) content += piece;
  const fields = answer.rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${answer.rawHeaders[at + 1]}`] : []));
  return { status: answer.statusCode, fields, content };
}

/** A browser without script, as far as HTTP goes: it keeps cookies and follows nothing. */
export class Browser {
  cookies = new Map();

  async ask(path, { method = 'GET', accept = 'text/html', form, headers = {} } = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(SITE + path, {
      method,
      redirect: 'manual',
      headers: { accept, ...(cookie && { cookie }), ...(method !== 'GET' && { origin: SITE }), ...headers },
      body: form && new URLSearchParams(form),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split(/=(.*)/s);
      if (/; Max-Age=0;/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }

  /** Joins by the form, and arrives. */
  async comeIn(path, event) {
    await this.ask(path);
    const joined = await this.ask('/.stanchion/join', { method: 'POST', form: { event_id: event, to: path } });
    if (joined.status !== 303) throw new Error(`${joined.status} ${joined.text}`);
    return this.arrive(path);
  }

  /** Reloads until the site itself is there. */
  async arrive(path) {
    const until = Date.now() + 30_000;
    while (Date.now() < until) {
      const page = await this.ask(path);
      if (page.status >= 400 && page.status < 500) throw new Error(`${page.status} ${page.text}`);
      if (page.status === 200) return page;
      await sleep(page.status === 303 ? 0 : Number(page.headers.get('retry-after') ?? 1) * 1_000);
    }
    throw new Error('the turn did not come');
  }
}

/** The claims of a token, unverified. */
export const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
