package cli

import (
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
)

func TestDescribe(t *testing.T) {
	for blocks, want := range map[string]string{
		"3":                           "4 cells × 2 scenarios × 3 blocks = 24 shots",
		"{storm: 6, wave: 3}":         "4 cells × (6 × storm + 3 × wave) = 36 shots",
		"{min: 6, max: 9, until: 5%}": "4 cells × 2 scenarios × 9 blocks = 72 shots at most, 6 blocks at least",
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
