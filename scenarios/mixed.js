// Mixed: 300 users, of whose turns one in ten writes a post and reads it back at
// once, while the others read feeds. A read that does not find it is stale.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 scenarios/mixed.js
//
// lib/env.js lists what else can be set.
import { ramping } from './lib/load.js';
import { odds, write } from './lib/choice.js';
import { readFeed } from './lib/feed.js';
import { expectNoStaleReads, writePost } from './lib/post.js';
import { statements } from './lib/request.js';
import { logIn } from './lib/session.js';

export { handleSummary } from './lib/summary.js';

const writeShare = 0.1;

// Long and quick enough for 100,000 requests on two cores.
const load = ramping(
  [
    { phase: 'ramp', seconds: 10, vus: 300 },
    { phase: 'hold', seconds: 100, vus: 300 },
    { phase: 'down', seconds: 2, vus: 0 },
  ],
  { think: '200ms', requests: 2, statements },
);

export const options = load.options;

// Many sessions: the reads of one that all VUs write in would wait for all their writes.
export function setup() {
  expectNoStaleReads();
  return logIn(20);
}

export default function (session) {
  load.markPhase();
  const choice = load.choice();
  if (odds(choice, write) < writeShare) {
    writePost(session, choice);
  } else {
    readFeed(session, choice);
  }
  load.think();
}
