package service

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/stack/toolchain"
)

// Each program is set up once and in the order of the services, and is known by what it prints.
func TestProgramsAreThoseOfTheServices(t *testing.T) {
	type program struct{ name, role, version string }
	printed := map[string]string{
		"postgres":           "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)",
		"pgbouncer":          "PgBouncer 1.24.1",
		"prometheus":         "prometheus, version 3.12.0 (branch: HEAD, revision: 0123456)",
		"promtool":           "promtool, version 3.12.0 (branch: HEAD, revision: 0123456)",
		"node_exporter":      "node_exporter, version 1.9.0+ds (branch: debian/sid)",
		"postgres_exporter":  "prometheus-postgres-exporter, version 0.17.1+ds (branch: debian/sid)",
		"pgbouncer_exporter": "pgbouncer_exporter, version 0.11.0 (branch: , revision: unknown)",
		"grafana":            "grafana version 12.1.0",
	}
	want := []program{
		{"postgres", "lab", "15.18"},
		{"pgbouncer", "lab", "1.24.1"},
		{"prometheus", "lab", "3.12.0"},
		{"promtool", "tests", "3.12.0"},
		{"node_exporter", "lab", "1.9.0"},
		{"postgres_exporter", "lab", "0.17.1"},
		{"pgbouncer_exporter", "lab", "0.11.0"},
		{"grafana", "optional", "12.1.0"},
	}
	var got []program
	for _, r := range Programs() {
		p := program{name: r.Name, role: string(r.Role)}
		if match := r.Answer.FindStringSubmatch(printed[r.Name]); match != nil {
			if v, err := toolchain.ParseVersion(match[1]); err == nil && !v.Less(r.Min) && (r.Below == nil || v.Less(r.Below)) {
				p.version = v.String()
			}
		}
		got = append(got, p)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(program{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
