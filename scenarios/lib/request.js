// What all requests of the load have in common.
import { Counter } from 'k6/metrics';
import { httpTimeout, sloP99 } from './env.js';

// Successful and within the bound of the service-level objective.
const good = new Counter('good_requests');

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

// succeeded tells whether the answer has the status, and counts it as goodput if
// it was fast enough too.
export function succeeded(answer, status) {
  if (answer.status !== status) {
    return false;
  }
  if (answer.timings.duration <= sloP99) {
    good.add(1);
  }
  return true;
}
