//go:build mage

// Stormwave's verbs for people. Each builds bin/lab and calls it; `lab --help`
// tells more.
package main

import (
	"os"

	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"
)

// Lab holds the stack's verbs: lab:up, lab:down, …
type Lab mg.Namespace

// Bench holds the measuring verbs: bench:quick, bench:matrix, …
type Bench mg.Namespace

// Test holds the rings of the tests: test:unit, test:services, test:e2e; test is all three.
type Test mg.Namespace

// Build builds the backend and the lab into bin/.
func Build() error {
	return sh.RunV("go", "build", "-trimpath", "-o", "bin/", "./app", "./lab")
}

// lab builds and runs bin/lab.
func lab(args ...string) error {
	mg.Deps(Build)
	return sh.RunV("bin/lab", args...)
}

// Aliases: `mage test` is all three rings.
var Aliases = map[string]any{"test": Test.All}

// Unit runs every test that needs no server, no root and no set-up: seconds.
func (Test) Unit() error {
	// Most of the time of a first run is the compiler's: it vets nothing (check does), writes nothing for debuggers,
	// inlines nothing, and collects no garbage below a gigabyte.
	return sh.RunWithV(map[string]string{"CGO_ENABLED": "0", "GOGC": "off", "GOMEMLIMIT": "1GiB"},
		"go", "test", "-vet=off", "-p=8", "-ldflags=-s -w", "-gcflags=all=-dwarf=false -l", "./...")
}

// Services runs the tests of one or a few real programs, and the unit tests beside them.
func (Test) Services() error { return services() }

// E2e runs the tests of whole stacks.
func (Test) E2e() error { return stacks() }

// All runs the three rings.
func (Test) All() error {
	if err := services(); err != nil {
		return err
	}
	return stacks()
}

// Soak repeats a hundredfold what the other rings do a few times: hours.
func (Test) Soak() error {
	return withPrograms("-tags=services,e2e,soak", "-p=1", "-timeout=12h", "-run=^TestSoak", "./...")
}

func services() error {
	return withPrograms("-tags=services", "-p=3", "-parallel=4", "-timeout=20m", "./...")
}

func stacks() error {
	return withPrograms("-tags=services,e2e", "-parallel=4", "-timeout=40m", "./lab/e2e")
}

// withPrograms sets up what is missing and runs tests that need it.
func withPrograms(args ...string) error {
	if err := lab("setup", "--tests"); err != nil {
		return err
	}
	return sh.RunV("go", append([]string{"test", "-count=1", "-vet=off"}, args...)...)
}

// Check formats, vets, lints and runs the race detector.
func Check() error {
	mg.Deps(Build)
	return sh.RunV("lab/check.sh")
}

// Setup gets the programs that are missing.
func (Lab) Setup() error { return lab("setup") }

// Doctor says which programs are there, which are not, and how noisy the host is.
func (Lab) Doctor() error { return lab("doctor") }

// Up starts the stack and prints its URLs; it returns when all is ready.
func (Lab) Up() error { return lab("up") }

// Down stops the stack; it returns when nothing of it is left.
func (Lab) Down() error { return lab("down") }

// Status shows the services and where they listen.
func (Lab) Status() error { return lab("status") }

// Logs shows the log of a service: lab:logs primary.
func (Lab) Logs(service string) error { return lab("logs", service) }

// Psql opens psql: lab:psql primary|replica|pgbouncer|admin.
func (Lab) Psql(target string) error { return lab("psql", target) }

// Quick measures a few short cells, in minutes, and prints where the report is.
func (Bench) Quick() error { return lab("run", "lab/matrices/quick.yaml") }

// Matrix measures the matrix that MATRIX names, else lab/matrices/matrix.yaml.
func (Bench) Matrix() error { return lab("run", spec()) }

// Tune finds the best cells of the matrix under the SLO, with a quarter of its trials.
func (Bench) Tune() error { return lab("tune", spec()) }

// Study measures the study as it was, then each remedy alone, then all together.
func (Bench) Study() error { return lab("run", "lab/matrices/study.yaml") }

// Plan shows the cells and the time that the matrix would take, and what it could not tell.
func (Bench) Plan() error { return lab("plan", spec()) }

// Resume goes on with an interrupted run: bench:resume 2026-11-23T0915Z-quick.
func (Bench) Resume(run string) error { return lab("resume", run) }

// Report rebuilds the reports of a run from its records.
func (Bench) Report(run string) error { return lab("report", run) }

// Verify fails unless the reports of a run are what its records give, byte by byte.
func (Bench) Verify(run string) error { return lab("verify", run) }

// Diagnose says what limited each cell of a run, and by what evidence.
func (Bench) Diagnose(run string) error { return lab("diagnose", run) }

// Open shows what Prometheus recorded during a run, until it is interrupted.
func (Bench) Open(run string) error { return lab("open", run) }

// Faults measures what is known to be wrong, to see whether the diagnosis names it.
func (Bench) Faults() error { return lab("run", "lab/matrices/faults.yaml") }

// Soak runs short storms for half an hour and kills something in most of them.
func (Bench) Soak() error { return lab("soak") }

// Compare compares two runs: bench:compare A B.
func (Bench) Compare(a, b string) error { return lab("compare", a, b) }

// spec is the matrix that MATRIX names, else the default one.
func spec() string {
	if path := os.Getenv("MATRIX"); path != "" {
		return path
	}
	return "lab/matrices/matrix.yaml"
}
