package report

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func build(t testing.TB, run Run) string {
	t.Helper()
	built, err := Build(run)
	if err != nil {
		t.Fatal(err)
	}
	names := slices.DeleteFunc(
		slices.Sorted(maps.Keys(built)), func(name string) bool { return strings.HasSuffix(name, ".svg") },
	)
	names = slices.DeleteFunc(names, func(name string) bool { return name == run.Name+"/"+nextFile })
	if !slices.Equal(names, []string{run.Name + ".md", run.Name + "/bench.txt", run.Name + "/report.html"}) {
		t.Fatalf("built %q", names)
	}
	return string(built[run.Name+".md"])
}

func analyze(t testing.TB, run Run) *Analysis {
	t.Helper()
	a, err := Analyze(run)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestGolden(t *testing.T) {
	run := wounded(t)
	golden(t, "wounded.md", []byte(build(t, run)))
	golden(t, "terminal.txt", []byte(analyze(t, run).Terminal()))
	other := synthetic(t, 8)
	golden(t, "blocks.md", []byte(build(t, other)))
	var runs []Summary
	for _, run := range []Run{run, other} {
		s, err := Summarize(run)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, s)
	}
	runs[1].Run = "2026-12-01T0000Z-quick"
	golden(t, "index.md", Index(runs))
	golden(t, "index-empty.md", Index(nil))
}

// sameServices says whether it is one catalog: nothing of it can be changed.
func sameServices(a, b *matrix.Catalog) bool { return a == b }

// The same run gives the same bytes, and making a report leaves the run as it was.
func TestPure(t *testing.T) {
	run := wounded(t)
	first := build(t, run)
	for range 3 {
		if again := build(t, run); again != first {
			t.Fatal("the same run gave another report")
		}
	}
	if diff := cmp.Diff(wounded(t), run, cmp.Comparer(sameServices)); diff != "" {
		t.Errorf("the report changed the run:\n%s", diff)
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Run)
		want   string
	}{
		"name":     {func(r *Run) { r.Name = "../x" }, "not a run's name"},
		"run":      {func(r *Run) { r.Records[0].Run = "2026-11-23T0915Z-other" }, "belongs to run"},
		"cell":     {func(r *Run) { r.Records[1].Cell = "pool_size=1" }, `record 2: cell "pool_size=1" is not in the plan`},
		"scenario": {func(r *Run) { r.Records[2].Scale = 7 }, "@7\" is not in the plan"},
		"record":   {func(r *Run) { r.Records[3].Load = nil }, "record 4: load is missing"},
	} {
		run := synthetic(t, 1)
		test.change(&run)
		if built, err := Build(run); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %d files, error %v; want one with %q", name, len(built), err, test.want)
		}
	}
}

// An interrupted run that ran nothing still has a report that says so.
func TestNothingRun(t *testing.T) {
	run := synthetic(t, 1)
	run.Records = nil
	report := build(t, run)
	for _, want := range []string{
		"Of 10 trials 0 are valid, 10 not run.", "every number of every cell: not run", "Nothing was read back.",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

// Text from logs must not become mark-up, nor break a table.
func TestEscaping(t *testing.T) {
	if got, want := prose(
		"a_b _c_ <img> [x](y) `q` *\n|\\",
	), "a_b \\_c\\_ \\<img\\> \\[x\\](y) \\`q\\` \\* |\\\\"; got != want {
		t.Errorf("prose: %s, want %s", got, want)
	}
	for in, want := range map[string]string{"a=1": "`a=1`", "a`b": "`` a`b ``", "`": "`` ` ``"} {
		if got := code(in); got != want {
			t.Errorf("code(%q) = %s, want %s", in, got, want)
		}
	}
	run := synthetic(t, 1)
	run.Spec = []byte("name: x\n```\n# out of the fence\n````\n")
	if report := build(t, run); !strings.Contains(report, "\n`````yaml\nname: x\n") {
		t.Error("a fence within the spec ends its block")
	}
	text := table{head: []string{"a", "b"}, rows: [][]string{{"x|y", `\`}}}.markdown()
	if want := "| a    | b |\n|:-----|--:|\n| x\\|y | \\ |\n"; text != want {
		t.Errorf("table\n%swant\n%s", text, want)
	}
}

// capped is the row of the first cell that is neither the baseline nor its A/A control.
const capped = 2

// Only valid trials enter a row; an outlier in one that is excluded changes nothing.
func TestExcluded(t *testing.T) {
	run := synthetic(t, 3)
	storm := run.Plan.Scenarios[0]
	cell := run.Plan.Cells[capped].Label
	for i := range run.Records {
		r := &run.Records[i]
		if r.Cell != cell || analysis.ScenarioOf(r) != storm {
			continue
		}
		r.Load.GoodputRPS = 100 * float64(r.Block)
		if r.Block == 3 {
			r.Verdict, r.Reasons, r.Load.GoodputRPS = record.Suspect, []string{"noisy host"}, 1e9
		}
	}
	g := groups(run, storm)[capped]
	if got, n := g.median(goodputColumn); got != 150 || n != 2 {
		t.Errorf("median %v of %d without the third block; want 150 of 2", got, n)
	}
	if g.n() != "2 (1 excluded)" {
		t.Errorf("n is %q", g.n())
	}
}

func TestSLO(t *testing.T) {
	run := synthetic(t, 2)
	slo := run.Plan.SLO
	rows := groups(run, run.Plan.Scenarios[0])
	if got := rows[0].slo(slo); got != "0 of 2 (errors, p99)" {
		t.Errorf("baseline: %s", got)
	}
	if got := rows[capped].slo(slo); got != "2 of 2" || !rows[capped].Meets(slo) {
		t.Errorf("capped: %s", got)
	}
	rows[capped].Used[1].Load.Latency.P99 = 500.1
	if got := rows[capped].slo(slo); got != "1 of 2 (p99)" || rows[capped].Meets(slo) {
		t.Errorf("capped, once too slow: %s", got)
	}
	rows[capped].Used[1].Load.Latency.P99, rows[capped].Used[1].Load.ErrorRatio = 500, 0.0101
	if got := rows[capped].slo(slo); got != "1 of 2 (errors)" {
		t.Errorf("capped, once too many errors: %s", got)
	}
	rows[capped].Suspect = true
	if got := rows[capped].slo(slo); got != "1 of 2† (errors)" || rows[capped].Meets(slo) {
		t.Errorf("suspect: %s", got)
	}
	rows[capped].Used = nil
	if got := rows[capped].slo(slo); got != numeral.Missing || rows[capped].Meets(slo) {
		t.Errorf("no valid trial: %s", got)
	}
}
