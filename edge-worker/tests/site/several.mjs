// Several sites behind one edge: the part edge-sites of the stack, servers that tests bring, and a client that says which host
// it asks for.

import { createServer, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEY } from './harness.mjs';
import { askEdge } from '../../../scripts/stack/signed.mjs';

const { STANCHION_SITES_EDGE_URL: EDGE, STANCHION_SITES_BEHIND: BEHIND } = process.env;
export const SITES_OWN = `${EDGE}/.stanchion`;

/** Asks the control API of that edge. */
export const control = (method, path, body) => askEdge({ edge: SITES_OWN, key: KEY, method, path, body: body && JSON.stringify(body) });

/** All sites. `seen[name]` has what reached a site, but for questions about its health, which are in `asked[name]`. */
export async function severalSites() {
  const [seen, asked, servers] = [{}, {}, []];
  for (const { name, origin } of JSON.parse(BEHIND)) {
    [seen[name], asked[name]] = [[], []];
    const server = createServer(({ method, url, headers }, response) => {
      (url === '/up' ? asked : seen)[name].push({ method, url, headers });
      response.setHeader('content-type', 'text/html').end(`This is the site ${name} at ${url}`);
    });
    await new Promise((resolve) => server.listen(new URL(origin).port, '127.0.0.1', resolve));
    servers.push(server);
  }
  const close = () => Promise.all(servers.map((server) => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); })));
  return { seen, asked, close, forget: () => Object.values(seen).forEach((list) => list.splice(0)) };
}

/** A request with this `Host` and target, as they are given. `pieces` is a content without a length and a type. */
export async function askHost(host, target, { method = 'GET', headers = {}, body, pieces } = {}) {
  const { hostname, port } = new URL(EDGE);
  const content = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) };
  const sent = httpRequest({ hostname, port, method, path: target, agent: false, headers: { host, accept: 'text/html', ...content, ...headers } });
  const answered = new Promise((resolve, reject) => { sent.once('response', resolve).once('error', reject); });
  sent.end(body ?? pieces);
  const answer = await answered;
  let text = '';
  for await (const piece of answer) text += piece;
  return { status: answer.statusCode, headers: answer.headers, text, site: /This is the site (\w+)/.exec(text)?.[1] ?? null };
}

/** A browser without script that looks at one host. */
export class HostBrowser {
  cookies = new Map();

  constructor(host) {
    this.host = host;
  }

  async ask(target, { form, headers = {} } = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await askHost(this.host, target, {
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form).toString(),
      headers: { ...(cookie && { cookie }), ...(form && { origin: `http://${this.host}` }), ...headers },
    });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [name, value] = line.split(';')[0].split(/=(.*)/s);
      if (/; Max-Age=0;/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  /** Joins by the form, and reloads until the site is there. */
  async comeIn(target, event) {
    await this.ask(target);
    const joined = await this.ask('/.stanchion/join', { form: { event_id: event, to: target } });
    if (joined.status !== 303) throw new Error(`${joined.status} ${joined.text}`);
    for (const until = Date.now() + 30_000; Date.now() < until;) {
      const page = await this.ask(target);
      if (page.site !== null) return page;
      if (page.status >= 400 && page.status < 500) throw new Error(`${page.status} ${page.text}`);
      await sleep(page.status === 303 ? 0 : Number(page.headers['retry-after'] ?? 1) * 1_000);
    }
    throw new Error('the turn did not come');
  }
}
