// The one request that the study shoots: a page of an author's newest posts.
import { check } from 'k6';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { authors, baseURL, httpTimeout, sloP99 } from './env.js';
import { pick } from './choice.js';

const pageSize = 50;

// A VU reads its answer in full once in so many iterations, and counts the
// posts; the bodies of the others are dropped unread, for k6 shares the CPU
// with what it measures.
const inspectEvery = 50;

// Successful and within the bound of the service-level objective.
const good = new Counter('good_requests');

let params; // per user: { lean, full } request parameters, made once in each VU

// readFeed sends one request as one of the two users.
export function readFeed(session) {
  params = params || session.tokens.map(paramsOf);
  const choice = pick(__VU, __ITER);
  const user = params[choice & 1];
  const url = `${baseURL}/api/feed?author=${1 + ((choice >>> 1) % authors)}`;
  const inspected = (__VU + __ITER) % inspectEvery === 0;

  const answer = http.get(url, inspected ? user.full : user.lean);
  if (answer.status !== 200) {
    return;
  }
  if (answer.timings.duration <= sloP99) {
    good.add(1);
  }
  if (inspected) {
    check(answer, { [`a page of ${pageSize} posts`]: (a) => a.json('posts.#') === pageSize });
  }
}

function paramsOf(token) {
  const lean = { headers: { Authorization: `Bearer ${token}` }, timeout: 1000 * httpTimeout };
  return { lean, full: Object.assign({ responseType: 'text' }, lean) };
}
