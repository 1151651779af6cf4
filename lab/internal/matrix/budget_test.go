package matrix

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A race has the trials of its first block, every cell once, is as large as its budget, and knows no
// control of the baseline.
func TestBudgetMakesARace(t *testing.T) {
	spec, err := Parse([]byte(good+"budget: 30\nblocks: 9\n"), there)
	if err != nil {
		t.Fatal(err)
	}
	plan := spec.Plan()
	if plan.Budget != 30 || plan.Size() != 30 || len(plan.Trials) != 8 || plan.Blocks != 9 {
		t.Errorf("budget %d, size %d, %d trials, %d blocks; want 30, 30, 8, 9",
			plan.Budget, plan.Size(), len(plan.Trials), plan.Blocks)
	}
	seen := map[string]int{}
	for i, trial := range plan.Trials {
		seen[trial.Cell]++
		if trial.N != i+1 || trial.Block != 1 {
			t.Errorf("trial %d is %+v", i+1, trial)
		}
	}
	for _, c := range plan.Cells {
		if seen[c.Label] != 2 {
			t.Errorf("%s is run %d times in the first block; want once with each scenario", c.Label, seen[c.Label])
		}
	}
	if plan.Control() != -1 || len(plan.Cells) != 4 {
		t.Errorf("the race has %d cells, of which %d is a control; want 4, and none", len(plan.Cells), plan.Control())
	}
	if err := plan.Validate(); err != nil {
		t.Error(err)
	}
	if plan.Budget = 27; plan.Validate() == nil {
		t.Error("a plan with a budget that is too low is valid")
	}
	whole, err := Parse([]byte(good+"blocks: 9\n"), there)
	if err != nil {
		t.Fatal(err)
	}
	if plan := whole.Plan(); plan.Size() != len(plan.Trials) || len(plan.Trials) != 5*2*9 {
		t.Errorf("without a budget: size %d, %d trials; want 90", plan.Size(), len(plan.Trials))
	}
}

func TestBudgetDiagnostics(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		want        []string
	}{
		{"too low", "budget: 27\n", []string{"10:9: a budget of 27 trials is too low: 4 cells × 2 scenarios take 28, "}},
		{"the least", "budget: 28\n", nil},
		{"no number", "budget: 45m\n", []string{"10:9: budget must be a whole number from 1 to 100000, not \"45m\""}},
		{"nothing", "budget: 0\n", []string{"10:9: budget must be a whole number from 1"}},
		{
			"with what it replaces",
			"blocks: {min: 6, max: 20, until: 5%}\nblocks_extra: 2\nbudget: 27\n",
			[]string{
				"10:9: with a budget blocks is one number",
				"11:15: blocks_extra has no meaning with a budget",
				"12:9: a budget of 27 trials is too low",
			},
		},
		{
			"one cell",
			"cells: [{pool_size: unlimited, timeouts: none}]\nbudget: 40\n",
			[]string{"11:9: a race takes two cells at least"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(good+c.lines), there)
			var got Diagnostics
			errors.As(err, &got)
			if len(got) != len(c.want) {
				t.Fatalf("%v; want %q", err, c.want)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(got[i].String(), want) {
					t.Errorf("%s; want %q", got[i], want)
				}
			}
		})
	}
}

// The budget of a spec is replaced, added or taken out, and nothing else changes.
func TestWithBudget(t *testing.T) {
	for _, c := range []struct {
		name, spec string
		budget     int
	}{
		{"added", "# why\n" + good, 40},
		{"replaced", "# why\n" + good + "budget: 30\n", 40},
		{"taken out", "# why\n" + good + "budget: 30\n", 0},
		{"left out", "# why\n" + good, 0},
	} {
		text, err := WithBudget([]byte(c.spec), c.budget)
		if err != nil {
			t.Fatal(err)
		}
		before, err := Parse([]byte(c.spec), there)
		if err != nil {
			t.Fatal(err)
		}
		after, err := Parse(text, there)
		if err != nil {
			t.Fatalf("%s: %v\n%s", c.name, err, text)
		}
		if after.Budget != c.budget || !slices.Contains(strings.Split(string(text), "\n"), "# why") {
			t.Errorf("%s: budget %d in\n%s", c.name, after.Budget, text)
		}
		after.Budget = before.Budget
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%s changes more (-before +after):\n%s", c.name, diff)
		}
	}
	for _, bad := range []string{"", "- a\n", "a: [\n"} {
		if _, err := WithBudget([]byte(bad), 40); err == nil {
			t.Errorf("%q gets a budget", bad)
		}
	}
}
