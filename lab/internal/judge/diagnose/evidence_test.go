package diagnose

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"stormwave/lab/internal/record"
)

// Every figure stands in the record, under the name that is given.
func TestEvidenceStandsInTheRecord(t *testing.T) {
	r := observed("pgbouncer+replica", 1260, 3700, map[string]float64{
		"primary_connections_max": 97, `query_errors{sqlstate="53300"}`: 1260, "replica_heartbeat_lag_seconds_max": 0.2,
	})
	d := Record(r, slo)
	for _, f := range append(append([]Finding{{Evidence: d.Symptoms}}, d.Claimed...), d.RuledOut...) {
		for _, e := range f.Evidence {
			CheckEvidence(t, r, e)
		}
	}
}

// The same for every record that is committed; and the study's baseline is what the
// study's team had guessed it to be.
func TestEvidenceOfCommittedRuns(t *testing.T) {
	dirs, err := filepath.Glob("../../../../results/*/records.jsonl")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("committed runs: %v, %v; want some", dirs, err)
	}
	for _, path := range dirs {
		records, err := record.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		causes := make(map[Cause]int)
		for _, r := range records {
			if r.Load == nil {
				continue
			}
			d := Record(r, slo)
			for _, f := range append(append([]Finding{{Evidence: d.Symptoms}}, d.Claimed...), d.RuledOut...) {
				for _, e := range f.Evidence {
					CheckEvidence(t, r, e)
				}
			}
			if r.Baseline && r.Scenario == "storm" && d.Cause != None {
				causes[d.Cause]++
			}
		}
		if strings.HasSuffix(filepath.Dir(path), "-study") && (causes[DBConnectionsExhausted] == 0 || len(causes) > 1) {
			t.Errorf("%s: the baseline's storm is diagnosed as %v; want %s alone", path, causes, DBConnectionsExhausted)
		}
	}
}

// CheckEvidence fails unless the record holds the figure.
func CheckEvidence(t *testing.T, r record.Record, e Evidence) {
	t.Helper()
	field, value := "", math.NaN()
	switch name := e.Name; {
	case strings.HasPrefix(name, "load."):
		field = name
		value = map[string]float64{
			"load.status.503":         float64(r.Load.Status["503"]),
			"load.error_ratio":        r.Load.ErrorRatio,
			"load.latency_ms.p99":     r.Load.Latency.P99,
			"load.dropped_iterations": float64(r.Load.Dropped),
			"load.requests":           float64(r.Load.Requests),
		}[name]
		if name == "load.k6_cpu_cores" && r.Load.CPUCores != nil {
			value = *r.Load.CPUCores
		}
	case strings.HasPrefix(name, "attested."):
		field = name
		if _, err := fmt.Sscan(r.Effective[strings.TrimPrefix(name, "attested.")], &value); err != nil {
			value = 0 // a word, such as a topology
		}
	default:
		if v, ok := r.Metrics[name]; ok {
			value = v
		} else if e.Value == 0 {
			value = 0 // none was seen: the family has no such series
		}
	}
	if value != e.Value {
		t.Errorf("%s%s = %v is given as evidence (%s); the record has %v", field, e.Name, e.Value, e.Words, value)
	}
}
