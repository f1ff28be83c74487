// The harness of the browser tests: the stack from the environment, an event that goes on sale in some seconds, a browser,
// and a visit that notes everything the page complains about.

import assert from 'node:assert/strict';
import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const WANTED = ['STANCHION_EDGE_URL', 'STANCHION_ORIGIN_URL', 'STANCHION_ADMIN_TOKEN'];
const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
/** A browser that talks to nobody but the site. */
const CHROMIUM_FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
export const PASSWORD = 'correct horse battery';

/** Where the stack is. */
export function stack() {
  const missing = WANTED.filter((name) => !process.env[name]);
  if (missing.length > 0) {
    throw new Error(`The browser tests need a running stack: ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing in the environment. Run them inside scripts/stack/run.`);
  }
  return { edge: process.env.STANCHION_EDGE_URL, origin: process.env.STANCHION_ORIGIN_URL, adminToken: process.env.STANCHION_ADMIN_TOKEN };
}

/** Close it at the end. */
export function openBrowser() {
  return chromium.launch({ executablePath: findChromium(), args: CHROMIUM_FLAGS });
}

/**
 * Opens the one browser of a test file before its tests, and closes it after them.
 * @returns {open: a fan's visit with these options, visit: a test with one fan, newPage: a page that is no fan's}
 */
export function withBrowser() {
  let browser;
  before(async () => {
    stack();
    browser = await openBrowser();
  });
  after(() => browser?.close());
  const open = (options) => Visit.open(browser, options);
  return { open, newPage: () => browser.newPage(), visit: (name, options, walk) => visit(open, name, options, walk) };
}

/** Whatever else it shows, the console must stay silent. */
function visit(open, name, options, walk) {
  test(name, { timeout: 150_000 }, async () => {
    const fan = await open(options);
    try {
      await walk(fan);
      assert.deepEqual(fan.complaints, []);
    } finally {
      await fan.close();
    }
  });
}

/** Fails if axe-core finds something serious on the page as it is. */
export async function noBarriers(fan, view) {
  assert.deepEqual(await fan.barriers(), [], `barriers in the view '${view}'`);
  assert.deepEqual(await fan.tooWide(), [], `too wide in the view '${view}'`);
}

function findChromium() {
  const candidates = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => CHROMIUM_NAMES.map((name) => join(folder, name)));
  const found = candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error(`The browser tests need Chromium: none of ${CHROMIUM_NAMES.join(', ')} is on the PATH. scripts/setup --with browser installs it.`);
  return found;
}

let events = 0;

const SECTIONS = [
  { code: 'A', name: 'Stalls', price: '49.50', fee: '5.00', rows: [{ label: '1', seats: 6 }, { label: '2', seats: 8 }] },
  { code: 'B', name: 'Balcony', price: '29.00', fee: '3.50', rows: [{ label: '1', seats: 10 }] },
];

/**
 * Creates and launches an event of its own for a test. @returns its id
 * @param beacon the announced one by when the on-sale is, in seconds since 1970; none unless given
 */
export async function launchEvent({ name = 'The Ropes', onSaleInMs = 8_000, sections = SECTIONS, limits = {}, queue = {}, beacon } = {}) {
  events += 1;
  const onSaleS = Math.ceil((Date.now() + onSaleInMs) / 1000);
  const eventId = `browser-${Date.now().toString(36)}-${events}`;
  await admin('POST', '/events', {
    event_id: eventId,
    name,
    starts_at: new Date(Date.now() + 30 * 86_400_000).toISOString(),
    on_sale_time: new Date(onSaleS * 1000).toISOString(),
    queue: { ...queue, ...(beacon && { beacon: beacon(onSaleS) }) },
    currency: 'EUR',
    venue: { name: 'River Hall', city: 'Bremen', latitude: 53.0793, longitude: 8.8017 },
    sections,
    limits: { most_per_second: 100, most_shoppers: 100, per_person: 4, ...limits },
  });
  await launch(eventId);
  return eventId;
}

/** The edge makes a million hashes for a new event; several at once may take it longer than the origin waits. */
async function launch(eventId) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await admin('POST', `/events/${eventId}/launch`);
    } catch (error) {
      if (attempt === 5 || !error.message.includes('edge_unreachable')) throw error;
    }
  }
}

export async function admin(method, path, body) {
  const { origin, adminToken } = stack();
  const response = await fetch(`${origin}/api/v1/admin${path}`, {
    method,
    headers: { Authorization: `Bearer ${adminToken}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} /api/v1/admin${path} was answered with ${response.status}: ${text}`);
  return text === '' ? null : JSON.parse(text);
}

let fans = 0;

export function newEmail() {
  fans += 1;
  return `fan-${Date.now().toString(36)}-${fans}@example.org`;
}

/** One fan's browser window, and all complaints of its pages. */
export class Visit {
  static async open(browser, options = {}) {
    const context = await browser.newContext({ baseURL: stack().edge, locale: 'en-GB', ...options });
    const visit = new Visit(context, await context.newPage());
    visit.#listen(visit.page);
    return visit;
  }

  #complaints = [];
  #expected = [];

  constructor(context, page) {
    this.context = context;
    this.page = page;
    page.setDefaultTimeout(30_000);
  }

  #listen(page) {
    page.on('pageerror', (error) => this.#complaints.push(`uncaught: ${error.stack ?? error}`));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.#complaints.push(`${message.type()}: ${message.text()}`);
    });
  }

  /** The browser itself reports failed requests on the console; those that a test provokes are not complaints. */
  expect(pattern) {
    this.#expected.push(pattern);
  }

  /** What the console said and nobody expected: script errors, violations of the content security policy, 404s. */
  get complaints() {
    return this.#complaints.filter((text) => !this.#expected.some((pattern) => pattern.test(text)));
  }

  /** Serious and critical findings of axe-core on the page as it is, one line each. */
  async barriers() {
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => window.axe.run());
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary}`));
  }

  /** Things that stick out at the right: a phone would scroll sideways. */
  async tooWide() {
    return this.page.evaluate(() => [...document.querySelectorAll('body *')]
      .filter((element) => element.getClientRects().length > 0 && !element.classList.contains('visually-hidden'))
      .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .map((element) => element.outerHTML.slice(0, 80)));
  }

  async signUp(email = newEmail()) {
    await this.page.getByLabel('Email').fill(email);
    await this.page.getByLabel('Password').fill(PASSWORD);
    await this.page.getByRole('button', { name: 'Create account' }).click();
    await this.page.getByRole('heading', { name: 'Join the queue' }).waitFor();
    return email;
  }

  async signIn(email) {
    await this.page.getByLabel('Yes, sign in').check();
    await this.page.getByLabel('Email').fill(email);
    await this.page.getByLabel('Password').fill(PASSWORD);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  async join() {
    await this.page.getByRole('button', { name: 'Join the queue' }).click();
    await this.page.getByRole('button', { name: 'Leave the queue' }).waitFor();
  }

  /** Until the shop is open and its seats are there. */
  async turn() {
    await this.page.getByRole('heading', { name: 'It is your turn' }).waitFor({ timeout: 60_000 });
    await this.page.locator('.seat').first().waitFor();
  }

  seat(row, number) {
    return this.page.getByRole('button', { name: new RegExp(`^Row ${row}, seat ${number}\\b`) });
  }

  async hold(...seats) {
    for (const [row, number] of seats) await this.seat(row, number).click();
    await this.page.getByRole('button', { name: /^Hold th/ }).click();
  }

  async pay(card) {
    await this.page.getByLabel(card).check();
    await this.page.getByRole('button', { name: /^Pay / }).click();
  }

  /** The tier that the receipt on the page says. */
  async tier() {
    await this.page.getByRole('heading', { name: 'You are in' }).waitFor();
    const [, claims] = (await this.page.locator('#proof-receipt').inputValue()).split('.');
    return JSON.parse(Buffer.from(claims, 'base64url')).tier;
  }

  /** Seats on the tickets shown. */
  async tickets() {
    await this.page.locator('img.qr').first().waitFor({ timeout: 45_000 });
    return this.page.locator('.tickets h3').allTextContents();
  }

  close() {
    return this.context.close();
  }
}
