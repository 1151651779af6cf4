//go:build e2e

package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// checkEvents reads what `lab run --json` told of a run.
func checkEvents(t *testing.T, stdout, run string, all []rec) {
	t.Helper()
	type event struct {
		Time                      time.Time
		Event, Run, Verdict, Cell string
		N                         int
		Trials                    int `json:"shots"`
		Verdicts                  map[string]int
		Live                      *struct{ VUs int }
		Load                      *struct{ Requests float64 }
	}
	var events []event
	lives, stages := 0, 0
	for line := range strings.Lines(stdout) {
		var e event
		must(t, json.Unmarshal([]byte(line), &e))
		if e.Time.IsZero() {
			t.Errorf("an event without its time: %s", line)
		}
		switch e.Event {
		case "stage":
			stages++
		case "live":
			if e.Live == nil {
				t.Errorf("a live event without figures: %s", line)
			}
			lives++
		default:
			events = append(events, e)
		}
	}
	if len(events) != len(all)+2 {
		t.Fatalf("%d events of trials, beginning and end; want %d", len(events), len(all)+2)
	}
	if first := events[0]; first.Event != "run" || first.Run != run || first.Trials != len(all) {
		t.Errorf("the first event is %+v; want the run %s of %d trials", first, run, len(all))
	}
	for i, r := range all {
		if e := events[i+1]; e.Event != "shot" || e.N != r.N || e.Verdict != r.Verdict || e.Cell != r.Cell ||
			e.Load == nil || e.Load.Requests != r.Load.Requests {
			t.Errorf("event %+v does not tell of record %d", e, r.N)
		}
	}
	verdicts := 0
	last := events[len(events)-1]
	for _, n := range last.Verdicts {
		verdicts += n
	}
	if last.Event != "end" || verdicts != len(all) {
		t.Errorf("the last event is %+v; want the end, with %d verdicts", last, len(all))
	}
	if stages < 4*len(all) || lives < len(all) {
		t.Errorf("%d stages and %d live figures of %d trials; want four stages each, and figures", stages, lives, len(all))
	}
}
