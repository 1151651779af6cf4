package spectest

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
)

// there is what the repository's specs can name, on a machine of two CPUs.
var there = func() matrix.Inventory {
	all := service.Inventory(backends.Default(), "storm", "wave", "mixed", "storm-open", "wave-open")
	all.CPUs = "0-1"
	return all
}()

// The same seed draws the same, whoever asks; another one draws something else.
func TestSeedDecides(t *testing.T) {
	draw := func(seed uint64) string {
		d := New(seed, there, 2)
		return d.Spec() + d.Matrix("drawn", 20)
	}
	if a, b := draw(1), draw(1); a != b {
		t.Errorf("seed 1 has drawn\n%s\nand then\n%s", a, b)
	}
	if draw(1) == draw(2) {
		t.Error("seeds 1 and 2 draw the same")
	}
}

var cellText = regexp.MustCompile(`(?m)^    d\d+: `)

// What is drawn as a matrix is accepted, with as many cells as were asked for.
func TestMatrixIsAccepted(t *testing.T) {
	for seed := range uint64(5) {
		text := New(seed, there, 2).Matrix("drawn", 60)
		spec, err := matrix.Parse([]byte(text), there)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		plan := spec.Plan()
		if err := errors.Join(plan.Validate(), plan.Runnable(there)); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		drawn, cells, trials := len(cellText.FindAllString(text, -1)), len(spec.Cells), len(plan.Trials)
		if drawn != 60 || cells != 61 || trials != 62 { // the baseline, and the A/A control
			t.Errorf("seed %d: %d drawn, %d cells, %d trials; want 60, 61 and 62", seed, drawn, cells, trials)
		}
	}
}

// Any spec that is drawn is accepted, or refused with a place: nothing panics. Of either there are many, and what is
// accepted has settings of each family, in every topology.
func TestSpecsReachTheWholeGrammar(t *testing.T) {
	d := New(1, there, 2)
	accepted, refused := 0, 0
	seen := make(map[string]bool)
	defaults := there.Services.Defaults()
	topologies := make(map[string]bool)
	for range 2_000 {
		text := d.Spec()
		spec, err := matrix.Parse([]byte(text), there)
		if err != nil {
			var found matrix.Diagnostics
			if !errors.As(err, &found) || found[0].Line < 1 || found[0].Col < 1 {
				t.Fatalf("refused without a place: %v\n%s", err, text)
			}
			refused++
			continue
		}
		accepted++
		plan := spec.Plan()
		if err := errors.Join(plan.Validate(), plan.Runnable(there)); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		plan.WarnOfIdle(there.Services)
		for _, cell := range plan.Cells {
			topologies[cell.Settings[matrix.Topology]] = true
			for name, value := range cell.Settings {
				if value != defaults[name] {
					seen[name] = true
				}
			}
		}
	}
	if accepted < 300 || refused < 300 {
		t.Errorf("%d specs are accepted, %d refused; want 300 of each", accepted, refused)
	}
	for _, topology := range there.Services.Topologies() {
		if !topologies[topology] {
			t.Errorf("no cell has the topology %s", topology)
		}
	}
	for _, s := range there.Services.Table() {
		prefix, _, isFamily := strings.Cut(s.Name, "<")
		reached := seen[s.Name]
		for name := range seen {
			reached = reached || isFamily && strings.HasPrefix(name, prefix)
		}
		// A commit is built for minutes; to end a service is for tests of its own.
		if leftOut := s.Name == matrix.Commit || s.Name == matrix.FaultKill; reached == leftOut {
			t.Errorf("%s is reached: %t", s.Name, reached)
		}
	}
}

// Every setting that can be drawn is one, or is refused with why; and each name of a family leads to its program.
func TestCandidatesAreSettings(t *testing.T) {
	d := New(1, there, 2)
	for _, f := range d.all {
		allowed := 0
		for _, c := range f.settings {
			_, err := there.Services.Lookup(c.name)
			switch {
			case err == nil:
				allowed++
			case !strings.Contains(err.Error(), "is not for a spec to set: "):
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if allowed < 3 {
			t.Errorf("%d settings of %s may be set", allowed, f.name)
		}
	}
	if len(d.all) != 5+len(there.Services.Poolers()) {
		t.Errorf("%d families are drawn from", len(d.all))
	}
}

// spellings are what a parameter may look like; each is drawn within some hundred draws.
func TestSpellings(t *testing.T) {
	patterns := map[string][]string{
		"postgres.work_mem":         {`^\d+$`, `^0x`, `kB$`, `MB$`, `^\d+ ?B$`, `e\+`, `^64$`, `^2147483648$`},
		"postgres.jit":              {`^on$`, `^OFF$`, `^tr$`, `^yes$`, `^0$`},
		"postgres.random_page_cost": {`^\d+\.\d\d$`, `e`, `^4$`},
		"postgres.wal_level":        {`^replica$`, `^MINIMAL$`},
		"pool_size":                 {`^unlimited$`, `^\d+$`},
		"http_timeout":              {`^none$`, `ms$`, `\.\d+s$`},
		"pgbouncer.query_timeout":   {`^\d+$`, `\.5$`},
	}
	d := New(1, there, 2)
	for _, f := range d.all {
		for _, c := range f.settings {
			for _, pattern := range patterns[c.name] {
				found := false
				for range 1_000 {
					found = found || regexp.MustCompile(pattern).MatchString(c.draw(d.rng))
				}
				if !found {
					t.Errorf("%s is never like %s", c.name, pattern)
				}
			}
			delete(patterns, c.name)
		}
	}
	for name := range patterns {
		t.Errorf("%s is never drawn", name)
	}
}
