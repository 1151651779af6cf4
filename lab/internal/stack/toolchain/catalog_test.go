package toolchain

import (
	"regexp"
	"slices"
	"testing"
)

// services are programs as services name them: in a directory of its own, packaged too old or not at all, unpacked,
// limited to older ones.
var services = []Requirement{
	{
		Name:   "postgres",
		Role:   ForLab,
		Min:    Version{15},
		Beside: []string{"initdb", "psql", "pg_basebackup"},
		Maybe:  []string{"pg_ctl"},
		Apart:  "/usr/lib/postgresql/*/bin",
		Ask:    []string{"--version"},
		Answer: regexp.MustCompile(`^postgres \(PostgreSQL\) (\S+)`),
		Debian: &DebianPackage{Name: "postgresql"},
	},
	{
		Name:   "pgbouncer",
		Role:   ForLab,
		Min:    Version{1, 21},
		Ask:    []string{"--version"},
		Answer: regexp.MustCompile(`^PgBouncer (\S+)`),
		Debian: &DebianPackage{Name: "pgbouncer", Service: "pgbouncer"},
		Source: &SourcePackage{
			Name:   "pgbouncer",
			Suite:  "trixie",
			Needs:  []string{"libevent-dev", "libssl-dev"},
			Script: "make",
			Result: "pgbouncer",
		},
	},
	{
		Name:      "node_exporter",
		Others:    []string{"prometheus-node-exporter"},
		Role:      ForLab,
		Min:       Version{1, 8},
		Ask:       []string{"--version"},
		Answer:    regexp.MustCompile(`^node_exporter, version (\S+)`),
		Debian:    &DebianPackage{Name: "prometheus-node-exporter", Unpack: "usr/bin/prometheus-node-exporter"},
		GoPackage: "example.org/node_exporter",
	},
	{
		Name:      "postgres_exporter",
		Others:    []string{"prometheus-postgres-exporter"},
		Role:      ForLab,
		Min:       Version{0, 15},
		Below:     Version{0, 20},
		Ask:       []string{"--version"},
		Answer:    regexp.MustCompile(`^postgres_exporter, version (\S+)`),
		Debian:    &DebianPackage{Name: "prometheus-postgres-exporter", Unpack: "usr/bin/prometheus-postgres-exporter"},
		GoPackage: "example.org/postgres_exporter",
	},
	{
		Name:      "pgbouncer_exporter",
		Role:      ForLab,
		Min:       Version{0, 10},
		Ask:       []string{"--version"},
		Answer:    regexp.MustCompile(`^pgbouncer_exporter, version (\S+)`),
		GoPackage: "example.org/pgbouncer_exporter",
	},
}

// Go comes first, for it builds others; what is only for tests comes last.
func TestServicesStandAmongTheOtherPrograms(t *testing.T) {
	var got []string
	for _, r := range catalog([]Requirement{{Name: "one"}, {Name: "two"}}) {
		got = append(got, r.Name)
	}
	want := []string{"go", "mage", "one", "two", "k6", "nix", "chromium", "git", "postgresql-18"}
	if rest := got[min(len(want), len(got)):]; !slices.Equal(got[:len(got)-len(rest)], want) ||
		!slices.Equal(rest, []string{"debootstrap"}) && len(rest) > 0 {
		t.Errorf("%q; want %q, and debootstrap where there is an apt-get of root's", got, want)
	}
}
