//go:build services

package load

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/stack/proc"
)

// The percentiles of a trial are those of its raw samples, computed anew from every
// request that k6 has written down.
func TestPercentilesAreThoseOfTheRawSamples(t *testing.T) {
	t.Parallel()
	cfg := trial(t, "storm", 0.06, newBackend(t))
	dir := t.TempDir()
	summary, raw := filepath.Join(dir, "summary.json"), filepath.Join(dir, "raw.csv")
	target, err := Aim(cfg.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	spec := cfg.spec(target, summary)
	spec.Args = slices.Concat([]string{"run", "--out", "csv=" + raw}, spec.Args[1:])
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := proc.Run(ctx, spec); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(summary)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(data, cfg.Script.Nominal)
	if err != nil {
		t.Fatal(err)
	}
	all, ok := samples(t, raw)
	if int64(len(all)) != got.Load.Requests {
		t.Errorf("%d raw samples, %d requests", len(all), got.Load.Requests)
	}
	for _, c := range []struct {
		name    string
		samples []float64
		latency record.Latency
	}{{"all", all, got.Load.Latency}, {"successful", ok, *got.Load.OKLatency}} {
		for share, reported := range map[float64]float64{0.50: c.latency.P50, 0.95: c.latency.P95, 0.99: c.latency.P99} {
			if want := percentile(c.samples, share); math.Abs(reported-want) > 0.01*want {
				t.Errorf("p%.0f of %s requests = %v ms; their samples give %v ms", 100*share, c.name, reported, want)
			}
		}
	}
}

// samples reads the wait of every request of the load, and of those that were successful,
// in milliseconds.
func samples(t *testing.T, path string) (all, ok []float64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows := csv.NewReader(f)
	head, err := rows.Read()
	if err != nil {
		t.Fatal(err)
	}
	column := func(name string) int { return slices.Index(head, name) }
	name, value, load := column("metric_name"), column("metric_value"), column("scenario")
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return all, ok
		}
		if err != nil {
			t.Fatal(err)
		}
		if row[name] != latency && row[name] != okLatency || row[load] != record.LoadScenario {
			continue
		}
		v, err := strconv.ParseFloat(row[value], 64)
		if err != nil {
			t.Fatal(err)
		}
		if row[name] == latency {
			all = append(all, v)
		} else {
			ok = append(ok, v)
		}
	}
}

// percentile interpolates between the two nearest ranks.
func percentile(samples []float64, share float64) float64 {
	sorted := slices.Sorted(slices.Values(samples))
	rank := share * float64(len(sorted)-1)
	low := int(rank)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (rank-float64(low))*(sorted[high]-sorted[low])
}
