package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

func TestTuneRefuses(t *testing.T) {
	root := checkout(t)
	programs(t)
	spec := planSpec(t, root)
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "lab tune: an argument is missing"},
		{[]string{"--replay", runName, spec}, "lab tune: it does not take"},
		{[]string{"--budget", "20", "--within", "45m", spec}, "choose one of --budget and --within"},
		{[]string{"--budget", "-1", spec}, "--budget and --within are above 0"},
		{[]string{"--budget", "10", spec}, "the budget is too low: 10 trials; 3 cells take 11"},
		{
			[]string{"--within", "3m", spec},
			"3m0s is too short: a trial takes about 55 s, and 3 cells × 1 scenarios take 11 trials, 10 min",
		},
		{[]string{"--replay", runName, "--within", "5m"}, "a replay takes no time: give it a --budget"},
		{[]string{"--replay", runName, "--races", "0"}, "--races is 1 at least"},
		{[]string{"--replay", runName}, "no run is called"},
	} {
		_, errs, status := run(t, root, append([]string{"tune"}, c.args...)...)
		if status != statusUsage || !strings.Contains(errs, c.want) {
			t.Errorf("tune %q: exit status %d, %q; want %d, %q", c.args, status, errs, statusUsage, c.want)
		}
	}
}

// The budget is that of the flags, else the spec's, else a quarter of the grid.
func TestBudgetOfARace(t *testing.T) {
	root := checkout(t)
	programs(t)
	write(t, root+"/scenarios/storm.js", "const rate = __ENV.RATE;\n")
	l := &lab{root: root}
	layout, err := l.layout()
	if err != nil {
		t.Fatal(err)
	}
	const head = `name: t
scenarios: [storm]
factors: {pool_size: [unlimited, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44]}
baseline: {pool_size: unlimited}
slo: {error_ratio: 0.01, p99: 500ms}
blocks: 9
`
	for _, c := range []struct {
		lines string
		with  tuning
		want  int
	}{
		{"", tuning{}, 27},
		{"budget: 30\n", tuning{}, 30},
		{"budget: 30\n", tuning{budget: 25}, 25},
		{"", tuning{within: time.Hour}, 66},
		{"budget: 30\n", tuning{within: time.Hour}, 66},
	} {
		spec, err := matrix.Parse([]byte(head+c.lines), service.Inventory("storm"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.budget(t.Context(), layout, spec, c.with)
		if err != nil || got != c.want {
			t.Errorf("%q, %+v: %d trials, %v; want %d", c.lines, c.with, got, err, c.want)
		}
	}
}

// A plan of a race tells its trials and the time that they take.
func TestPlanOfARace(t *testing.T) {
	root := checkout(t)
	programs(t)
	spec := planSpec(t, root)
	text, err := os.ReadFile(spec)
	if err != nil {
		t.Fatal(err)
	}
	write(t, spec, string(text)+"budget: 12\n")
	out, _, status := run(t, root, "plan", spec)
	const want = "x: a race of 3 cells × 1 scenarios, 12 trials at most (every cell in every block: 18), about 11 min\n"
	if status != 0 || !strings.HasSuffix(out, want) || strings.Contains(out, "none can be told") {
		t.Errorf("exit status %d,\n%s; want at its end %q", status, out, want)
	}
}

func TestReplay(t *testing.T) {
	root := checkout(t)
	const spec = `name: test
scenarios: [storm]
factors: {pool_size: [4, 8, 16, 32, 64, 128]}
baseline: {pool_size: 8}
blocks: 9
slo: {error_ratio: 0.01, p99: 1s}
`
	dir := writeRun(t, root, runName, spec)
	_, errs, status := run(t, root, "tune", "--replay", runName)
	if status == 0 || !strings.Contains(errs, "not counted") {
		t.Errorf("of records without slow requests: exit status %d, %q", status, errs)
	}
	records, err := record.Read(dir.Records())
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	for _, r := range records {
		r.Load.Slow = new(int64(0))
		r.Load.Failed = 0
		if r.Settings["pool_size"] == "32" {
			r.Load.GoodputRPS *= 1.5
		}
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	write(t, dir.Records(), lines.String())
	out, errs, status := run(t, root, "tune", "--replay", runName, "--races", "4", "--budget", "20")
	want := regexp.MustCompile(`^` + runName + `: 6 cells × 1 scenarios × 9 blocks; ` +
		`the best under the SLO is pool_size=32; goodput differs by \d\.\d% from trial to trial
noise taken for 1.0 × what it is: 4 races of \d\d trials: the best cell in the set in 100.0%, [^\n]*
noise taken for 0.7 × what it is: 4 races of [^\n]*
noise taken for 1.3 × what it is: 4 races of [^\n]*
$`)
	if status != 0 || !want.MatchString(out) {
		t.Errorf("exit status %d, %q:\n%s; want\n%s", status, errs, out, want)
	}
	if _, errs, status := run(t, root, "tune", "--replay", runName, "--budget", "5"); status != statusUsage ||
		!strings.Contains(errs, "the budget is too low: 5 trials; 6 cells take 16") {
		t.Errorf("a budget of 5: exit status %d, %q", status, errs)
	}
}
