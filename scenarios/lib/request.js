// What all requests of the load have in common.
import http from 'k6/http';
import { sleep } from 'k6';
import { Counter, Trend } from 'k6/metrics';
import { failedBody, httpTimeout, sloP99, success, warmup } from './env.js';

// How long the client has waited for each answer, or until there was none to come. k6's
// own http_req_duration begins with the connection, and is 0 where there was none.
const waits = new Trend('request_wait', true);
const okWaits = new Trend('request_wait_ok', true); // of the successful requests

const failed = new Counter('failed_requests');
const slow = new Counter('slow_requests'); // later than the objective's bound, failed or not
const good = new Counter('good_requests'); // neither
const refuted = new Counter('failed_answers'); // failed by their body, with a status of success

// expected are the statuses of success.
export const expected = success;

// statements are how many the backend sends to its databases: at least for a successful
// request, at most for any, and at most over a replica. Each request looks up its session
// and does one thing; over a replica a session may be looked up twice, and after a write
// the backend asks how far the replica must come.
export const statements = { least: 2, most: 2, mostWithReplica: 3 };

let params; // per session: request parameters, made once in each VU

// paramsOf returns the parameters of a session's requests: those of lean ones drop
// the answer's body unread, those of full ones keep it.
export function paramsOf(session, index) {
  params = params || session.tokens.map((token) => {
    const lean = { headers: { Authorization: `Bearer ${token}` }, timeout: 1000 * httpTimeout };
    return { lean, full: Object.assign({ responseType: 'text' }, lean) };
  });
  return params[index];
}

const pause = 0.02; // seconds

// send sends a request, counts it, and returns its answer. Who is turned away in the warm-up
// comes again a little later, when there may be room.
export function send(method, url, body, params) {
  const sent = Date.now();
  const answer = http.request(method, url, body, failedBody ? { ...params, responseType: 'text' } : params);
  const elapsed = Date.now() - sent;
  const right = expected.includes(answer.status);
  const refutes = right && failedBody !== '' && (answer.body || '').includes(failedBody);
  if (refutes) {
    refuted.add(1);
  }
  const ok = right && !refutes;
  count(ok, waited(answer, elapsed));
  if (warmup && !ok) {
    sleep(pause);
  }
  return answer;
}

// waited is the time in milliseconds that the client has waited: until it had a connection
// (blocked, with TCP and TLS in it), and then for the answer. What went before a failure,
// or before k6 connected anew to send the request again, k6 does not know; the clock
// does, in whole milliseconds.
function waited(answer, elapsed) {
  const { blocked, connecting, duration } = answer.timings;
  if (answer.status === 0 || connecting > 0) {
    return Math.max(blocked + duration, elapsed - 1);
  }
  return blocked + duration;
}

function count(ok, wait) {
  const late = wait > sloP99;
  waits.add(wait);
  if (ok) {
    okWaits.add(wait);
  } else {
    failed.add(1);
  }
  if (late) {
    slow.add(1);
  }
  if (ok && !late) {
    good.add(1);
  }
}
