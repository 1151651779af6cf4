package runner

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

var calibrated = []string{"calibrate: true"}

// kept is the plan on the disk.
func (f *fake) kept() matrix.Plan {
	f.t.Helper()
	var plan matrix.Plan
	if err := record.ReadJSON(f.dir.Plan(), &plan); err != nil {
		f.t.Fatal(err)
	}
	return plan
}

// steps are the rates that the baseline was asked for.
func (f *fake) steps() []string {
	return slices.DeleteFunc(slices.Clone(f.calls), func(call string) bool { return !strings.HasPrefix(call, "step ") })
}

// Before the first block the baseline's knee is found, and every load is scaled by it: in the plan on the disk, in what
// k6 is told, in each record.
func TestLoadsAreCalibrated(t *testing.T) {
	ring(t, "storm and wave", calibrated, func(t *testing.T, f *fake) {
		f.carries = 350
		records, err := f.execute()
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"step 100", "step 200", "step 400", "step 400", "step 283", "step 336"}
		if diff := cmp.Diff(want, f.steps()); diff != "" {
			t.Errorf("steps (-want +got):\n%s", diff)
		}
		c := f.kept().Calibration
		if c == nil || c.Knee < 283 || c.Knee > 400 || len(c.Steps) != 6 || c.Why != "" {
			t.Fatalf("the plan holds %+v; want a knee between 283 and 400", c)
		}
		for i, r := range records {
			if factor := c.Loads[matrix.Scenario{Name: r.Scenario, Scale: r.Scale}.String()].Factor; factor < 2 ||
				r.LoadFactor != factor {
				t.Errorf("record %d has the factor %g; the plan %g", r.N, r.LoadFactor, factor)
			}
			// 100 users that pause for 0.5 s: 200 requests per second.
			height := map[string]float64{"storm": 3.2, "wave": 1.5}[r.Scenario]
			if want := height * c.Knee / 200; math.Abs(r.LoadFactor/want-1) > 0.005 {
				t.Errorf("record %d has the factor %g; want %.4g", r.N, r.LoadFactor, want)
			}
			told := f.scripts[i].Env
			if want := fmt.Sprint(r.LoadFactor); told["USERS"] != want || told["RATE"] != want {
				t.Errorf("the script of record %d is told %v; want %s × users and rates", r.N, told, want)
			}
		}
	})
	ring(t, "the generator is full first", calibrated, func(t *testing.T, f *fake) {
		f.full = 300
		records, err := f.execute()
		c := f.kept().Calibration
		if err != nil || len(records) != 12 || c == nil || len(c.Loads) != 0 ||
			!strings.Contains(c.Why, "the generator is full first, at 400") || records[0].LoadFactor != 0 {
			t.Errorf("%d records, %+v, %v; want 12 of the scripts' own loads, and why", len(records), c, err)
		}
	})
	ring(t, "it is not asked for", nil, func(t *testing.T, f *fake) {
		if _, err := f.execute(); err != nil || len(f.steps()) > 0 {
			t.Errorf("steps %q, %v; want none", f.steps(), err)
		}
	})
}

// A run that is interrupted while it calibrates does so anew; one that is interrupted later does not.
func TestCalibrationIsResumed(t *testing.T) {
	ring(t, "in a step", calibrated, func(t *testing.T, f *fake) {
		f.carries, f.now.cancelAt = 350, "step 200"
		if _, err := f.execute(); !errors.Is(err, errStopped) || len(f.steps()) != 2 {
			t.Fatalf("steps %q, %v; want two, %v", f.steps(), err, errStopped)
		}
		f.now.cancelAt, f.calls = "", nil
		if records, err := f.execute(); err != nil || len(f.steps()) != 6 || len(records) != 12 {
			t.Errorf("then %d records, steps %q, %v; want 12, six", len(records), f.steps(), err)
		}
	})
	ring(t, "in a trial", calibrated, func(t *testing.T, f *fake) {
		f.carries = 350
		f.change = spoil(3, func(a *answers) { a.cancelAt = "load" })
		if _, err := f.execute(); !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
		f.plan, f.calls, f.change, f.carries = f.kept(), nil, nil, 900
		records, err := f.execute()
		if err != nil || len(f.steps()) > 0 {
			t.Fatalf("then steps %q, %v; want none", f.steps(), err)
		}
		for _, r := range records {
			if r.LoadFactor != f.plan.LoadFactor(matrix.Scenario{Name: r.Scenario, Scale: r.Scale}) {
				t.Errorf("record %d has the factor %g", r.N, r.LoadFactor)
			}
		}
	})
	ring(t, "the generator fails", calibrated, func(t *testing.T, f *fake) {
		f.now.fails = map[string]error{"step 200": errBroken}
		records, err := f.execute()
		if !errors.Is(err, errBroken) || len(records) > 0 || f.count("quiesce") != 1 {
			t.Errorf("%d records, %v; want none, %v, and the stack at rest", len(records), err, errBroken)
		}
	})
}
