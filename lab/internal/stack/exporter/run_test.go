package exporter

import (
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/series"
)

// nothing is a stack without services.
type nothing struct{}

func (nothing) PIDs() map[string]int { return map[string]int{} }

func (nothing) Queues() map[string]uint16 { return nil }

func (nothing) Connect(context.Context, string) (*pgx.Conn, error) {
	return nil, errors.New("there is no server")
}

// progress returns what is told of the run: metric and labels → value.
func progress(t *testing.T, e *Exporter) map[string]float64 {
	t.Helper()
	families, err := e.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	told := make(map[string]float64)
	for _, family := range families {
		switch family.GetName() {
		case series.RunPlanned, series.RunDone, series.RunVerdicts:
		default:
			continue
		}
		for _, m := range family.Metric {
			name := family.GetName()
			for _, label := range m.Label {
				name += " " + label.GetValue()
			}
			told[name] = m.Gauge.GetValue()
		}
	}
	return told
}

func TestProgressOfTheLatestRun(t *testing.T) {
	e := New(nothing{})
	if got := progress(t, e); len(got) > 0 {
		t.Errorf("before a run: %v; want nothing told, not zeros", got)
	}
	verdicts := map[string]int{"valid": 0, "suspect": 0, "invalid": 0}
	e.SetProgress(Progress{Run: "one", Planned: 6, Verdicts: verdicts})
	verdicts["valid"] = 7 // the teller's own business
	want := map[string]float64{
		series.RunPlanned + " one": 6, series.RunDone + " one": 0,
		series.RunVerdicts + " one valid": 0, series.RunVerdicts + " one suspect": 0, series.RunVerdicts + " one invalid": 0,
	}
	if got := progress(t, e); !maps.Equal(got, want) {
		t.Errorf("at the start: %v; want %v", got, want)
	}
	e.SetProgress(Progress{Run: "two", Planned: 9, Verdicts: map[string]int{"valid": 3, "suspect": 1, "invalid": 0}})
	want = map[string]float64{
		series.RunPlanned + " two": 9, series.RunDone + " two": 4,
		series.RunVerdicts + " two valid": 3, series.RunVerdicts + " two suspect": 1, series.RunVerdicts + " two invalid": 0,
	}
	if got := progress(t, e); !maps.Equal(got, want) {
		t.Errorf("of the next run: %v; want %v", got, want)
	}
}
