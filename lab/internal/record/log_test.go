package record

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample(n int) Record {
	start := time.Date(2026, 11, 23, 9, 15, n, 0, time.UTC)
	peak := 1980.5
	return Record{
		Schema: Schema, Run: "2026-11-23T0915Z-quick", N: n, Block: 1, Cell: "pool_size=8", Scenario: "storm", Scale: 1,
		Settings: map[string]string{"pool_size": "8"}, Effective: map[string]string{"pool_size": "8"},
		Start: start, End: start.Add(50 * time.Second), Verdict: Valid, Reasons: []string{},
		Load: &Load{
			Requests: 100,
			Status:   map[string]int64{"200": 100},
			RPSMean:  2,
			RPSPeak:  &peak,
			Latency:  Latency{P50: 1, P95: 2, P99: 3, Max: 4},
		},
		Metrics: map[string]float64{`cpu_cores{service="app"}`: 0.25},
		Lab:     map[string]float64{"turnaround_s": 3.5},
	}
}

// written is a records file with so many records.
func written(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "records.jsonl")
	log, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		if err := log.Append(sample(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAppendRead(t *testing.T) {
	path := written(t, 2)
	log, err := Open(path) // a run goes on where it stopped
	if err != nil {
		t.Fatal(err)
	}
	third := sample(3)
	third.Reasons = nil
	if err := log.Append(third); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Record{sample(1), sample(2), sample(3)}, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if err := log.Append(sample(4)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("append after Close: %v", err)
	}
}

func TestOneWriter(t *testing.T) {
	path := written(t, 1)
	log, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("second Open: %v, want that another process writes", err)
	}
}

func TestAppendRefuses(t *testing.T) {
	path := written(t, 1)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	log, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for name, test := range map[string]struct {
		change func(*Record)
		want   string
	}{
		"NaN metric": {
			func(r *Record) { r.Metrics = map[string]float64{"host_load1_max": math.NaN()} }, "host_load1_max is NaN",
		},
		"Inf figure":   {func(r *Record) { r.Lab = map[string]float64{"turnaround_s": math.Inf(1)} }, "turnaround_s is +Inf"},
		"NaN load":     {func(r *Record) { r.Load.Latency.P99 = math.NaN() }, "NaN"},
		"Inf peak":     {func(r *Record) { inf := math.Inf(-1); r.Load.RPSPeak = &inf }, "Inf"},
		"schema":       {func(r *Record) { r.Schema = 0 }, "schema is 0"},
		"run":          {func(r *Record) { r.Run = "../x" }, `run "../x"`},
		"n":            {func(r *Record) { r.N = 0 }, "n is 0"},
		"block":        {func(r *Record) { r.Block = 0 }, "block is 0"},
		"cell":         {func(r *Record) { r.Cell = "" }, "cell is empty"},
		"scenario":     {func(r *Record) { r.Scenario = "" }, "scenario is empty"},
		"scale":        {func(r *Record) { r.Scale = 0 }, "scale is 0"},
		"end":          {func(r *Record) { r.End = r.Start.Add(-1) }, "before start"},
		"verdict":      {func(r *Record) { r.Verdict = "fine" }, `verdict is "fine"`},
		"many slow":    {func(r *Record) { r.Load.Slow = new(int64(101)) }, "load is impossible"},
		"valid, empty": {func(r *Record) { r.Load = nil }, "load is missing"},
		"no reason":    {func(r *Record) { r.Verdict = Invalid }, "reasons are missing"},
	} {
		r := sample(2)
		test.change(&r)
		if err := log.Append(r); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("a refused record changed the file")
	}
}

// A write that fails and cannot be taken back ends the log.
func TestAppendBroken(t *testing.T) {
	path := written(t, 1)
	log, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.file.Close(); err != nil {
		t.Fatal(err)
	}
	first := log.Append(sample(2))
	if first == nil || !strings.Contains(first.Error(), "append record 2") {
		t.Fatalf("append to a closed file: %v", first)
	}
	if second := log.Append(sample(3)); second != first {
		t.Errorf("append after that: %v, want the same error", second)
	}
}

func TestTorn(t *testing.T) {
	whole, err := os.ReadFile(written(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	third, err := os.ReadFile(written(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	for name, tail := range map[string]string{
		"half a line":         string(third[:len(third)/2]),
		"all but its end":     string(third[:len(third)-1]),
		"zeros after a crash": strings.Repeat("\x00", 100),
		"half a line, ended":  string(third[:40]) + "\n",
		"empty line":          "\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "records.jsonl")
			if err := os.WriteFile(path, append(bytes.Clone(whole), tail...), 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := Read(path)
			var torn *TornError
			if !errors.As(err, &torn) || torn.Line != 3 || torn.Offset != int64(len(whole)) {
				t.Fatalf("Read: %v, want a torn line 3 at %d", err, len(whole))
			}
			if diff := cmp.Diff([]Record{sample(1), sample(2)}, got); diff != "" {
				t.Errorf("good records (-want +got):\n%s", diff)
			}
			if !strings.HasSuffix(tail, "\n") {
				if _, err := Open(path); !errors.As(err, &torn) {
					t.Errorf("Open: %v, want a torn line", err)
				}
			}
			dropped, err := Recover(path)
			if err != nil || dropped != int64(len(tail)) {
				t.Errorf("Recover dropped %d bytes, %v; want %d", dropped, err, len(tail))
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(whole, after) {
				t.Error("Recover did not leave just the whole records")
			}
			if dropped, err := Recover(path); dropped != 0 || err != nil {
				t.Errorf("Recover of a whole file: %d, %v", dropped, err)
			}
		})
	}
}

func TestCorrupt(t *testing.T) {
	whole, err := os.ReadFile(written(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for name, test := range map[string]struct {
		line int // 1-based, the one that is changed
		by   func(string) string
		want string
	}{
		"garbage in the middle": {2, func(string) string { return "garbage\n" }, "invalid character"},
		"empty in the middle":   {1, func(string) string { return "\n" }, "unexpected end"},
		"unknown key": {
			2, func(s string) string { return strings.Replace(s, `"run"`, `"ran"`, 1) }, `unknown field "ran"`,
		},
		"newer schema": {
			3, func(s string) string { return strings.Replace(s, `"schema":2`, `"schema":3,"new":0`, 1) }, "schema is 3",
		},
		"wrong type": {
			3, func(s string) string { return strings.Replace(s, `"n":3`, `"n":"3"`, 1) }, "cannot unmarshal string",
		},
		"two values in one line": {1, func(s string) string { return strings.TrimSpace(s) + s }, "invalid character"},
		"impossible": {
			2, func(s string) string { return strings.Replace(s, `"block":1`, `"block":0`, 1) }, "block is 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "records.jsonl")
			changed := make([]string, len(lines))
			for i, l := range lines {
				changed[i] = string(l)
			}
			changed[test.line-1] = test.by(changed[test.line-1])
			src := strings.Join(changed, "")
			if err := os.WriteFile(path, []byte(src), 0o644); err != nil {
				t.Fatal(err)
			}
			records, err := Read(path)
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) || corrupt.Line != test.line || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Read: %v, want line %d with %q", err, test.line, test.want)
			}
			if records != nil {
				t.Errorf("%d records came with a corrupt file", len(records))
			}
			if _, err := Recover(path); !errors.As(err, &corrupt) {
				t.Errorf("Recover: %v, want to leave a corrupt file alone", err)
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(after) != src {
				t.Error("Recover changed a corrupt file")
			}
		})
	}
}

// Whatever the bytes: no panic; and after dropping a torn line, no torn line.
func FuzzRead(f *testing.F) {
	whole, err := os.ReadFile(written(f, 2))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-20])
	f.Add([]byte("{\"schema\":1}\n"))
	f.Add([]byte("\n\n\x00"))
	f.Fuzz(func(t *testing.T, src []byte) {
		records, err := decode("records.jsonl", src)
		var torn *TornError
		var corrupt *CorruptError
		switch {
		case err == nil:
			if want := bytes.Count(src, []byte("\n")); len(records) != want {
				t.Errorf("%d records in %d lines", len(records), want)
			}
		case errors.As(err, &torn):
			again, err := decode("records.jsonl", src[:torn.Offset])
			if err != nil {
				t.Fatalf("what lies before a torn line: %v", err)
			}
			if !cmp.Equal(records, again) {
				t.Error("dropping the torn line changed the records before it")
			}
		case errors.As(err, &corrupt):
			if records != nil || corrupt.Line < 1 {
				t.Errorf("corrupt line %d came with %d records", corrupt.Line, len(records))
			}
		default:
			t.Fatalf("error is %T", err)
		}
		for _, r := range records {
			if err := r.Validate(); err != nil {
				t.Errorf("a record was read that cannot be written: %v", err)
			}
		}
	})
}

func TestReadEachLeavesOutWhatCannotBeRead(t *testing.T) {
	path := written(t, 3)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	older := bytes.Replace(lines[1], []byte(`"schema":2`), []byte(`"schema":0`), 1)
	src := slices.Concat(lines[0], older, []byte("no record\n"), lines[2][:20])
	if err := os.WriteFile(path, src, 0o600); err != nil {
		t.Fatal(err)
	}
	records, corrupt, err := ReadEach(path)
	if err != nil || len(records) != 1 || records[0].N != 1 || len(corrupt) != 3 {
		t.Fatalf(
			"%d records, corrupt lines %v, %v; want the first record and three corrupt lines", len(records), corrupt, err,
		)
	}
	for i, want := range []string{":2: ", "schema is 0", ":3: ", ":4: "} {
		if text := errors.Join(corrupt...).Error(); !strings.Contains(text, want) {
			t.Errorf("corrupt line %d: %q is not in %s", i, want, text)
		}
	}
}

func TestSeriesReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "series", "1.json.gz")
	want := Series{
		Start:  time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Step:   1,
		Curves: map[string][]*float64{"rps": {nil, new(12.5)}},
	}
	if err := WriteSeries(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadSeries(path)
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("read back %v, %v; want %v", got, err, want)
	}
	for name, content := range map[string]string{"not compressed": "{}", "empty": ""} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSeries(path); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}
