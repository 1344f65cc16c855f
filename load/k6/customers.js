// The customers of `make load` for k6, an independent client: k6 run load/k6/customers.js
// USERS (1000), MINUTES (5) and API_URL (http://127.0.0.1:8000) are taken from the environment.
import http from 'k6/http';
import { sleep } from 'k6';

const URL = __ENV.API_URL || 'http://127.0.0.1:8000';
if (!/^http:\/\/127\.0\.0\.1:\d+$/.test(URL)) throw new Error(`${URL} gets no load: it goes to http://127.0.0.1:<port> only`);
const API = `${URL}/api/v1`;
const RUN = `${Date.now()}`;
// Each user's own, and nobody else's to guess: the accounts stay.
const PASSWORD = `k6-${Math.random()}-${Math.random()}`;
const FINAL = ['confirmed', 'failed', 'cancelled'];
const WORDS = ['lamp', 'oak', 'linen', 'brass', 'wool', 'kettle', 'garden chair', 'leather', 'puzzle', 'walnut bowl'];
const SECONDS = Number(__ENV.MINUTES || 5) * 60;

export const options = {
  scenarios: {
    customers: {
      executor: 'ramping-vus',
      startVUs: 0,
      // As the profile `steady`: up in a tenth of the time, then level.
      stages: [
        { duration: `${SECONDS * 0.1}s`, target: Number(__ENV.USERS || 1000) },
        { duration: `${SECONDS * 0.9}s`, target: Number(__ENV.USERS || 1000) },
      ],
      gracefulRampDown: '0s',
      gracefulStop: '30s',
    },
  },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'p(99.9)', 'max'],
  // A dead link is part of looking around.
  thresholds: { http_req_failed: ['rate==0'] },
};
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }, 404));

const between = (low, high) => low + Math.random() * (high - low);
const whole = (low, high) => Math.floor(between(low, high + 1));
const one = (of) => of[Math.floor(Math.random() * of.length)];
// The nth of the list about n times less often than the first (Zipf's law).
const popular = (of) => of[Math.min(Math.floor((of.length + 1) ** Math.random()), of.length) - 1];
const headers = (more) => ({ headers: { 'Content-Type': 'application/json', ...more } });
const named = (name, more) => ({ ...headers(more), tags: { name } });

function ask(method, path, body, params) {
  const answer = http.request(method, `${API}${path}`, body ? JSON.stringify(body) : null, params);
  return { status: answer.status, content: answer.status && answer.status < 300 ? answer.json() : {} };
}

const ids = (items) => (items || []).filter((item) => 'stock' in item).map((item) => item.id);

function look(products, token) {
  const die = Math.random() * 100;
  if (die < 50) return ask('GET', `/products/${popular(products)}`, null, named('product'));
  if (die < 70) return ask('GET', `/products?limit=20&after=${one(products)}`, null, named('page'));
  if (die < 85) return ask('GET', `/products/search?q=${one(WORDS).replace(' ', '+')}&limit=20`, null, named('search'));
  if (die < 95) return ask('GET', '/home', null, named('home'));
  if (die < 99 && token.Authorization) return ask('GET', '/orders?limit=20', null, named('my orders', token));
  if (die < 99) return ask('GET', `/products/${popular(products)}`, null, named('product'));
  return ask('GET', `/products/no-longer-sold-${whole(0, 99)}`, null, named('dead link'));
}

function order(products, token) {
  const wanted = new Set([popular(products)]);
  for (let more = whole(0, 2); more > 0; more -= 1) wanted.add(one(products));
  const items = [...wanted].map((id) => ({ product_id: id, quantity: whole(1, 3) }));
  const key = { 'Idempotency-Key': `k6-${RUN}-${__VU}-${__ITER}-${whole(0, 1e9)}` };
  const placed = ask('POST', '/orders', { items }, named('order', { ...token, ...key }));
  if (placed.status !== 202) return;
  for (const pause of [0.5, 1, 2, 4, 8, 8, 8]) {
    sleep(pause);
    const seen = ask('GET', `/orders/${placed.content.id}`, null, named('poll', token));
    if (seen.status !== 200 || FINAL.includes(seen.content.status)) return;
  }
}

let mine = null;

export default function visit() {
  if (__ITER === 0) sleep(between(0, 5));
  if (mine === null || Math.random() >= 0.5) {
    mine = Math.random() < 0.25 ? { email: `k6-${RUN}-${__VU}-${__ITER}@load.example`, password: PASSWORD, known: false } : null;
  }
  const home = ask('GET', '/home', null, named('home'));
  let products = [...ids(home.content.best_sellers), ...ids(home.content.first_page)];
  const token = {};
  if (products.length && mine) {
    sleep(between(1, 5));
    const body = { email: mine.email, password: mine.password };
    const entered = ask('POST', mine.known ? '/auth/login' : '/auth/register', body, named('enter'));
    mine.known = mine.known || entered.status === 201;
    if (entered.content.access_token) token.Authorization = `Bearer ${entered.content.access_token}`;
  }
  for (let steps = whole(3, 9); products.length && steps > 0; steps -= 1) {
    sleep(between(1, 5));
    const seen = look(products, token);
    const more = ids(seen.content.items);
    if (more.length) products = more;
  }
  if (products.length && Math.random() < 0.35) {
    sleep(between(1, 5));
    order(products, token);
  }
  sleep(between(5, 20));
}
