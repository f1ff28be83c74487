// A site of somebody else's behind an edge of its own: the part edge-site of the stack, and a server that a test brings.

import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { askEdge } from '../../../scripts/stack/signed.mjs';

export const { STANCHION_SITE_EDGE_URL: SITE, STANCHION_SITE_URL: BEHIND, STANCHION_CONTROL_KEY: KEY } = process.env;
export const OWN = `${SITE}/.stanchion`;

/** Starts or stops the edge in front of the site. */
export async function edgeSite(action) {
  const child = spawn('scripts/stack/part', [action, 'edge-site'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const status = await new Promise((resolve) => child.once('exit', resolve));
  if (status !== 0) throw new Error(`edge-site did not ${action}`);
}

/** A site that says what reached it, and keeps it in `seen`. */
export async function echoSite() {
  const seen = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    const { method, url, headers } = request;
    seen.push({ method, url, headers, body });
    response.setHeader('set-cookie', ['basket=1; Path=/', 'lang=en; Path=/']);
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>The site</title><p id="site">The site answers ${url}</p>`);
  });
  await new Promise((resolve) => server.listen(new URL(BEHIND).port, '127.0.0.1', resolve));
  return { seen, close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }) };
}

let version = Date.now();

/** Opens or changes an event of the site; what is not said is as it suits a test: everybody's turn comes at once. */
export async function putEvent(event, { onSaleInMs = 1_500, policy = {}, ...numbers } = {}) {
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
  const { status, told } = await askEdge({ edge: OWN, key: KEY, method: 'PUT', path: `/events/${event}`, body: JSON.stringify(body) });
  if (status !== 200) throw new Error(`${status} ${told.message}`);
  return told;
}

/** What a put says holds everywhere two seconds later; a browser's own snapshot may be that old again. */
export const settle = () => sleep(4_100);

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
      this.cookies.set(name, value);
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
      if (page.status === 200 && !page.text.includes('waiting room')) return page;
      await sleep(page.status === 303 ? 0 : Number(page.headers.get('refresh') ?? 1) * 1_000);
    }
    throw new Error('the turn did not come');
  }
}

/** The claims of a token, unverified. */
export const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
