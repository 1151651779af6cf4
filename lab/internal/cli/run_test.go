package cli

import (
	"os"
	"os/exec"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
)

func TestDescribe(t *testing.T) {
	for blocks, want := range map[string]string{
		"3":                           "4 cells × (3 × storm + 3 × wave) = 24 trials",
		"{storm: 6, wave: 3}":         "4 cells × (6 × storm + 3 × wave) = 36 trials",
		"{min: 6, max: 9, until: 5%}": "4 cells × (9 × storm + 9 × wave) = 72 trials at most, 6 blocks at least",
		"9\nbudget: 22":               "a race of 3 cells × 2 scenarios, 22 trials at most (every cell in every block: 54)",
	} {
		spec, err := matrix.Parse([]byte(`name: t
scenarios: [storm, wave]
factors: {pool_size: [unlimited, 4, 8]}
baseline: {pool_size: unlimited}
slo: {error_ratio: 0.01, p99: 500ms}
blocks: `+blocks+"\n"), service.Inventory("storm", "wave"))
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(spec.Plan()); got != want {
			t.Errorf("blocks %s: %s; want %s", blocks, got, want)
		}
	}
}

// `lab run --json | head` must not end the run, nor make the programs that it starts deaf to what ends them.
func TestARunOutlivesItsReader(t *testing.T) {
	cmd := exec.Command("/bin/bash", "-c", `"$0" | true; echo "status ${PIPESTATUS[0]}"`, os.Args[0])
	cmd.Env = append(os.Environ(), "CLI_TEST_READERS=yes")
	out, err := cmd.CombinedOutput()
	const want = "the run goes on; its child ends with signal SIGPIPE\nstatus 0\n"
	if err != nil || string(out) != want {
		t.Errorf("%q, %v; want %q", out, err, want)
	}
}
