// A protected site that checks the shop token itself, so that a request that finds a way around the
// edge gets nothing. Any JWT library will do. This example uses npm's `jose`.
//
//   STANCHION_EDGE_URL=https://tickets.example.com/.stanchion STANCHION_SHOP_ISSUER=… STANCHION_EVENT=my-show \
//   PORT=8000 node site.mjs

import { createServer } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { STANCHION_EDGE_URL: edge, STANCHION_SHOP_ISSUER: issuer, STANCHION_EVENT: event, PORT: port } = process.env;
const keys = createRemoteJWKSet(new URL(`${edge}/.well-known/jwks.json`));

/** The claims of a shop token for this event. Throws for any other token. */
async function session(token) {
  const { payload } = await jwtVerify(token ?? '', keys, {
    issuer,
    audience: 'stanchion-origin',
    algorithms: ['EdDSA'],
    typ: 'shop+jwt',
  });
  if (payload.event !== event) throw new Error('the token opens another event');
  return payload;
}

createServer(async (request, response) => {
  if (!request.url.startsWith('/tickets')) return response.end('Everybody may see this.\n');
  try {
    const { sub, place } = await session(request.headers['shop-token']);
    const came = place === undefined ? 'you came in at once' : `yours was place ${place}`;
    response.end(`Welcome, ${sub}: ${came}.\n`);
  } catch (error) {
    response.writeHead(403).end(`Come by the queue: ${error.message}.\n`);
  }
}).listen(Number(port), '127.0.0.1');
