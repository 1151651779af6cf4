//go:build e2e && soak

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/test/spectest"
)

// scripts are the scenarios of the repository.
var scripts = []string{"storm", "wave", "mixed", "storm-open", "wave-open"}

// longestTrial is that of a cell that the stack cannot be brought to: two applies that come to their deadlines.
const longestTrial = 6 * time.Minute

// applyDrawn draws specs, each of so many cells, and measures them one after another on one stack.
func applyDrawn(t *testing.T, seed uint64, specs, cells int) {
	c := newCheckout(t)
	there := service.Inventory(backends.Default(), scripts...)
	there.CPUs = fmt.Sprintf("0-%d", runtime.NumCPU()-1)
	drawer := spectest.New(seed, there, runtime.NumCPU())
	c.lab("up")
	found := make(map[string]int)
	defer func() {
		for _, line := range slices.Sorted(maps.Keys(found)) {
			t.Logf("%4d × %s", found[line], line)
		}
	}()
	for n := range specs {
		name := fmt.Sprintf("drawn-%d-%d", seed, n+1)
		text := drawer.Matrix(name, cells)
		spec := filepath.Join(c.root, name+".yaml")
		must(t, os.WriteFile(spec, []byte(text), 0o600))
		parsed, err := matrix.Parse([]byte(text), there)
		must(t, err)
		before := c.runs()
		w := c.watch("run", "--json", spec)
		for range parsed.Plan().Trials {
			w.awaitWithin("shot", longestTrial)
		}
		if status := w.exit(); status != 0 && status != 3 { // 3: some trials are not valid
			t.Errorf("%s: exit status %d: %s\n%s", name, status, w.errors.String(), text)
		}
		for _, run := range c.runs() {
			if !slices.Contains(before, run) {
				c.checkDrawn(run, found)
			}
		}
		if state := c.status().State; state != "up" {
			t.Fatalf("%s: the stack is %s", name, state)
		}
	}
}

// checkDrawn looks at each trial of a run, and counts by verdict and reason.
func (c *checkout) checkDrawn(run string, found map[string]int) {
	c.t.Helper()
	var plan matrix.Plan
	text, err := os.ReadFile(filepath.Join(run, "plan.json"))
	must(c.t, err)
	must(c.t, json.Unmarshal(text, &plan))
	all := records(c.t, run)
	if len(all) != len(plan.Trials) {
		c.t.Errorf("%s: %d records of %d trials", filepath.Base(run), len(all), len(plan.Trials))
	}
	usual := plan.Cells[0].Settings // of the baseline
	for _, r := range all {
		drawn := maps.Clone(matrix.Settings(r.Settings))
		maps.DeleteFunc(drawn, func(name, value string) bool { return usual[name] == value })
		if len(r.Reasons) == 0 {
			found[r.Verdict]++
		}
		for _, reason := range r.Reasons {
			found[r.Verdict+" | "+kindOf(reason)]++
		}
		if isSpoilt(r.Verdict) && !names(r.Reasons, drawn) {
			c.t.Errorf("%s, trial %d is %s, and no reason names a setting of %v:\n  %s",
				filepath.Base(run), r.N, r.Verdict, drawn, strings.Join(r.Reasons, "\n  "))
		}
	}
}

// names says whether one of the reasons names one of the settings: as the spec does, or as the program does that
// takes it.
func names(reasons []string, settings matrix.Settings) bool {
	said := strings.ToLower(strings.Join(reasons, "; "))
	for name := range settings {
		_, member, _ := strings.Cut(name, ".")
		for _, text := range []string{name, member} {
			if text != "" && regexp.MustCompile(`\b`+regexp.QuoteMeta(strings.ToLower(text))+`\b`).MatchString(said) {
				return true
			}
		}
	}
	return false
}

var (
	inQuotes  = regexp.MustCompile(`"[^"]*"`)
	ofNumbers = regexp.MustCompile(`\d[\d.:]*`)
)

// kindOf is a reason without its numbers, cut short.
func kindOf(reason string) string {
	line, _, _ := strings.Cut(reason, "\n")
	line = ofNumbers.ReplaceAllString(inQuotes.ReplaceAllString(line, `"…"`), "N")
	return line[:min(160, len(line))]
}
