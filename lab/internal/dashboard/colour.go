package dashboard

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/series"
)

// Okabe and Ito's colours, told apart by those who see fewer of them; without black, which a dark page swallows,
// and with grey instead.
const (
	orange    = "#E69F00"
	lightBlue = "#56B4E9"
	green     = "#009E73"
	yellow    = "#F0E442"
	blue      = "#0072B2"
	vermilion = "#D55E00"
	purple    = "#CC79A7"
	grey      = "#999999"
)

// colours are those of names in legends. A name is the same thing on every dashboard, and has one colour: the
// primary, the replica, the pooler, k6, what fails, a limit. Between slashes it is a regular expression, whose names
// are shades of the colour.
var colours = byName(map[string][]string{
	orange: {
		"pgbouncer", "503", "acquire_timeout", "idle_in_transaction", "late", "outside of the lab", "pool wait",
		"queue_timeout", "queued", "series", "suspect", "timeout", "transmitted", "updated", "written", "/api/posts",
		"/^LWLock:/",
	},
	lightBlue: {
		"replica", "stormwave_replica", "201", "execution", "idle", "p95", "read", "received", "replayed, replica",
		"returned", "share", "/api/posts/{id}", "/^57/", "/^Client:/",
	},
	green: {
		"primary", "postgres", "stormwave", "as the primary sees it", "inserted", "ok", "query", "valid",
		"written, primary", "/^(40|55|25P)/", "/^IPC:/",
	},
	yellow: {
		"504", "conflict", "exporters", "fell back", "job node", "opening", "other", "query_timeout", "supervisor",
		"/api/users",
	},
	blue: {
		"app", "200", "active", "as the backend sees it", "busiest disk", "busy", "done", "fetched", "in flight", "in use",
		"load, 1 min", "p99", "requests", "samples", "session", "used", "whole request", "/api/feed", "/^53/", "/^IO:/",
	},
	vermilion: {
		"40001 on the replica", "500", "5xx", "CPUs", "connect", "deleted", "error", "failed", "gone", "limit",
		"queue_full", "stolen", "total", "/api/slow", "/^(23|25006|26|28|42)/", "/^Lock:/",
	},
	purple: {
		"k6", "VUs", "http_timeout", "invalid", "job lab", "pooler wait", "/api/sessions", "/^08/", "/^4[0-4]/",
		"/^BufferPin:/",
	},
	grey: {
		"prometheus", "grafana", "499", "canceled", "cancelled by the replica", "network", "planned", "/^fault-/",
		"/^(Timeout|Activity|Extension|InjectionPoint):/",
	},
})

func byName(names map[string][]string) map[string]string {
	colours := make(map[string]string)
	for colour, of := range names {
		for _, name := range of {
			colours[name] = colour
		}
	}
	return colours
}

// dashed are drawn so wherever they are: limits, and what would else be taken for another.
var dashed = map[string]bool{
	"CPUs":       true,
	"grafana":    true,
	"limit":      true,
	"planned":    true,
	"supervisor": true,
	"total":      true,
}

// values are those that a label may have, as names in legends. Those of service, part and job follow from the services.
var values = map[string][]string{
	"code":     {"200", "201", "499", "500", "503", "504", "/^4[0-4]/"},
	"database": {"stormwave", "stormwave_replica"},
	"event": {
		"/^Lock:/", "/^LWLock:/", "/^IO:/", "/^Client:/", "/^IPC:/", "/^(Timeout|Activity|Extension|InjectionPoint):/",
		"/^BufferPin:/",
	},
	"outcome": {"ok", "timeout", "canceled", "error"},
	"reason":  {"queue_full", "queue_timeout", "gone", "late", "session", "failed", "conflict"},
	"route": {
		"/api/users", "/api/sessions", "/api/feed", "/api/posts/{id}", "/api/posts", "/api/slow", backend.Unrouted,
	},
	"server": {"primary", "replica"},
	"sqlstate": {
		"acquire_timeout", "query_timeout", "http_timeout", "canceled", "connect", "network", "other", "/^08/", "/^53/",
		"/^57/", "/^(40|55|25P)/", "/^(23|25006|26|28|42)/",
	},
	"state":   {"active", "idle", "idle_in_transaction", "other"},
	"target":  {"primary", "replica"},
	"verdict": verdicts(),
}

func verdicts() []string {
	var all []string
	for _, v := range record.Verdicts {
		all = append(all, string(v))
	}
	return all
}

// looks are what the names in legends look like, of these services.
type looks struct {
	colours map[string]string
	dashed  map[string]bool
	values  map[string][]string
}

// looksOf adds the services to the tables above. One that has no colour there has that of its kind, or else the next
// one, and is dashed: so it is told from the one whose colour it is.
func looksOf(services *matrix.Catalog) *looks {
	l := &looks{maps.Clone(colours), maps.Clone(dashed), maps.Clone(values)}
	var names []string
	jobs := []string{"lab"}
	for _, s := range services.Services() {
		name := series.Service(s.Name)
		if isExporter(name) {
			name = exporters
		} else {
			names = append(names, name)
		}
		if l.colours[name] == "" {
			l.colours[name], l.dashed[name] = l.spare(s.Pooler), true
		}
		if s.Job == "" || slices.Contains(jobs, s.Job) {
			continue
		}
		jobs = append(jobs, s.Job)
		if l.colours[s.Job] == "" && l.colours["job "+s.Job] == "" {
			l.colours[s.Job], l.dashed[s.Job] = l.colours[name], true
		}
	}
	names = append(names, "supervisor", "/^fault-/")
	l.values["service"], l.values["part"], l.values["job"] = names, append(slices.Clone(names), exporters), jobs
	return l
}

// spare is a colour that no dashed name has yet: for a pooler that of poolers, if it can be.
func (l *looks) spare(pooler bool) string {
	free := []string{lightBlue, green, blue, purple, orange}
	if pooler {
		free = slices.Insert(free, 0, orange)
	}
	for name := range l.dashed {
		free = slices.DeleteFunc(free, func(colour string) bool { return colour == l.colours[name] })
	}
	return cmp.Or(append(free, grey)...)
}

// exporters stands for all of them: they are added up.
const exporters = "exporters"

func isExporter(service string) bool { return strings.HasSuffix(service, "-exporter") }

// isPattern says whether a name stands for all that a regular expression matches.
func isPattern(name string) bool {
	return strings.HasPrefix(name, "/^") && strings.HasSuffix(name, "/")
}
