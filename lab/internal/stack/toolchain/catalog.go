package toolchain

import (
	"context"
	"regexp"

	"stormwave/lab/internal/stack/proc"
)

// requirement says how one program is recognised, and how it is got.
type requirement struct {
	name   string
	others []string // names that distributions gave it, after its own
	beside []string // programs that come in the same directory and count as one with it
	maybe  []string // the same, but not insisted on
	apart  string   // pattern of directories outside PATH where versions stand apart
	home   string   // environment variable that names a directory with bin/ in it
	role   Role
	min    version // oldest that works; nil: any
	below  version // first that no longer works; nil: none

	module  string                // main package's module, to read the version of a Go program from its file
	release func(version) version // from the module's version to the release's; nil: the same
	ask     []string              // arguments that make it print its version
	answer  *regexp.Regexp        // what it prints then; the group is the version

	// Ways to get it; the first that does is taken. Without one it is only named.
	debian *debianPackage
	goPkg  string // main package, in the versions that lab/tools/go.mod pins
	source *sourcePackage
	fetch  func(context.Context, *installer, requirement) error // of what is no program
	npm    bool                                                 // fetch takes npm

	file string // within the directory of tools, of what stands there alone and is not looked for on PATH
}

// need is the range of versions in words.
func (r requirement) need() string {
	text := ""
	if r.min != nil {
		text = "≥ " + r.min.String()
	}
	if r.below != nil {
		text += ", < " + r.below.String()
	}
	return text
}

// catalog lists the programs in the order in which they are set up.
func catalog() []requirement {
	all := []requirement{
		{
			name: "go", role: Optional, min: version{1, 26},
			ask: []string{"version"}, answer: regexp.MustCompile(`^go version go(\S+)`),
		},
		{
			name: "mage", role: Optional, module: "github.com/magefile/mage",
			ask: []string{"-version"}, answer: regexp.MustCompile(`^Mage Build Tool v?(\d\S*)`),
		},
		{
			name: "postgres", role: ForLab, min: version{15},
			beside: []string{"initdb", "psql", "pg_basebackup"}, maybe: []string{"pg_ctl"},
			apart: "/usr/lib/postgresql/*/bin",
			ask:   []string{"--version"}, answer: regexp.MustCompile(`^postgres \(PostgreSQL\) (\S+)`),
			debian: &debianPackage{name: "postgresql"},
		},
		{
			// Older ones can exit under load when queries are cancelled.
			name: "pgbouncer", role: ForLab, min: version{1, 21},
			ask: []string{"--version"}, answer: regexp.MustCompile(`^PgBouncer (\S+)`),
			debian: &debianPackage{name: "pgbouncer", service: "pgbouncer"}, source: pgbouncerSource,
		},
		{
			name: "pgpool", role: ForTests, min: version{4, 2},
			ask: []string{"--version"}, answer: regexp.MustCompile(`^pgpool-II version (\S+)`),
			debian: &debianPackage{name: "pgpool2", service: "pgpool2"},
		},
		{
			name: "prometheus", role: ForLab, min: version{3, 5},
			module: "github.com/prometheus/prometheus", release: prometheusRelease,
			ask: []string{"--version"}, answer: regexp.MustCompile(`^prometheus, version (\S+)`),
			goPkg: "github.com/prometheus/prometheus/cmd/prometheus",
		},
		{
			name: "promtool", role: ForTests, min: version{3, 5},
			module: "github.com/prometheus/prometheus", release: prometheusRelease,
			ask: []string{"--version"}, answer: regexp.MustCompile(`^promtool, version (\S+)`),
			goPkg: "github.com/prometheus/prometheus/cmd/promtool",
		},
		{
			name: "node_exporter", others: []string{"prometheus-node-exporter"}, role: ForLab, min: version{1, 8},
			module: "github.com/prometheus/node_exporter",
			ask:    []string{"--version"}, answer: regexp.MustCompile(`^(?:prometheus-)?node[_-]exporter, version (\S+)`),
			debian: &debianPackage{name: "prometheus-node-exporter", unpack: "usr/bin/prometheus-node-exporter"},
			goPkg:  "github.com/prometheus/node_exporter",
		},
		{
			// 0.20 renames metrics that the snapshot reads.
			name: "postgres_exporter", others: []string{"prometheus-postgres-exporter"}, role: ForLab, min: version{0, 15}, below: version{0, 20},
			module: "github.com/prometheus-community/postgres_exporter",
			ask:    []string{"--version"}, answer: regexp.MustCompile(`^(?:prometheus-)?postgres[_-]exporter, version (\S+)`),
			debian: &debianPackage{name: "prometheus-postgres-exporter", unpack: "usr/bin/prometheus-postgres-exporter"},
			goPkg:  "github.com/prometheus-community/postgres_exporter/cmd/postgres_exporter",
		},
		{
			// Debian's prometheus-pgbouncer-exporter is another program: not looked for.
			name: "pgbouncer_exporter", role: ForLab, min: version{0, 10},
			module: "github.com/prometheus-community/pgbouncer_exporter",
			ask:    []string{"--version"}, answer: regexp.MustCompile(`^pgbouncer_exporter, version (\S+)`),
			goPkg: "github.com/prometheus-community/pgbouncer_exporter",
		},
		{
			name: "k6", role: ForLab, min: version{2, 0}, module: "go.k6.io/k6/v2",
			ask: []string{"version"}, answer: regexp.MustCompile(`^k6 v(\S+)`),
			goPkg: "go.k6.io/k6/v2",
		},
		{
			name: "grafana", role: Optional, home: "LAB_GRAFANA_HOME",
			ask: []string{"--version"}, answer: regexp.MustCompile(`^grafana version (\S+)`),
		},
		{
			name: "nix", role: ForTests, min: version{2, 8},
			ask: []string{"--version"}, answer: regexp.MustCompile(`^nix \(Nix\) (\S+)`),
			debian: &debianPackage{name: "nix-bin"},
		},
		{
			name: "chromium", others: []string{"chromium-browser", "google-chrome"}, role: ForTests,
			ask: []string{"--version"}, answer: regexp.MustCompile(`^(?:Chromium|Google Chrome) (\S+)`),
			debian: &debianPackage{name: "chromium"},
		},
		{
			name: "git", role: ForTests,
			ask: []string{"--version"}, answer: regexp.MustCompile(`^git version (\S+)`),
			debian: &debianPackage{name: "git"},
		},
		{
			// A second installation, which a test puts first on PATH. The lab never takes it.
			name: "postgresql-18", role: ForTests, min: version{18}, file: "postgresql-18/bin/postgres",
			ask: []string{"--version"}, answer: regexp.MustCompile(`^postgres \(PostgreSQL\) (\S+)`),
			source: postgresSource,
		},
	}
	if proc.IsRoot() && onPath("apt-get") != "" {
		// Only root can enter the bare system that it makes.
		all = append(all, requirement{
			name: "debootstrap", role: ForTests,
			ask: []string{"--version"}, answer: regexp.MustCompile(`^debootstrap (\S+)`),
			debian: &debianPackage{name: "debootstrap"},
		})
	}
	return all
}

// prometheusRelease undoes the numbering of Prometheus' Go module, where release
// 3.12.0 is v0.312.0.
func prometheusRelease(module version) version {
	if len(module) < 3 || module[0] != 0 {
		return module
	}
	return version{module[1] / 100, module[1] % 100, module[2]}
}
