// What a scenario can be told from outside (k6 run -e NAME=value …). Durations
// have a unit: 500ms, 10s, 2m.

export const baseURL = (__ENV.BASE_URL || '').replace(/\/+$/, ''); // the backend; required
export const scale = number('SCALE', 1, 0.001); // factor of every stage's duration; the VUs stay
export const seed = number('SEED', 1, 0); // same seed, same requests
export const thinkTime = seconds('THINK_TIME', '500ms'); // pause of a VU after each request
export const httpTimeout = seconds('HTTP_TIMEOUT', '10s'); // how long the client waits for an answer
export const sloP99 = 1000 * seconds('SLO_P99', '500ms'); // milliseconds; slower answers are no goodput
export const authors = number('AUTHORS', 1000, 1); // feeds of authors 1…n are read
export const summaryFile = __ENV.SUMMARY_FILE || ''; // write the summary here as JSON, not to the terminal

function number(name, otherwise, least) {
  const value = Number(__ENV[name] || otherwise);
  if (!(value >= least) || value === Infinity) {
    throw new Error(`${name}=${__ENV[name]}: give a number, at least ${least}`);
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
