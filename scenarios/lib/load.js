// The shape of a load: how many VUs there are at which time, and k6's options for it.
import exec from 'k6/execution';
import http from 'k6/http';
import { sleep } from 'k6';
import { httpTimeout, scale, summaryFile, thinkTime } from './env.js';

// name of the one k6 scenario in every script: its tag tells the load from setup().
const name = 'load';

// statuses are counted apart; 0 means that no answer came. The lab refuses a
// summary in which a request has none of these.
const statuses = [0, 200, 400, 401, 403, 404, 408, 413, 429, 499, 500, 502, 503, 504];

http.setResponseCallback(http.expectedStatuses(200));

// ramping returns the closed-model load in which each stage leads linearly to its
// number of VUs, and is a phase of the results.
export function ramping(stages) {
  const phases = [];
  let end = 0;
  for (const stage of stages) {
    end += 1000 * scale * stage.seconds;
    phases.push({ name: stage.phase, end: end });
  }
  // Nobody is cut off in mid-request: a last iteration may take all of the timeout.
  const patience = `${Math.ceil(httpTimeout + thinkTime + 1)}s`;
  return {
    options: {
      scenarios: {
        [name]: {
          executor: 'ramping-vus',
          startVUs: 0,
          stages: stages.map((s) => ({ duration: `${Math.round(1000 * scale * s.seconds)}ms`, target: s.vus })),
          gracefulRampDown: patience,
          gracefulStop: patience,
        },
      },
      // Every VU evaluates this script, but k6 asks only the first for options.
      thresholds: summaryFile && __VU === 0 ? submetrics(phases) : {},
      summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max'],
      // Without method, URL and name: every request is the same, and each tag costs.
      systemTags: ['scenario', 'status', 'expected_response', 'error_code'],
      discardResponseBodies: true,
      setupTimeout: '30s',
    },
    markPhase: phaseMarker(phases),
    think: () => sleep(thinkTime),
  };
}

// phaseMarker returns a function that tags the VU's samples with the phase in
// which its iteration begins. Tags are set only when the phase changes.
function phaseMarker(phases) {
  let start = 0;
  let current = -1;
  return () => {
    const now = Date.now();
    start = start || exec.scenario.startTime;
    let phase = Math.max(current, 0);
    while (phase < phases.length - 1 && now - start >= phases[phase].end) {
      phase++;
    }
    if (phase !== current) {
      current = phase;
      exec.vu.metrics.tags.phase = phases[phase].name;
    }
  };
}

// submetrics makes k6 keep the parts of its metrics that the lab reads: it does
// so for any part that a threshold names, even one without conditions.
function submetrics(phases) {
  const parts = {};
  const keep = (metric, ...tags) => {
    parts[`${metric}{${tags.join(',')}}`] = [];
  };
  const load = `scenario:${name}`;
  for (const tags of [[load], ...phases.map((p) => [load, `phase:${p.name}`])]) {
    keep('http_reqs', ...tags);
    keep('http_req_failed', ...tags);
    keep('http_req_duration', ...tags);
    keep('http_req_duration', ...tags, 'expected_response:true');
  }
  for (const status of statuses) {
    keep('http_reqs', load, `status:${status}`);
  }
  return parts;
}
