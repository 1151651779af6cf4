// The one request of the study: a page of an author's newest posts.
import { check } from 'k6';
import { authors, baseURL, slowShare, slowTime } from './env.js';
import { odds, slow } from './choice.js';
import { paramsOf, send } from './request.js';

const pageSize = 50;

// A VU reads its answer in full once in so many iterations, and counts the
// posts; the bodies of the others are dropped unread, for k6 shares the CPU
// with what it measures.
const inspectEvery = 50;

// readFeed sends one request in one of the sessions. A share of them can be slow
// queries, to provoke timeouts.
export function readFeed(session, choice) {
  const sessions = session.tokens.length;
  const params = paramsOf(session, choice % sessions);
  if (slowShare > 0 && odds(choice, slow) < slowShare) {
    send('GET', `${baseURL}/api/slow?time=${slowTime}`, null, params.lean);
    return;
  }
  const url = `${baseURL}/api/feed?author=${1 + (Math.floor(choice / sessions) % authors)}`;
  const inspected = (__VU + __ITER) % inspectEvery === 0;
  const answer = send('GET', url, null, inspected ? params.full : params.lean);
  if (answer.status === 200 && inspected) {
    check(answer, { [`a page of ${pageSize} posts`]: (a) => a.json('posts.#') === pageSize });
  }
}
