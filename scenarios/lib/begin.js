// The end of setup(): what every VU gets, and when the load began.
import exec from 'k6/execution';

// begin adds to what setup() returns what lib/summary.js tells of the load's bounds.
export function begin(data = {}) {
  // k6 gives its summary the length of the run with setup() in it.
  return { ...data, start: Date.now(), setupTime: exec.instance.currentTestRunDuration };
}
