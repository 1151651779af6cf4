//go:build services

package dashboard

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// Prometheus' own parser reads every query.
func TestEveryQueryParses(t *testing.T) {
	all := expressions(t)
	if out, err := parse(t, all); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	all["a query with a mistake"] = "sum(rate(app_http_requests_total[4s])"
	if _, err := parse(t, all); err == nil {
		t.Error("a query with a mistake is accepted: nothing was parsed")
	}
}

// parse has promtool read the queries: as rules, of which it reads many at once.
func parse(t *testing.T, queries map[string]string) (string, error) {
	t.Helper()
	type rule struct {
		Record string            `json:"record"`
		Expr   string            `json:"expr"`
		Labels map[string]string `json:"labels"`
	}
	var rules []rule
	for where, expr := range queries {
		rules = append(rules, rule{"dashboard:query", expr, map[string]string{"where": where}})
	}
	// JSON is YAML
	text, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboards", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "queries.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	tools, err := toolchain.Setup(t.Context(), "../../..", toolchain.Options{Services: service.Programs()})
	if err != nil {
		t.Fatal(err)
	}
	out, err := proc.Run(
		t.Context(),
		proc.Spec{Name: "promtool", Path: tools.Path("promtool"), Args: []string{"check", "rules", "--lint=none", file}},
	)
	return string(out), err
}
