package service

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"stormwave/lab/internal/stack/proc"
)

//go:embed conf/prometheus.yml.tmpl
var prometheusConf string

var prometheusTemplate = template.Must(template.New("prometheus.yml").Option("missingkey=error").Parse(prometheusConf))

// Prometheus keeps every metric.
const Prometheus = "prometheus"

// prometheus runs in the directory of its files and knows them by their names alone: it
// takes a path of rules for a pattern, and refuses one with a star.
func prometheus() Service {
	return Service{
		Name:    Prometheus,
		Program: "prometheus",
		Scrape:  Scrape{Job: "prometheus", ForPeople: true},
		Prepare: func(_ context.Context, e *Env) error {
			if err := os.MkdirAll(filepath.Dir(e.Layout.TSDB()), 0o700); err != nil {
				return err
			}
			return e.WritePrometheusConf()
		},
		Process: func(e *Env) proc.Spec {
			return proc.Spec{
				Dir: filepath.Dir(e.Layout.TSDB()),
				Args: []string{
					"--config.file=" + prometheusConfFile,
					"--storage.tsdb.path=" + filepath.Base(e.Layout.TSDB()),
					"--storage.tsdb.retention.time=" + e.retention(),
					"--web.listen-address=" + e.Addrs[Prometheus],
					"--web.enable-remote-write-receiver",
					"--web.enable-admin-api",
					"--log.level=warn",
					"--scrape.discovery-reload-interval=100ms",
				},
			}
		},
		Ready: answers(Prometheus, "/-/ready"),
	}
}

// scrapeJob is what Prometheus scrapes under one name.
type scrapeJob struct {
	Name    string
	Every   time.Duration
	Targets []scrapeTarget
}

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
	jobs := []scrapeJob{{LabExporter, forRecords, []scrapeTarget{{e.Addrs[LabExporter], LabExporter, ""}}}}
	for _, s := range All() {
		if s.Scrape.Job == "" {
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
		jobs[i].Targets = append(jobs[i].Targets, scrapeTarget{e.Addrs[s.Name], s.Name, s.Scrape.Server})
	}
	return jobs
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
	if err := prometheusTemplate.Execute(&text, map[string]any{"Jobs": e.scrapeJobs(), "Rules": rules}); err != nil {
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
