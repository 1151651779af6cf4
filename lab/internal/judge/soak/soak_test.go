package soak

import (
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// night is a run of nine trials, in every third of which the backend was killed.
func night(change func([]record.Record)) (matrix.Plan, []record.Record) {
	var records []record.Record
	for n := 1; n <= 9; n++ {
		r := record.Record{N: n, Verdict: record.Valid, Metrics: map[string]float64{openFiles: 40, memory: 30e6}}
		if n%3 == 0 {
			r.Settings = map[string]string{matrix.FaultKill: "app@6s"}
			r.Verdict, r.Reasons = record.Invalid, []string{"app ended with signal SIGKILL: "}
		}
		records = append(records, r)
	}
	change(records)
	return matrix.Plan{Trials: make([]matrix.Trial, 9)}, records
}

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]record.Record)
		want   string // in the only failure; "": none
	}{
		"all well":      {func([]record.Record) {}, ""},
		"a lost record": {func(all []record.Record) { all[4].N = 6 }, "record 5 is numbered 6"},
		"an unseen kill": {
			func(all []record.Record) { all[5].Verdict, all[5].Reasons = record.Valid, nil },
			"trial 6, in which app was killed, is valid",
		},
		"a kill for another reason": {
			func(all []record.Record) { all[5].Reasons = []string{"missing: x"} }, "does not say so: missing: x",
		},
		"an invalid whole trial": {
			func(all []record.Record) { all[3].Verdict = record.Invalid }, "trial 4, in which nothing was killed",
		},
		"open files":       {func(all []record.Record) { grow(all, openFiles, 10) }, "open files"},
		"memory":           {func(all []record.Record) { grow(all, memory, 2e6) }, "bytes of memory"},
		"nothing recorded": {func(all []record.Record) { forget(all, memory) }, "NaN bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Judge(night(c.change)).Failures
			if c.want == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || c.want == "" || !strings.Contains(got[0], c.want) {
				t.Errorf("failures = %q; want one with %q", got, c.want)
			}
		})
	}
}

func grow(all []record.Record, metric string, by float64) {
	for i := range all {
		all[i].Metrics[metric] += by * float64(i)
	}
}

func forget(all []record.Record, metric string) {
	for i := range all {
		delete(all[i].Metrics, metric)
	}
}

func TestJudgeUnfinished(t *testing.T) {
	plan, records := night(func([]record.Record) {})
	if got := Judge(plan, records[:8]).Failures; len(got) != 1 || got[0] != "8 records of 9 trials" {
		t.Errorf("failures = %q; want the missing trial", got)
	}
	if got := Judge(plan, nil).Failures; len(got) == 0 {
		t.Error("a run without records has held")
	}
}
