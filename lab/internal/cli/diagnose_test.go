package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"stormwave/lab/internal/judge/diagnose"
)

func TestDiagnoseSaysWhatItCannotRead(t *testing.T) {
	root := checkout(t)
	dir := writeRun(t, root, runName, diagnosed)
	text, err := os.ReadFile(dir.Records())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	lines[1] = strings.Replace(lines[1], `"schema":2`, `"schema":0`, 1)
	write(t, dir.Records(), strings.Join(lines, ""))

	out, errs, status := run(t, root, "diagnose", runName)
	if status != 0 || !strings.Contains(errs, "excluded: ") || !strings.Contains(errs, "schema is 0") {
		t.Errorf("exit status %d, %q; want 0, and the line of the older schema", status, errs)
	}
	for _, want := range []string{"pool_size=1 storm: ", "pool_size=2 storm: ", "not recorded: "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	out, _, _ = run(t, root, "diagnose", "--json", runName)
	var cells []diagnose.Cell
	if err := json.Unmarshal([]byte(out), &cells); err != nil || len(cells) != 3 {
		t.Errorf("%d cells, %v; want the baseline, its A/A control and the other", len(cells), err)
	}
	if _, errs, status := run(t, root, "diagnose", "2026-01-01T0000Z-none"); status != 2 && status != 1 || errs == "" {
		t.Errorf("a run that is not there: exit status %d, %q", status, errs)
	}
}

const diagnosed = `name: pools
scenarios: [storm]
factors: {pool_size: [1, 2]}
baseline: {pool_size: 1}
blocks: 3
slo: {error_ratio: 0, p99: 1ms}
`
