// Requests to the API: one function for every request, and two kinds of failure. An ApiError is an
// answer; its message is meant for people and shown as it is. A ConnectionLost is no answer at all.

import { clocksNow, heardServerTime } from './clock.js';

/** A checkout may take the origin half a minute. After this long there is no answer. */
const NO_ANSWER_AFTER_MS = 40_000;

export class ApiError extends Error {
  constructor(status, body, retryAfterMs) {
    super(body.message ?? `The server answered with status ${status} and no explanation.`);
    this.status = status;
    this.word = body.error ?? 'unknown';
    this.body = body;
    this.retryAfterMs = retryAfterMs;
  }
}

export class ConnectionLost extends Error {
  constructor() {
    super('There is no connection to the server.');
  }
}

/** Whether the same request may work later. */
export function isTemporary(error) {
  return error instanceof ConnectionLost || (error instanceof ApiError && (error.status >= 500 || error.status === 429));
}

/** The URL of an API path with its query. */
export function address(path, query = {}) {
  const text = new URLSearchParams(query).toString();
  return text === '' ? path : `${path}?${text}`;
}

/**
 * Sends one request and reads the JSON of its answer.
 * @param credentials {bearer, queueToken, shopToken, idempotencyKey, fresh}: each becomes its header
 *   if it is given.
 */
export async function ask(method, path, { query, body, ...credentials } = {}) {
  const response = await send(method, path, { query, body, ...credentials });
  return readJson(response);
}

/** Sends one request. An answer that is not 2xx is thrown as an ApiError. */
export async function send(method, path, { query, body, bearer, queueToken, shopToken, idempotencyKey, fresh } = {}) {
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (queueToken) headers['Queue-Token'] = queueToken;
  if (shopToken) headers['Shop-Token'] = shopToken;
  if (idempotencyKey) headers['Idempotency-Key'] = idempotencyKey;
  if (fresh) headers['Cache-Control'] = 'no-cache';

  const sent = clocksNow();
  let response;
  try {
    response = await fetch(address(path, query), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(NO_ANSWER_AFTER_MS),
      credentials: 'omit',
    });
  } catch {
    throw new ConnectionLost();
  }
  heardServerTime(response.headers, sent);
  if (response.ok) return response;
  throw new ApiError(response.status, await readError(response), retryAfterMs(response));
}

async function readJson(response) {
  let text;
  try {
    text = await response.text();
  } catch {
    throw new ConnectionLost(); // the answer broke off
  }
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw new ApiError(response.status, { error: 'no_json', message: 'The server’s answer cannot be read.' });
  }
}

/** The body of an error. A server in between may have answered without JSON. */
async function readError(response) {
  try {
    return (await response.json()) ?? {};
  } catch {
    return {};
  }
}

function retryAfterMs(response) {
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}
