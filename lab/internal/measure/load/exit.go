package load

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"stormwave/lab/internal/stack/proc"
)

// logLines is how much of k6's log is quoted. It must reach back to the last
// progress line.
const logLines = 15

// reasons are k6's exit statuses (go.k6.io/k6/v2/errext/exitcodes).
var reasons = map[int]string{
	99:  "a threshold was crossed",
	100: "setup() took too long",
	101: "teardown() took too long",
	102: "something took too long",
	103: "it was stopped through its REST API",
	104: "its options are invalid",
	105: "it was interrupted by a signal",
	106: "its REST API could not be started",
	107: "the script threw an exception",
	108: "the script aborted the test",
	109: "k6 panicked",
	110: "the script marked the test as failed",
}

// ErrUnserved is the cause when the system under test did not serve what every load needs
// before it can begin: it refused, or did not answer in time.
var ErrUnserved = errors.New("the system does not serve")

// unserved are k6's exit statuses when the requests before the load took too long, or were
// refused (scenarios/lib/session.js).
var unserved = []int{100, 108}

func reason(exit proc.Exit) error {
	why, ok := reasons[exit.Code]
	switch {
	case slices.Contains(unserved, exit.Code):
		return fmt.Errorf("k6 ended with %s: %s: %w", exit, why, ErrUnserved)
	case ok:
		return fmt.Errorf("k6 ended with %s: %s", exit, why)
	}
	return fmt.Errorf("k6 ended with %s", exit)
}

// progress is k6's progress line. Only there it tells the interrupted iterations.
var progress = regexp.MustCompile(`\d+ complete and (\d+) interrupted iterations`)

// interrupted returns the number of iterations that k6 cut off, from its log.
func interrupted(log string) (int64, error) {
	lines := progress.FindAllStringSubmatch(log, -1)
	if len(lines) == 0 {
		return 0, fmt.Errorf("find interrupted iterations: k6's log does not tell them:\n%s", log)
	}
	return strconv.ParseInt(lines[len(lines)-1][1], 10, 64)
}
