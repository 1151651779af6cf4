// Package service holds what the lab knows of each service that it runs, one file a service: how it is started and
// found ready, which settings are its own, what is really set, and what Prometheus scrapes of it. Everything that
// goes over all services goes over All: who adds one writes its file, and names it there.
package service

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// Service is one member of the stack.
type Service struct {
	Name     string
	Title    string                  // in sentences; empty: nothing is said of it
	Program  toolchain.Requirement   // without a name: the project's own
	Tools    []toolchain.Requirement // that come with it, and that only tests run
	Needs    []string                // services that must be ready before it starts; it stops before they do
	PerCell  bool                    // it is started anew for every cell, and ends with the load
	Pooler   bool                    // a route can go through it
	Pool     matrix.Pool
	Group    string // name in cpus: for it and its like; empty: none
	Quota    bool   // fault.cpu_… can limit it
	Settings matrix.Family
	Scrape   Scrape
	Psql     []Psql

	Prepare  func(context.Context, *Env) error // makes its files, before each start; may be nil
	Process  func(*Env) proc.Spec              // program, arguments, environment; Env.Process adds what all have
	Ready    func(context.Context, *Env) error // a real call of its protocol
	Responds func(context.Context, *Env) error // asks it for anything at all; nil: for its metrics over HTTP
	// ReadBack tells what is really set.
	ReadBack func(ctx context.Context, e *Env, into *setting.Reading) error
	ExecMode func(*Env, matrix.Settings) string // of a pooler: what exec_mode auto comes to; nil: as without one
	// Files is how many files it may have open with these settings, and which of them bounds that; nil: few.
	Files func(matrix.Settings) (most uint64, bound string)
	// ToReplica makes a way to a pooler's primary one to its replica.
	ToReplica func(*url.URL)
}

// Scrape is what Prometheus scrapes of a service.
type Scrape struct {
	Job       string // zero: nothing
	Server    string // label: the server that the service watches
	ForPeople bool   // only dashboards and people read it; a record waits for the others
}

// Psql is something that psql can be opened on.
type Psql struct {
	Target   string
	Conninfo func(l Layout, addr string) string // without the password
}

// All lists the services: each after those that it needs.
func All() []Service {
	all := []Service{
		primary(),
		replica(),
		pgbouncer(),
		app(),
		prometheus(),
		nodeExporter(),
		postgresExporter(PostgresExporter, Primary),
		postgresExporter(ReplicaExporter, Replica),
		pgbouncerExporter(),
		grafana(),
	}
	for i := range all {
		for _, s := range all[:i] {
			if all[i].Name == App && s.Pooler {
				all[i].Needs = append(all[i].Needs, s.Name) // a route can go through any
			}
		}
	}
	return all
}

// Optional says whether the service is left out where its program is not installed: the lab can do without.
func (s Service) Optional() bool { return s.Program.Name != "" && s.Program.Role != toolchain.ForLab }

// Programs are those of all services, each once and in their order: what the toolchain is to find and to get.
func Programs() []toolchain.Requirement {
	var all []toolchain.Requirement
	for _, s := range All() {
		for _, r := range append([]toolchain.Requirement{s.Program}, s.Tools...) {
			same := func(other toolchain.Requirement) bool { return other.Name == r.Name }
			if r.Name != "" && !slices.ContainsFunc(all, same) {
				all = append(all, r)
			}
		}
	}
	return all
}

// Names are those of All.
func Names() []string { return namesOf(func(Service) bool { return true }) }

// PerCell are the services that are started anew for every cell, in the order of their stop.
func PerCell() []string {
	names := namesOf(func(s Service) bool { return s.PerCell })
	slices.Reverse(names)
	return names
}

// StopOrder goes from the outside in, so that nobody loses what it talks to.
func StopOrder() []string {
	names := Names()
	slices.Reverse(names)
	return names
}

func namesOf(which func(Service) bool) []string {
	var names []string
	for _, s := range All() {
		if which(s) {
			names = append(names, s.Name)
		}
	}
	return names
}

// Find returns the service of a name, which must be there.
func Find(name string) Service {
	all := All()
	return all[slices.IndexFunc(all, func(s Service) bool { return s.Name == name })]
}

// RecordJobs are the scrapes that a record waits for, that of the supervisor included, sorted.
func RecordJobs() []string {
	jobs := append(jobsOf(func(Service) bool { return true }), LabExporter)
	slices.Sort(jobs)
	return jobs
}

// LoadJobs are those of them whose source ends with the load, and must be scraped before.
func LoadJobs() []string {
	perCell := PerCell()
	return jobsOf(func(s Service) bool {
		return s.PerCell || slices.ContainsFunc(s.Needs, func(need string) bool {
			return slices.Contains(perCell, need)
		})
	})
}

func jobsOf(which func(Service) bool) []string {
	var jobs []string
	for _, s := range All() {
		if s.Scrape.Job != "" && !s.Scrape.ForPeople && which(s) {
			jobs = append(jobs, s.Scrape.Job)
		}
	}
	return jobs
}

// Installed says which program a plan's routes want that is not there: those of optional services are never installed.
func Installed(plan matrix.Plan, tools toolchain.Set) error { return installed(All(), plan, tools) }

func installed(services []Service, plan matrix.Plan, tools toolchain.Set) error {
	var errs []error
	for _, s := range services {
		_, there := tools[s.Program.Name]
		i := slices.IndexFunc(plan.Cells, func(c matrix.Cell) bool { return c.Settings.Route().Through(s.Name) })
		if s.Optional() && !there && i >= 0 {
			errs = append(errs, fmt.Errorf("cell %q goes through %s, and %s is not installed: install it, then run again",
				plan.Cells[i].Label, s.Title, s.Program.Name))
		}
	}
	return errors.Join(errs...)
}

// Responds asks the service of a name for anything at all. That is less than being ready: what it needs may be down.
func (e *Env) Responds(ctx context.Context, s Service) error {
	if s.Responds != nil {
		return s.Responds(ctx, e)
	}
	_, err := Get(ctx, e.URL(s.Name)+"/metrics")
	return err
}

// PsqlTargets are what psql can be opened on.
func PsqlTargets() []string {
	var targets []string
	for _, s := range All() {
		for _, p := range s.Psql {
			targets = append(targets, p.Target)
		}
	}
	return targets
}

// Psql returns the connection string of a target, without its password, and the
// environment that lets libpq find that.
func (l Layout) Psql(target string, addrs map[string]string) (conninfo string, env []string) {
	for _, s := range All() {
		for _, p := range s.Psql {
			if p.Target == target {
				conninfo = p.Conninfo(l, addrs[s.Name])
			}
		}
	}
	return conninfo, []string{"PGPASSFILE=" + l.passfile()}
}

// Catalog is what a spec can say of the services, and of k6, which comes with the load.
func Catalog() *matrix.Catalog {
	catalog.once.Do(func() {
		var all []matrix.Service
		for _, s := range All() {
			all = append(all, matrix.Service{
				Name:     s.Name,
				Title:    s.Title,
				Group:    s.Group,
				Pooler:   s.Pooler,
				Pool:     s.Pool,
				Killable: !s.Optional(),
				Quota:    s.Quota,
				Settings: s.Settings,
			})
		}
		catalog.Catalog = matrix.NewCatalog(append(all, generator()))
	})
	return catalog.Catalog
}

var catalog struct {
	once sync.Once
	*matrix.Catalog
}

// Inventory is what a spec can name that is to be read, not run: any CPU.
func Inventory(scenarios ...string) matrix.Inventory {
	return matrix.Inventory{Scenarios: scenarios, Services: Catalog()}
}

// generator is k6. It is no service: each trial has its own.
func generator() matrix.Service {
	return matrix.Service{
		Name:  "k6",
		Title: "k6",
		Quota: true,
		Settings: matrix.Family{
			Prefix:  matrix.ScenarioPrefix,
			Member:  "<ENV>",
			Names:   variable,
			Meaning: "variable of the k6 script (__ENV)",
			Refused: []matrix.Refusal{
				{
					Names: regexp.MustCompile(`^(K6_.*|` + ofTheLab + `)$`),
					Why:   "the lab tells k6 what to load and how",
				},
				{Names: ofRuntime, Why: "it steers the program's runtime and files, not the load"},
			},
		},
	}
}

// ofTheLab are the variables of a script that the lab itself sets.
var ofTheLab = strings.Join([]string{
	matrix.VariableBaseURL,
	matrix.VariablePhase,
	matrix.VariableScale,
	matrix.VariableSeed,
	matrix.VariableSLO,
	matrix.VariableSummary,
}, "|")

// variable is what the name of an environment variable may be.
var variable = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// ofRuntime matches what the loader, Go's runtime and its libraries look for.
var ofRuntime = regexp.MustCompile(`^(LD_.*|GODEBUG|GOCOVERDIR|GOTRACEBACK|HOME|PATH|TMPDIR|XDG_.*|SSL.*|.*_PROXY)$`)
