package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed is a package of the lab, and what it may import.
type allowed struct {
	path    string
	holds   string
	imports []string // of the lab
	pure    bool     // it has no clock, no network and no files
}

// allowedImports lists the packages in the order of the data's way, and what each may import of the
// lab. A package that is not listed may import nothing of it.
var allowedImports = []allowed{
	{
		path:  "lab",
		holds: "the program: it only calls `cli`",
		imports: []string{
			"internal/cli",
		},
	},
	{
		path:  "lab/internal/strict",
		holds: "YAML that people write, read so that all mistakes are told at once, each with its place",
		pure:  true,
	},
	{
		path:  "lab/internal/backend",
		holds: "what the lab knows of the backend under test, and the manifest that says it",
		imports: []string{
			"internal/strict",
		},
		pure: true,
	},
	{
		path:  "lab/backends",
		holds: "the manifests that come with the lab, and the way to any other",
		imports: []string{
			"internal/backend", "internal/strict",
		},
	},
	{
		path:  "lab/internal/setting",
		holds: "values as the programs understand them: units, spellings, what was asked for and what was read back",
		pure:  true,
	},
	{
		path:  "lab/internal/route",
		holds: "which services a query passes",
		pure:  true,
	},
	{
		path:  "lab/internal/matrix",
		holds: "spec, factors, cells, plan",
		imports: []string{
			"internal/backend", "internal/route", "internal/search/calibrate", "internal/search/race", "internal/setting",
			"internal/strict",
		},
		pure: true,
	},
	{
		path:  "lab/internal/series",
		holds: "names of the metrics that the lab itself exports",
		pure:  true,
	},
	{
		path:  "lab/internal/record",
		holds: "what a run has measured, on disk",
		imports: []string{
			"internal/route",
		},
	},
	{
		path:  "lab/internal/analysis",
		holds: "which trials count, how cells differ from the baseline, the noise band, the best cells",
		imports: []string{
			"internal/judge/stat", "internal/matrix", "internal/metric", "internal/record",
		},
		pure: true,
	},
	{
		path:  "lab/internal/metric",
		holds: "what is measured: one table, which all that reads, shows or judges a metric goes by",
		imports: []string{
			"internal/backend", "internal/judge/stat", "internal/matrix", "internal/record", "internal/report/numeral",
			"internal/route", "internal/series",
		},
		pure: true,
	},
	{
		path:  "lab/internal/judge/compare",
		holds: "two runs, runs over time, and gates",
		imports: []string{
			"internal/analysis", "internal/judge/stat", "internal/matrix", "internal/metric", "internal/record",
		},
		pure: true,
	},
	{
		path:  "lab/internal/dashboard",
		holds: "the Grafana dashboards, made from the table of metrics",
		imports: []string{
			"internal/backend", "internal/matrix", "internal/metric", "internal/record", "internal/series",
		},
		pure: true,
	},
	{
		path:  "lab/internal/dashboardtest",
		holds: "the Grafana dashboards, read so that tests can ask every query of theirs",
		pure:  true,
	},
	{
		path:  "lab/internal/stack/proc",
		holds: "one process of the operating system",
	},
	{
		path:  "lab/internal/stack/toolchain",
		holds: "finds, builds, installs programs",
		imports: []string{
			"internal/stack/proc",
		},
	},
	{
		path:  "lab/internal/stack/fault",
		holds: "what the helper processes do that bring about known faults",
	},
	{
		path:  "lab/internal/stack/exporter",
		holds: "metrics that no other exporter gives",
		imports: []string{
			"internal/backend", "internal/series", "internal/stack/proc",
		},
	},
	{
		path:  "lab/internal/service",
		holds: "the services, one file each, and `All`",
		imports: []string{
			"internal/backend", "internal/matrix", "internal/metric", "internal/route", "internal/setting",
			"internal/stack/proc", "internal/stack/toolchain",
		},
	},
	{
		path:  "lab/internal/stack",
		holds: "brings the services up and down; `Apply`, read-back",
		imports: []string{
			"internal/backend", "internal/matrix", "internal/service", "internal/setting", "internal/stack/proc",
			"internal/stack/toolchain",
		},
	},
	{
		path:  "lab/internal/page",
		holds: "the live page: the services, the run, charts from Prometheus",
		imports: []string{
			"internal/analysis", "internal/backend", "internal/matrix", "internal/metric", "internal/record",
			"internal/report/numeral", "internal/report/plot", "internal/series", "internal/service", "internal/stack",
		},
	},
	{
		path:  "lab/internal/test/browsertest",
		holds: "pages in a real Chromium, for tests",
		imports: []string{
			"internal/stack/toolchain",
		},
	},
	{
		path:  "lab/internal/test/spectest",
		holds: "specs drawn at random from all that one can say, for tests",
		imports: []string{
			"internal/backend", "internal/matrix", "internal/route",
		},
		pure: true,
	},
	{
		path:  "lab/internal/stack/daemon",
		holds: "the supervisor and its client",
		imports: []string{
			"internal/backend", "internal/matrix", "internal/page", "internal/service", "internal/setting",
			"internal/stack", "internal/stack/exporter", "internal/stack/proc", "internal/stack/toolchain",
		},
	},
	{
		path:  "lab/internal/measure/load",
		holds: "one run of k6, and what it counted",
		imports: []string{
			"internal/backend", "internal/matrix", "internal/record", "internal/stack/proc",
		},
	},
	{
		path:  "lab/internal/measure/snapshot",
		holds: "a trial's window, read from Prometheus",
		imports: []string{
			"internal/metric", "internal/record", "internal/series",
		},
	},
	{
		path:  "lab/internal/measure/host",
		holds: "the machine, and when it is idle",
		imports: []string{
			"internal/record", "internal/stack/toolchain",
		},
	},
	{
		path:  "lab/internal/measure/tsdb",
		holds: "Prometheus' data of a run, kept and copied",
	},
	{
		path:  "lab/internal/runner",
		holds: "the loop over the plan",
		imports: []string{
			"internal/analysis", "internal/matrix", "internal/measure/host", "internal/measure/load",
			"internal/measure/snapshot", "internal/metric", "internal/record", "internal/route", "internal/service",
			"internal/search/calibrate", "internal/setting", "internal/stack", "internal/stack/exporter",
			"internal/stack/proc",
		},
	},
	{
		path:  "lab/internal/judge/stat",
		holds: "intervals, tests, words; over numbers alone",
		pure:  true,
	},
	{
		path:  "lab/internal/judge/stop",
		holds: "whether a run has measured enough",
		imports: []string{
			"internal/analysis", "internal/judge/stat", "internal/matrix", "internal/record",
		},
		pure: true,
	},
	{
		path:  "lab/internal/judge/soak",
		holds: "whether anything was lost while services were killed",
		imports: []string{
			"internal/judge/stat", "internal/matrix", "internal/record",
		},
		pure: true,
	},
	{
		path:  "lab/internal/judge/usl",
		holds: "the law of scalability, fitted to throughput over the requests in flight",
		pure:  true,
	},
	{
		path:  "lab/internal/judge/knee",
		holds: "where a rising load becomes too much: the first step that missed the SLO, the saturation",
		imports: []string{
			"internal/judge/stat", "internal/judge/usl", "internal/matrix", "internal/record",
		},
		pure: true,
	},
	{
		path:  "lab/internal/search/race",
		holds: "the focused race: which cells the next block measures, and what is known of each",
		pure:  true,
	},
	{
		path:  "lab/internal/search/tune",
		holds: "the race over the cells of a plan: records as its trials, and the trials that come next",
		imports: []string{
			"internal/analysis", "internal/matrix", "internal/record", "internal/search/race",
		},
		pure: true,
	},
	{
		path:  "lab/internal/search/capacity",
		holds: "the highest load that holds the SLO: which load comes next, and where the capacity lies",
		pure:  true,
	},
	{
		path:    "lab/internal/search/calibrate",
		holds:   "the baseline's knee, and the factors by which a load is as hard here as in the study",
		imports: []string{"internal/judge/stat"},
		pure:    true,
	},
	{
		path:  "lab/internal/judge/diagnose",
		holds: "what limited a cell, by what evidence, and what to try next",
		imports: []string{
			"internal/analysis", "internal/backend", "internal/judge/stat", "internal/matrix", "internal/metric",
			"internal/record",
			"internal/route",
		},
		pure: true,
	},
	{
		path:  "lab/internal/report",
		holds: "Markdown, HTML and plots from records",
		imports: []string{
			"internal/analysis", "internal/backend", "internal/judge/diagnose", "internal/judge/knee",
			"internal/judge/stat", "internal/judge/stop", "internal/judge/usl", "internal/matrix", "internal/metric",
			"internal/record", "internal/report/numeral", "internal/report/plot", "internal/route",
			"internal/search/race", "internal/search/tune", "internal/series",
		},
		pure: true,
	},
	{
		path:  "lab/internal/report/numeral",
		holds: "numbers as people read them",
		pure:  true,
	},
	{
		path:    "lab/internal/report/plot",
		holds:   "SVG plots",
		imports: []string{"internal/report/numeral"},
		pure:    true,
	},
	{
		path:  "lab/internal/cli",
		holds: "the commands, one file each",
		imports: []string{
			"backends", "internal/analysis", "internal/backend", "internal/dashboard", "internal/judge/compare",
			"internal/judge/diagnose", "internal/judge/knee", "internal/judge/soak", "internal/judge/stat",
			"internal/judge/stop", "internal/matrix", "internal/measure/host", "internal/measure/load",
			"internal/measure/snapshot", "internal/measure/tsdb", "internal/page", "internal/record", "internal/report",
			"internal/runner", "internal/search/race", "internal/search/tune", "internal/service", "internal/stack",
			"internal/stack/daemon", "internal/stack/fault", "internal/stack/proc", "internal/stack/toolchain",
		},
	},
}

var impure = []string{"os", "os/exec", "net", "net/http", "io/fs", "path/filepath", "syscall", "math/rand"}

type pkg struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func TestImportsGoOneWay(t *testing.T) {
	known := make(map[string]allowed)
	for _, r := range allowedImports {
		known[r.path] = r
	}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "stormwave/")
		for _, imported := range p.Imports {
			inside, ours := strings.CutPrefix(imported, "stormwave/")
			switch {
			case imported == "os/exec" && name != "lab/internal/stack/proc" && name != "internal/test/pgtest":
				t.Errorf("%s imports os/exec: only proc starts processes", name)
			case strings.Contains(inside, "internal/test/"):
				t.Errorf("%s imports %s: it is for tests alone", name, inside)
			case known[name].pure && slices.Contains(impure, imported):
				t.Errorf("%s imports %s: it is to be pure", name, imported)
			case !ours:
			case strings.HasPrefix(name, "lab") && strings.HasPrefix(inside, "app/"):
				t.Errorf("%s imports %s: the lab knows the backend by its manifest", name, inside)
			case strings.HasPrefix(name, "app"):
				if !strings.HasPrefix(inside, "app/") {
					t.Errorf("%s imports %s: the backend knows nothing of the lab", name, inside)
				}
			case !slices.Contains(known[name].imports, strings.TrimPrefix(inside, "lab/")):
				t.Errorf("%s imports %s: against the way of the data; see allowedImports in this test", name, inside)
			}
		}
	}
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-tags=services", "-json=ImportPath,Imports,Standard", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < len(allowedImports) {
		t.Fatalf("go list finds %d packages; want at least %d", len(all), len(allowedImports))
	}
	return all
}
