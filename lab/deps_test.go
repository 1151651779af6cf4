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

// rooms lists, in the order of the data's way, what a package of the lab may
// import of the lab. A package that is not listed may import nothing of it.
var rooms = map[string][]string{
	"lab":                           {"internal/cli"},
	"lab/internal/matrix":           {},
	"lab/internal/series":           {},
	"lab/internal/record":           {},
	"lab/internal/judge/compare":    {"internal/judge/stat", "internal/matrix", "internal/record"},
	"lab/internal/dashboard":        {},
	"lab/internal/stack/proc":       {},
	"lab/internal/stack/toolchain":  {"internal/stack/proc"},
	"lab/internal/stack/fault":      {},
	"lab/internal/stack/exporter":   {"internal/series", "internal/stack/proc"},
	"lab/internal/stack":            {"internal/matrix", "internal/stack/proc", "internal/stack/toolchain"},
	"lab/internal/page":             {"internal/matrix", "internal/record", "internal/report/numeral", "internal/report/plot", "internal/series", "internal/stack"},
	"lab/internal/browsertest":      {"internal/stack/toolchain"},
	"lab/internal/stack/daemon":     {"internal/matrix", "internal/page", "internal/stack", "internal/stack/exporter", "internal/stack/proc", "internal/stack/toolchain"},
	"lab/internal/measure/load":     {"internal/record", "internal/stack/proc"},
	"lab/internal/measure/snapshot": {"internal/record", "internal/series"},
	"lab/internal/measure/host":     {"internal/record", "internal/stack/proc", "internal/stack/toolchain"},
	"lab/internal/runner": {
		"internal/matrix", "internal/record", "internal/measure/host", "internal/measure/load", "internal/measure/snapshot",
		"internal/stack", "internal/stack/exporter", "internal/stack/proc",
	},
	"lab/internal/judge/stat":     {},
	"lab/internal/judge/stop":     {"internal/judge/stat", "internal/matrix", "internal/record"},
	"lab/internal/judge/soak":     {"internal/judge/stat", "internal/matrix", "internal/record"},
	"lab/internal/judge/usl":      {},
	"lab/internal/judge/knee":     {"internal/judge/usl", "internal/matrix", "internal/record"},
	"lab/internal/judge/diagnose": {"internal/judge/stat", "internal/matrix", "internal/record"},
	"lab/internal/report":         {"internal/judge/diagnose", "internal/judge/knee", "internal/judge/stat", "internal/judge/usl", "internal/matrix", "internal/record", "internal/report/numeral", "internal/report/plot"},
	"lab/internal/report/numeral": {},
	"lab/internal/report/plot":    {},
	"lab/internal/cli": {
		"internal/matrix", "internal/record", "internal/report", "internal/runner", "internal/judge/stop", "internal/measure/host", "internal/measure/load",
		"internal/judge/compare", "internal/judge/diagnose", "internal/judge/knee", "internal/judge/soak", "internal/measure/snapshot", "internal/measure/tsdb", "internal/page", "internal/stack", "internal/stack/daemon", "internal/stack/fault", "internal/stack/proc", "internal/stack/toolchain",
	},
}

// pure packages have no clock, no network and no files.
var pure = []string{"lab/internal/matrix", "lab/internal/judge/compare", "lab/internal/judge/diagnose", "lab/internal/judge/knee", "lab/internal/judge/soak", "lab/internal/judge/usl", "lab/internal/judge/stat", "lab/internal/judge/stop", "lab/internal/report", "lab/internal/report/numeral", "lab/internal/report/plot", "lab/internal/series", "lab/internal/dashboard"}

var impure = []string{"os", "os/exec", "net", "net/http", "io/fs", "path/filepath", "syscall", "math/rand"}

type pkg struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func TestImportsGoOneWay(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "stormwave/")
		for _, imported := range p.Imports {
			inside, ours := strings.CutPrefix(imported, "stormwave/")
			switch {
			case imported == "os/exec" && name != "lab/internal/stack/proc" && name != "app/internal/pgtest":
				t.Errorf("%s imports os/exec: only proc starts processes", name)
			case inside == "app/internal/pgtest":
				t.Errorf("%s imports pgtest: it starts servers for tests, and is for tests alone", name)
			case slices.Contains(pure, name) && slices.Contains(impure, imported):
				t.Errorf("%s imports %s: it is to be pure", name, imported)
			case !ours:
			case strings.HasPrefix(name, "lab") && strings.HasPrefix(inside, "app/"):
				if inside != "app/contract" {
					t.Errorf("%s imports %s: the lab knows the backend by app/contract alone", name, inside)
				}
			case strings.HasPrefix(name, "app"):
				if !strings.HasPrefix(inside, "app/") {
					t.Errorf("%s imports %s: the backend knows nothing of the lab", name, inside)
				}
			case !slices.Contains(rooms[name], strings.TrimPrefix(inside, "lab/")):
				t.Errorf("%s imports %s: against the way of the data; see rooms in this test", name, inside)
			}
		}
	}
}

func TestContractImportsTheStandardLibraryOnly(t *testing.T) {
	found := false
	for _, p := range packages(t) {
		if p.ImportPath != "stormwave/app/contract" {
			continue
		}
		found = true
		for _, imported := range p.Imports {
			if strings.Contains(strings.Split(imported, "/")[0], ".") || strings.HasPrefix(imported, "stormwave/") {
				t.Errorf("app/contract imports %s", imported)
			}
		}
	}
	if !found {
		t.Error("app/contract is not there")
	}
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", "./...")
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
	if len(all) < len(rooms) {
		t.Fatalf("go list finds %d packages; want at least %d", len(all), len(rooms))
	}
	return all
}
