//go:build services

package stack

import (
	"path/filepath"
	"testing"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// The rules that Prometheus loads, by Prometheus' own unit tests beside them.
func TestRules(t *testing.T) {
	const checkout = "../../.."
	tools, err := toolchain.Setup(t.Context(), checkout, toolchain.Options{Services: service.Programs(), Tests: true})
	if err != nil {
		t.Fatal(err)
	}
	rules := filepath.Join(checkout, "dashboards", "rules")
	for _, args := range [][]string{
		{"check", "rules", "--lint=all", "--lint-fatal", filepath.Join(rules, "stormwave.yaml")},
		{"test", "rules", filepath.Join(rules, "stormwave_test.yaml")},
	} {
		if out, err := proc.Run(
			t.Context(), proc.Spec{Name: "promtool", Path: tools.Path("promtool"), Args: args},
		); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}
