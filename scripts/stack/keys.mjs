// The keys of one private stack, new for every run: they protect nothing but that run. And those of an edge that somebody
// deploys (scripts/make-keys).

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ISSUER_OF_ACCOUNTS = 'https://accounts.stanchion.test';
const ISSUER_OF_SHOP_TOKENS = 'https://queue.stanchion.test';

/** All keys as environment variables, also written to `keys.env` in the folder, readable by its owner only. */
export function makeKeys(folder) {
  const accountKey = ed25519Key();
  const keys = {
    STANCHION_ENVIRONMENT: 'development',
    STANCHION_CONTROL_KEY: hexKey(),
    STANCHION_TICKET_KEYS: `1:${hexKey()},0:${hexKey()}`, // two, so that verifying with an older key is exercised
    STANCHION_CHALLENGE_KEY: hexKey(),
    STANCHION_SIGNING_KEYS: JSON.stringify({ keys: [ed25519Key()] }),
    STANCHION_ACCOUNT_SIGNING_KEYS: JSON.stringify({ keys: [accountKey] }),
    STANCHION_ACCOUNT_JWKS: JSON.stringify({ keys: [publicHalf(accountKey)] }),
    STANCHION_ACCOUNT_ISSUER: ISSUER_OF_ACCOUNTS,
    STANCHION_SHOP_ISSUER: ISSUER_OF_SHOP_TOKENS,
    STANCHION_STRIPE_KEY: `sk_test_${randomBytes(24).toString('hex')}`,
    STANCHION_HCAPTCHA_SECRET: hexKey(),
    STANCHION_TURNSTILE_SECRET: hexKey(),
    STANCHION_LOCAL_BEACON_KEY: hexKey(),
    STANCHION_TICKET_CODE_KEY: hexKey(),
    STANCHION_INVITATION_KEY: hexKey(),
    STANCHION_ADMIN_TOKEN: randomBytes(32).toString('hex'),
  };
  const lines = Object.entries(keys).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(join(folder, 'keys.env'), lines.join(''), { mode: 0o600 });
  return keys;
}

/** The four secrets of an edge, by the names of its variables. */
export function edgeKeys() {
  return {
    STANCHION_CONTROL_KEY: hexKey(),
    STANCHION_TICKET_KEYS: `0:${hexKey()}`,
    STANCHION_CHALLENGE_KEY: hexKey(),
    STANCHION_SIGNING_KEYS: JSON.stringify({ keys: [ed25519Key()] }),
  };
}

function hexKey() {
  return randomBytes(32).toString('hex');
}

/** A private Ed25519 key as a JWK; its `kid` is the RFC 7638 thumbprint. */
function ed25519Key() {
  const { kty, crv, x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
  return { kty, kid, crv, alg: 'EdDSA', use: 'sig', d, x };
}

function publicHalf({ d: _secret, ...rest }) {
  return rest;
}
