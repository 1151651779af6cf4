// The two test users of the study, created and logged in before the load.
import exec from 'k6/execution';
import http from 'k6/http';
import { sleep } from 'k6';
import { begin } from './begin.js';
import { baseURL } from './env.js';

// patience is for how many seconds each request is tried: to log in is not the load, and must
// not fail by what the load is to meet.
export const patience = 15;

const users = [
  { name: 'storm-one', password: 'a password of test user one' },
  { name: 'storm-two', password: 'a password of test user two' },
];

// setup logs each user in once.
export function setup() {
  return logIn(1);
}

// logIn opens so many sessions for each user. It returns what every VU gets: their
// tokens, and when the load began.
export function logIn(sessions) {
  if (!baseURL) {
    throw new Error('BASE_URL is not set; give the address of the backend: k6 run -e BASE_URL=http://127.0.0.1:8080 …');
  }
  const tokens = users.flatMap((user) => {
    post('/api/users', user, [201, 409]); // 409: it is there from an earlier run
    return Array.from({ length: sessions }, () => post('/api/sessions', user, [200, 201]).json('token'));
  });
  return begin({ tokens });
}

// post asks again while there is no answer, no room (429, 503), or no time (504). It gives up with the last answer, not
// with the request that there was no time left for.
function post(path, body, statuses) {
  let said = '';
  const until = Date.now() + 1000 * patience;
  for (;;) {
    const answer = http.post(baseURL + path, JSON.stringify(body), {
      headers: { 'Content-Type': 'application/json' },
      responseType: 'text',
      timeout: Math.max(1, until - Date.now()),
      responseCallback: http.expectedStatuses(...statuses),
    });
    if (statuses.includes(answer.status)) {
      return answer;
    }
    const why = `status ${answer.status}: ${answer.error || answer.body}`;
    said = answer.status !== 0 || said === '' ? why : said;
    if (answer.status !== 0 && answer.status !== 429 && answer.status < 500) {
      throw new Error(`POST ${path}: want ${statuses.join(' or ')}, got ${why}`);
    }
    if (Date.now() >= until) {
      exec.test.abort(`POST ${path}: the system does not serve, tried for ${patience} s: ${said}`);
    }
    sleep(0.05);
  }
}
