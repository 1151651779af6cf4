//go:build e2e

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
	"sync"
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

// Whatever a spec sets, each of its trials ends valid, or says which setting is why not; the run and its stack go on.
// The soak measures thousands.
func TestDrawnSpecsEndWithAReason(t *testing.T) { applyDrawn(t, 1, 4, 4, 5) }

// drawn is what is measured: specs that wait for a stack, and what became of their trials.
type drawn struct {
	seed    uint64
	cells   int // of each spec, besides its baseline
	there   matrix.Inventory
	waiting chan int // numbers of specs

	mu    sync.Mutex
	found map[string]int // trials by verdict and reason
}

// applyDrawn draws specs, each of so many cells, and measures them on so many stacks beside each other: most of a
// trial's time is waited, for k6 to start and for Prometheus to scrape.
func applyDrawn(t *testing.T, seed uint64, stacks, specs, cells int) {
	d := &drawn{
		seed:    seed,
		cells:   cells,
		there:   service.Inventory(backends.Default(), scripts...),
		waiting: make(chan int, specs),
		found:   make(map[string]int),
	}
	d.there.CPUs = fmt.Sprintf("0-%d", runtime.NumCPU()-1)
	for n := range specs {
		d.waiting <- n
	}
	close(d.waiting)
	var all sync.WaitGroup
	for n := range stacks {
		all.Go(func() { t.Run(fmt.Sprintf("stack-%d", n+1), d.onOneStack) })
	}
	all.Wait()
	if left := len(d.waiting); left > 0 {
		t.Errorf("%d of %d specs were not measured: no stack was left", left, specs)
	}
	for _, line := range slices.Sorted(maps.Keys(d.found)) {
		t.Logf("%4d × %s", d.found[line], line)
	}
}

// onOneStack measures specs, one after another, until none waits.
func (d *drawn) onOneStack(t *testing.T) {
	c := newCheckout(t)
	c.lab("up")
	for n := range d.waiting {
		name := fmt.Sprintf("drawn-%d-%d", d.seed, n+1)
		text := spectest.New(d.seed<<32|uint64(n), d.there, runtime.NumCPU()).Matrix(name, d.cells)
		spec := filepath.Join(c.root, name+".yaml")
		must(t, os.WriteFile(spec, []byte(text), 0o600))
		parsed, err := matrix.Parse([]byte(text), d.there)
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
				d.check(t, run)
			}
		}
		if state := c.status().State; state != "up" {
			t.Fatalf("%s: the stack is %s", name, state)
		}
	}
}

// check looks at each trial of a run, and counts by verdict and reason.
func (d *drawn) check(t *testing.T, run string) {
	t.Helper()
	var plan matrix.Plan
	text, err := os.ReadFile(filepath.Join(run, "plan.json"))
	must(t, err)
	must(t, json.Unmarshal(text, &plan))
	all := records(t, run)
	if len(all) != len(plan.Trials) {
		t.Errorf("%s: %d records of %d trials", filepath.Base(run), len(all), len(plan.Trials))
	}
	usual := plan.Cells[0].Settings // of the baseline
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range all {
		set := maps.Clone(matrix.Settings(r.Settings))
		maps.DeleteFunc(set, func(name, value string) bool { return usual[name] == value })
		if len(r.Reasons) == 0 {
			d.found[r.Verdict]++
		}
		for _, reason := range r.Reasons {
			d.found[r.Verdict+" | "+kindOf(reason)]++
		}
		if isSpoilt(r.Verdict) && !names(r.Reasons, set) {
			t.Errorf("%s, trial %d is %s, and no reason names a setting of %v:\n  %s",
				filepath.Base(run), r.N, r.Verdict, set, strings.Join(r.Reasons, "\n  "))
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
