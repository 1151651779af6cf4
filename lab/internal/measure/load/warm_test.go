package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// warming is a warm-up by a k6 of shell script.
func warming(t *testing.T, k6 string) Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "k6")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+k6+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return Config{
		K6:      path,
		Script:  Script{Path: "x.js", Setup: time.Minute, Warmup: true},
		BaseURL: "http://127.0.0.1:1",
		Log:     filepath.Join(t.TempDir(), "k6.log"),
	}
}

// answered is a k6 whose requests had these statuses, "200:7 503:2".
func answered(statuses string) string {
	sent, failed, parts := 0, 0, ""
	for field := range strings.FieldsSeq(statuses) {
		var status, n int
		if _, err := fmt.Sscanf(field, "%d:%d", &status, &n); err != nil {
			panic(err)
		}
		sent += n
		if status != 200 && status != 201 {
			failed += n
		}
		parts += fmt.Sprintf(`, "http_reqs{scenario:load,status:%d}": {"values": {"count": %d}}`, status, n)
	}
	return fmt.Sprintf(`cat >"$SUMMARY_FILE" <<end
{"start_ms": 1, "duration_ms": 2, "metrics": {
	"http_reqs{scenario:load}": {"values": {"count": %d}},
	"http_req_failed{scenario:load}": {"values": {"passes": %d}}%s}}
end`, sent, failed, parts)
}

// A limit that turns requests away is the cell's, and its load shows it; a system that fails
// all of them, or the log-in, does not serve.
func TestWarm(t *testing.T) {
	const away = "the warm-up was turned away: none of "
	for name, c := range map[string]struct {
		k6       string
		note     string
		err      string // in it
		unserved bool
	}{
		"all are served": {k6: answered("200:180 201:20")},
		"one is served":  {k6: answered("200:1 500:99 503:100")},
		"no room":        {k6: answered("503:200"), note: away + "200 requests was served, by status: 200 × 503"},
		"a quota":        {k6: answered("429:9"), note: away + "9 requests was served, by status: 9 × 429"},
		"too late":       {k6: answered("504:9"), note: away + "9 requests was served, by status: 9 × 504"},
		"no answer":      {k6: answered("0:9"), note: away + "9 requests was served, by status: 9 × 0"},
		"no room, and failures": {
			k6:   answered("500:8 503:1"),
			note: away + "9 requests was served, by status: 8 × 500, 1 × 503",
		},
		"nothing came to an end": {k6: answered(""), note: "the warm-up had no answer to any request"},
		"failures": {
			k6:       answered("500:7 502:2"),
			err:      "none of 9 requests was served, by status: 7 × 500, 2 × 502",
			unserved: true,
		},
		"what is not there":     {k6: answered("404:9"), err: "9 × 404: the script asks for what the backend does not have"},
		"log-in is refused":     {k6: "exit 108", err: "k6 ended with status 108", unserved: true},
		"log-in takes too long": {k6: "exit 100", err: "k6 ended with status 100", unserved: true},
		"script throws":         {k6: "exit 107", err: "k6 ended with status 107"},
		"no summary":            {k6: "exit 0", err: "k6 wrote no summary"},
		"summary is none":       {k6: `echo nothing >"$SUMMARY_FILE"`, err: "parse summary of k6"},
	} {
		note, err := Warm(t.Context(), warming(t, c.k6))
		if note != c.note || (err == nil) != (c.err == "") || errors.Is(err, ErrUnserved) != c.unserved {
			t.Errorf("%s: Warm = %q, %v; want %q, %q, unserved: %t", name, note, err, c.note, c.err, c.unserved)
		}
		if err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v; want %q", name, err, c.err)
		}
	}
}

// What is of the load alone is not of the warm-up: Prometheus is told nothing of it.
func TestWarmIsApartFromTheLoad(t *testing.T) {
	told := filepath.Join(t.TempDir(), "told")
	cfg := warming(t, fmt.Sprintf("{ echo \"$@\"; export -p; } >'%s'\n%s", told, answered("200:1")))
	cfg.Seed, cfg.Script.Env = 7, map[string]string{"HTTP_TIMEOUT": "3s"}
	cfg.RemoteWrite, cfg.Tags = "http://127.0.0.1:2/api/v1/write", map[string]string{"shot": "1"}
	cfg.Started = func(int) { t.Error("the load is said to have begun") }
	if note, err := Warm(t.Context(), cfg); note != "" || err != nil {
		t.Fatal(note, err)
	}
	text, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.NewReplacer("'", "", `"`, "").Replace(string(text))
	for _, want := range []string{
		"x.js\n", "PHASE=warmup\n", "BASE_URL=http://127.0.0.1:1\n", "SEED=7\n", "HTTP_TIMEOUT=3s\n", "K6_BLACKLIST_IPS=",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("k6 was not told %q:\n%s", want, got)
		}
	}
	for _, no := range []string{"--out", "--tag", "K6_PROMETHEUS"} {
		if strings.Contains(got, no) {
			t.Errorf("k6 was told %q:\n%s", no, got)
		}
	}
}

// A script that does not say that it can is not run.
func TestWarmNeedsADeclaration(t *testing.T) {
	cfg := warming(t, "exit 107")
	cfg.Script.Warmup = false
	note, err := Warm(t.Context(), cfg)
	if want := "not warmed up: the script does not declare options.ext.lab.warmup"; note != want || err != nil {
		t.Errorf("Warm = %q, %v; want %q", note, err, want)
	}
}

func TestWarmEnds(t *testing.T) {
	cfg := warming(t, "exec sleep 60")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Warm(ctx, cfg); !errors.Is(err, ErrInterrupted) || errors.Is(err, ErrUnserved) {
		t.Errorf("Warm = %v; want %v", err, ErrInterrupted)
	}
	_, err := cfg.runK6(t.Context(), 50*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "k6 has not ended after 50ms, and was stopped") ||
		errors.Is(err, ErrUnserved) {
		t.Errorf("runK6 = %v; want it stopped", err)
	}
}
