//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gallery is a matrix of faults, one block. Each cell is its settings and the cause that
// the diagnosis is to name.
func gallery(cells map[string][2]string) string {
	var factor, expect strings.Builder
	for _, name := range slices.Sorted(maps.Keys(cells)) {
		fmt.Fprintf(&factor, "    %s: {%s}\n", name, cells[name][0])
		fmt.Fprintf(&expect, "  %s: %s\n", name, cells[name][1])
	}
	return "name: some-faults\nscenarios: [mixed@0.08]\nfactors:\n  fault:\n" + factor.String() +
		"baseline: {fault: healthy}\nexpect:\n" +
		expect.String() + `settings: {pool_size: 16, pool_min: 16, scenario.THINK_TIME: 1s}
seed: 1
slo: {error_ratio: 0.01, p99: 100ms}
`
}

// fewFaults are a fault in a server, and one that ends a service; allFaults
// those that can be run in seconds.
var (
	fewFaults = map[string][2]string{
		"healthy":        {"", "none"},
		"row-locks":      {"fault.lock_users: 400ms", "db-lock-contention"},
		"replica-killed": {"topology: replica, fault.kill: replica@4s", "component-failed"},
	}
	allFaults = map[string][2]string{
		"healthy":         fewFaults["healthy"],
		"row-locks":       fewFaults["row-locks"],
		"network-latency": {"fault.network_delay: 25ms", "network-latency"},
		"app-cpu":         {"fault.cpu_app: 0.2, scenario.THINK_TIME: 100ms", "app-cpu-bound"},
		"replica-killed":  fewFaults["replica-killed"],
	}
)

// Each fault is really there, is named first by the diagnosis, and is gone after the run.
func TestInjectedFaultsAreThereAndAreNamed(t *testing.T) { injectAndName(t, fewFaults) }

func injectAndName(t *testing.T, cells map[string][2]string) {
	c := newCheckout(t)
	c.measures = true
	spec := filepath.Join(c.root, "faults.yaml")
	must(t, os.WriteFile(spec, []byte(gallery(cells)), 0o600))
	c.lab("up")
	if r := c.run("run", spec); r.status != 0 { // that the replica is killed is a result
		t.Fatalf("exit status %d, want 0\n%s%s", r.status, r.stdout, r.stderr)
	}
	run := filepath.Base(c.runs()[0])
	for _, r := range records(t, c.runs()[0]) {
		for name, want := range r.Settings {
			if !strings.HasPrefix(name, "fault.") || name == "fault.kill" {
				continue
			}
			if r.Effective[name] != want {
				t.Errorf("%s: %s is read back as %q, want %q", r.Cell, name, r.Effective[name], want)
			}
		}
		if killed := strings.Contains(r.Cell, "killed"); killed != (r.Verdict == "failed") || r.Verdict == "invalid" {
			t.Errorf("%s is %s: %v", r.Cell, r.Verdict, r.Reasons)
		}
	}
	var named []struct {
		Cell, Cause string
		Typical     struct {
			Claimed []struct {
				Cause    string
				Evidence []struct{ Words string }
			}
		}
	}
	must(t, json.Unmarshal([]byte(c.lab("diagnose", "--json", run)), &named))
	var plan struct {
		Cells []struct{ Label, Expect string }
	}
	text, err := os.ReadFile(filepath.Join(c.runs()[0], "plan.json"))
	must(t, err)
	must(t, json.Unmarshal(text, &plan))
	expected := make(map[string]string)
	for _, p := range plan.Cells {
		expected[p.Label] = p.Expect
	}
	for _, cell := range named {
		if cell.Cause != expected[cell.Cell] {
			t.Errorf("%s: %s is named, want %s; claimed: %+v", cell.Cell, cell.Cause, expected[cell.Cell], cell.Typical.Claimed)
		}
	}
	report, err := os.ReadFile(c.runs()[0] + ".md")
	must(t, err)
	if !strings.Contains(string(report), "**Confusion matrix**") {
		t.Error("the report holds no confusion matrix")
	}
	// And all is as it was.
	for _, p := range c.processes() {
		if strings.Contains(p, "lab fault") {
			t.Errorf("a helper is left: %s", p)
		}
	}
}
