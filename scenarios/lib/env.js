// What a scenario can be told from outside (k6 run -e NAME=value …). Durations
// have a unit: 500ms, 10s, 2m.

export const baseURL = (__ENV.BASE_URL || '').replace(/\/+$/, ''); // the backend; required
export const scale = number('SCALE', 1, 0.001); // factor of every stage's duration; the VUs stay, see USERS
export const rate = number('RATE', 1, 0.001); // factor of every rate that an open scenario offers
export const users = number('USERS', 1, 0.001); // factor of the VUs of a closed scenario
export const seed = number('SEED', 1, 0); // same seed, same requests
export const thinkTime = (usual) => seconds('THINK_TIME', usual); // pause of a VU after each iteration, in closed scenarios
export const httpTimeout = seconds('HTTP_TIMEOUT', '10s'); // how long the client waits for an answer
export const sloP99 = 1000 * seconds('SLO_P99', '500ms'); // milliseconds; slower answers are no goodput
export const authors = number('AUTHORS', 1000, 1); // feeds of authors 1…n are read
export const slowShare = number('SLOW_SHARE', 0, 0, 1); // of the feeds: ask for a slow query instead
export const slowTime = `${Math.round(1000 * seconds('SLOW_TIME', '1s'))}ms`; // how long that query takes
export const success = (__ENV.SUCCESS || '200,201').split(',').map(Number); // statuses
export const failedBody = __ENV.FAILED_BODY || ''; // text in a body that makes an answer a failure whatever its status
export const summaryFile = __ENV.SUMMARY_FILE || ''; // write the summary here as JSON, not to the terminal
export const warmup = oneOf('PHASE', ['', 'warmup']) === 'warmup'; // a short run before the load, see load.js

function oneOf(name, values) {
  const value = __ENV[name] || '';
  if (!values.includes(value)) {
    throw new Error(`${name}=${value}: leave it out, or give ${values.filter(Boolean).join(' or ')}`);
  }
  return value;
}

function number(name, otherwise, least, most = Number.MAX_VALUE) {
  const value = Number(__ENV[name] || otherwise);
  if (!(value >= least && value <= most)) {
    const bound = most < Number.MAX_VALUE ? ` and at most ${most}` : '';
    throw new Error(`${name}=${__ENV[name]}: give a number, at least ${least}${bound}`);
  }
  return value;
}

function seconds(name, otherwise) {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(__ENV[name] || otherwise);
  if (!parts) {
    throw new Error(`${name}=${__ENV[name]}: give a number and a unit, such as ${otherwise}`);
  }
  return parts[1] * { ms: 0.001, s: 1, m: 60 }[parts[2]];
}
