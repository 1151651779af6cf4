// A write, and whether the session that wrote sees it.
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import { baseURL } from './env.js';
import { paramsOf, send } from './request.js';

// Reads that did not find what their session had written.
const stale = new Counter('stale_reads');

// expectNoStaleReads begins their count, so that none is told from not counted.
export function expectNoStaleReads() {
  stale.add(0);
}

// writePost writes a post in one of the sessions and reads it back at once. Refused
// requests say nothing about what is seen: they have failed, and that is all.
export function writePost(session, choice) {
  const params = paramsOf(session, choice % session.tokens.length).full;
  const headers = { ...params.headers, 'Content-Type': 'application/json' };
  const body = `Post ${choice} of VU ${__VU} in its iteration ${__ITER}. `.repeat(6);
  const written = send('POST', `${baseURL}/api/posts`, JSON.stringify({ body }), { ...params, headers });
  if (written.status !== 201) {
    return;
  }
  const id = written.json('id');
  const read = send('GET', `${baseURL}/api/posts/${id}`, null, params);
  const found = read.status === 200;
  if (!found && read.status !== 404) {
    return;
  }
  if (!found) {
    stale.add(1);
  }
  check(read, { 'reads its own write': (r) => found && r.json('id') === id && r.json('body') === body });
}
