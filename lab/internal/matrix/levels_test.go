package matrix

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCellsHoldTheirLevels(t *testing.T) {
	plan := planOf(t, good)
	want := []map[string]string{
		{"pool_size": "unlimited", "timeouts": "none"},
		{"pool_size": "unlimited", "timeouts": "none"}, // the A/A control
		{"pool_size": "unlimited", "timeouts": "tight"},
		{"pool_size": "8", "timeouts": "none"},
		{"pool_size": "8", "timeouts": "tight"},
	}
	var got []map[string]string
	for _, c := range plan.Cells {
		got = append(got, c.Levels)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
	if got := plan.Cells[4].LabelOf([]string{"timeouts"}); got != "timeouts=tight" {
		t.Errorf("the cell by one factor is %q", got)
	}
	blank := Cell{Levels: map[string]string{"set": "a b", "other": "c"}}
	if got := blank.LabelOf([]string{"other", "set"}); got != `other=c set="a b"` {
		t.Errorf("a level with a blank: %q", got)
	}
}

// Each plan in the repository, with or without levels, gets those that its labels are made of.
func TestSetLevels(t *testing.T) {
	old := 0
	for file, src := range committed(t) {
		plan, err := decodePlan(src)
		if err != nil {
			t.Fatal(err)
		}
		if plan.Cells[0].Levels == nil {
			old++
		}
		spec, err := os.ReadFile(filepath.Join(filepath.Dir(file), "spec.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.SetLevels(spec); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if err := plan.Validate(); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, c := range plan.Cells {
			want := c.Label
			if c.Control {
				want = plan.Cells[0].Label
			}
			if got := c.LabelOf(plan.Factors); got != want {
				t.Errorf("%s: the levels of %s make %s", file, want, got)
			}
		}
	}
	if old == 0 {
		t.Error("no plan without levels is left to try it on")
	}
}

// A value may hold what looks like another factor's level; a plan that has levels keeps them.
func TestSetLevelsOfAnyText(t *testing.T) {
	spec := "factors:\n  app.OPTIONS: [x timeouts=none, y]\n  timeouts: {none: {}, tight: {}, tighter: {}}\n"
	plan := Plan{Factors: []string{"app.OPTIONS", "timeouts"}, Cells: []Cell{{
		Label:    `app.OPTIONS=y timeouts=tighter`,
		Settings: Settings{"app.OPTIONS": "y"},
	}}}
	for range 2 {
		if err := plan.SetLevels([]byte(spec)); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"app.OPTIONS": "y", "timeouts": "tighter"}
		if got := plan.Cells[0].Levels; !maps.Equal(got, want) {
			t.Errorf("levels %v, want %v", got, want)
		}
		spec = "factors: {other: [1]}\n"
	}
}

func TestSetLevelsRefuses(t *testing.T) {
	for name, spec := range map[string]string{
		"no YAML":         "a: [",
		"nothing":         "",
		"no factors":      "name: x\n",
		"another factor":  "factors: {timeouts: {none: {}}, pools: [8]}\n",
		"other bundles":   "factors: {timeouts: {loose: {}}, pool_size: [8]}\n",
		"a setting's map": "factors: {timeouts: {none: {}}, pool_size: {small: {}}}\n",
	} {
		plan := Plan{Factors: []string{"pool_size", "timeouts"}, Cells: []Cell{{
			Label:    "pool_size=8 timeouts=none",
			Settings: Settings{"pool_size": "8"},
		}}}
		if err := plan.SetLevels([]byte(spec)); err == nil {
			t.Errorf("%s: levels %v, want an error", name, plan.Cells[0].Levels)
		}
	}
}

func TestControlAndCompared(t *testing.T) {
	plan := planOf(t, good)
	if got := plan.Compared(); plan.Control() != 1 || !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("control %d, compared %v; want 1, and 2 to 4", plan.Control(), got)
	}
	plan.Cells = plan.Cells[:1]
	if plan.Control() != -1 || plan.Compared() != nil {
		t.Errorf("of the baseline alone: control %d, compared %v", plan.Control(), plan.Compared())
	}
}
