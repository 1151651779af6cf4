package service

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"golang.org/x/crypto/bcrypt"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

//go:embed conf/prometheus.yml.tmpl
var prometheusConf string

var prometheusTemplate = template.Must(template.New("prometheus.yml").Option("missingkey=error").Parse(prometheusConf))

// Prometheus keeps every metric.
const Prometheus = "prometheus"

var (
	prometheusProgram = ofPrometheus("prometheus", toolchain.ForLab)
	promtoolProgram   = ofPrometheus("promtool", toolchain.ForTests)
)

// ofPrometheus is one of the programs that Prometheus' module holds.
func ofPrometheus(name string, role toolchain.Role) toolchain.Requirement {
	return toolchain.Requirement{
		Name:      name,
		Role:      role,
		Min:       toolchain.Version{3, 5},
		Module:    "github.com/prometheus/prometheus",
		Release:   prometheusRelease,
		Ask:       []string{"--version"},
		Answer:    regexp.MustCompile(`^` + name + `, version (\S+)`),
		GoPackage: "github.com/prometheus/prometheus/cmd/" + name,
	}
}

// prometheusRelease undoes the numbering of Prometheus' Go module, where release
// 3.12.0 is v0.312.0.
func prometheusRelease(module toolchain.Version) toolchain.Version {
	if len(module) < 3 || module[0] != 0 {
		return module
	}
	return toolchain.Version{module[1] / 100, module[1] % 100, module[2]}
}

// prometheus runs in the directory of its files and knows them by their names alone: it
// takes a path of rules for a pattern, and refuses one with a star.
func prometheus() Service {
	return Service{
		Name:    Prometheus,
		Program: prometheusProgram,
		Tools:   []toolchain.Requirement{promtoolProgram},
		Scrape:  Scrape{Job: "prometheus", ForPeople: true},
		Prepare: func(_ context.Context, e *Env) error {
			if err := os.MkdirAll(filepath.Dir(e.Layout.TSDB()), 0o700); err != nil {
				return err
			}
			return errors.Join(e.writePrometheusWeb(), e.WritePrometheusConf())
		},
		Process: func(e *Env) proc.Spec {
			args := []string{
				"--config.file=" + prometheusConfFile,
				"--web.config.file=" + prometheusWebFile,
				"--storage.tsdb.path=" + filepath.Base(e.Layout.TSDB()),
				"--storage.tsdb.retention.time=" + e.retention(),
				"--web.listen-address=" + e.Addrs[Prometheus],
				"--log.level=warn",
				"--scrape.discovery-reload-interval=100ms",
			}
			if !e.Archive {
				args = append(args, "--web.enable-remote-write-receiver", "--web.enable-admin-api")
			}
			return proc.Spec{Dir: filepath.Dir(e.Layout.TSDB()), Args: args}
		},
		Ready: answers(Prometheus, "/-/ready"),
	}
}

// scrapeJob is what Prometheus scrapes under one name.
type scrapeJob struct {
	Name    string
	Every   time.Duration
	Path    string // of the metrics; empty: Prometheus' own default
	Targets []scrapeTarget
	Rename  []renaming
}

// renaming keeps a program's metric under the lab's name for it.
type renaming struct{ From, To string }

type scrapeTarget struct{ Addr, Instance, Server string }

// A record's figures need a sample each second. What only dashboards and people read
// is scraped seldom, for each scrape takes CPU time from what is measured: Prometheus'
// own page holds a thousand series, and postgres_exporter logs in anew each time.
const (
	forRecords = time.Second
	forPeople  = 5 * time.Second
)

func (e *Env) scrapeJobs() []scrapeJob {
	if e.Archive || e.Blind {
		return nil
	}
	jobs := []scrapeJob{{LabExporter, forRecords, "", []scrapeTarget{{e.Addrs[LabExporter], LabExporter, ""}}, nil}}
	for _, s := range All() {
		if s.Scrape.Job == "" || !s.Shows(e.Backend) {
			continue
		}
		i := slices.IndexFunc(jobs, func(j scrapeJob) bool { return j.Name == s.Scrape.Job })
		if i < 0 {
			every := forRecords
			if s.Scrape.ForPeople {
				every = forPeople
			}
			i, jobs = len(jobs), append(jobs, scrapeJob{Name: s.Scrape.Job, Every: every})
		}
		if s.Name == App {
			jobs[i].Path, jobs[i].Rename = e.Backend.Metrics.Path, renamed(e.Backend)
			jobs[i].Targets = []scrapeTarget{{e.Addrs[e.metricsAddr()], App, ""}}
			continue
		}
		jobs[i].Targets = append(jobs[i].Targets, scrapeTarget{e.Addrs[s.Name], s.Name, s.Scrape.Server})
	}
	return jobs
}

// renamed are the metrics of a backend that it calls otherwise than the lab does, sorted.
func renamed(b *backend.Backend) []renaming {
	var all []renaming
	for _, to := range slices.Sorted(maps.Keys(b.Metrics.Names)) {
		if from := b.Metrics.Names[to]; from != to {
			all = append(all, renaming{from, to})
		}
	}
	return all
}

// prometheusWebFile says who may ask Prometheus for anything, in the directory of its files.
const prometheusWebFile = "web.yml"

// writePrometheusWeb lets only those in who know the password of this up: Prometheus takes samples from anybody else on
// this machine, and deletes what a web site tells it to. People read it through a door of the lab's.
// https://prometheus.io/docs/prometheus/latest/configuration/https/
func (e *Env) writePrometheusWeb() error {
	// A password of 130 random bits needs no slow hash, and Prometheus computes it while it is measured with.
	hash, err := bcrypt.GenerateFromPassword([]byte(e.secrets[prometheusUser]), bcrypt.MinCost)
	if err != nil {
		return fmt.Errorf("protect Prometheus: %w", err)
	}
	path := filepath.Join(filepath.Dir(e.Layout.TSDB()), prometheusWebFile)
	return writePrivate(path, fmt.Sprintf("basic_auth_users:\n  %s: %s\n", prometheusUser, hash))
}

// rulesFile is the copy of the alerting rules beside Prometheus' configuration.
const rulesFile = "rules.yml"

// prometheusConfFile is its configuration, in the directory of its files.
const prometheusConfFile = "prometheus.yml"

// WritePrometheusConf writes the configuration, and the rules beside it. An archive holds
// what they gave, and evaluates none.
func (e *Env) WritePrometheusConf() error {
	var rules []string
	beside := filepath.Dir(e.Layout.TSDB())
	if !e.Archive {
		text, err := os.ReadFile(filepath.Join(e.Layout.Root, "dashboards", "rules", "stormwave.yaml"))
		if err != nil {
			return err
		}
		if err := writePrivate(filepath.Join(beside, rulesFile), string(text)); err != nil {
			return err
		}
		rules = []string{rulesFile}
	}
	var text strings.Builder
	err := prometheusTemplate.Execute(&text, map[string]any{
		"Jobs":  e.scrapeJobs(),
		"Rules": rules,
		"Own":   Prometheus,
		"User":  prometheusUser, "Password": e.secrets[prometheusUser],
	})
	if err != nil {
		return err
	}
	return writePrivate(filepath.Join(beside, prometheusConfFile), text.String())
}

func (e *Env) retention() string {
	if e.Archive {
		return forEver
	}
	return "30d"
}

// forEver is the retention of an archive: Prometheus would delete what is older.
const forEver = "36500d"
