package diagnose

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
)

// A cell that can be run, drawn at random: of the settings that advice may touch, some have a value.
func drawn(t *testing.T, random *rand.Rand) matrix.Plan {
	t.Helper()
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	number := func() string { return strconv.Itoa(1 + int(random.ExpFloat64()*30)) }
	limit := func() string { return pick("none", strconv.Itoa(1+int(random.ExpFloat64()*500))+"ms") }
	draw := map[string]func() string{
		"pool_size":                   func() string { return pick("unlimited", number()) },
		"pool_min":                    func() string { return pick("0", number()) },
		"lock_timeout":                limit,
		"statement_timeout":           limit,
		"query_timeout":               limit,
		"acquire_timeout":             limit,
		"queue_timeout":               limit,
		"http_timeout":                limit,
		"max_inflight":                func() string { return pick("unlimited", number()) },
		"max_queue":                   func() string { return pick("0", number()) },
		"replica_max_lag":             limit,
		"topology":                    func() string { return pick(service.Catalog(backends.Default()).Topologies()...) },
		"postgres.max_connections":    func() string { return strconv.Itoa(10 + random.IntN(500)) },
		"postgres.shared_buffers":     func() string { return pick("1MB", "128MB", "1GB", "3GB", "131072kB") },
		"pgbouncer.default_pool_size": number,
		"pgpool.num_init_children":    number,
		"app.GOGC":                    number,
		"app.GOMEMLIMIT":              func() string { return pick("off", "24MiB") },
		"scenario.HTTP_TIMEOUT":       func() string { return pick("1s", "10s") },
	}
	for {
		s := matrix.Settings{}
		for _, name := range slices.Sorted(maps.Keys(draw)) {
			if value := draw[name](); random.IntN(2) == 0 {
				s[name] = value
			}
		}
		if len(s) == 0 {
			continue
		}
		lines := "name: one\nscenarios: [storm]\nfactors: {scenario.THINK_TIME: [1s]}\nsettings: {" + flow(s) +
			"}\nbaseline: {scenario.THINK_TIME: 1s}\ncpus: {app: \"0-1\", postgres: \"2-5\"}\n" +
			"slo: {error_ratio: 0.01, p99: 500ms}\n"
		if spec, err := matrix.Parse([]byte(lines), service.Inventory(backends.Default(), "storm")); err == nil {
			return spec.Plan()
		}
	}
}

// The words of an advice, and the way in which they say that its settings move.
var ways = []struct {
	words string
	more  bool
}{
	{"fewer", false}, {"shorter", false}, {"early", false}, {"leave a late replica alone", false},
	{"more ", true}, {"larger", true},
}

// follows are settings that only make room for what an advice is about, or that are words.
var follows = []string{
	"pool_min", "postgres.max_connections", "max_queue", "queue_timeout", "topology", "exec_mode", "cancel",
	"pgbouncer.min_pool_size", "pgbouncer.max_client_conn", "postgres.synchronous_commit",
	"app.GOMEMLIMIT",
	"pgpool.num_init_children", // grows with the backend's pool; TestAdviceOnQueueingPooler tells how far
}

func TestAdviceOfAnyCell(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	given := map[Cause]int{}
	for range 240 {
		p := drawn(t, random)
		cell := p.Cells[0]
		for _, s := range slices.Concat(inside(service.Catalog(backends.Default()).Poolers()), outside) {
			for _, a := range adviceFor(p, s.cause) {
				given[s.cause]++
				if len(a.Settings) == 0 {
					continue
				}
				spec, err := matrix.Parse([]byte(a.Spec), service.Inventory(backends.Default(), "storm"))
				if err != nil {
					t.Fatalf("%s: %v\n%s\nof %v", s.cause, err, a.Spec, cell.Settings)
				}
				if !maps.Equal(spec.CPUs, p.CPUs) {
					t.Errorf("%s: cpus %v; want %v", s.cause, spec.CPUs, p.CPUs)
				}
				checkWay(t, s.cause, cell.Settings, a)
				for _, c := range spec.Cells {
					checkRoom(t, s.cause, cell.Settings, a, c.Settings)
				}
			}
		}
	}
	for _, s := range slices.Concat(inside(service.Catalog(backends.Default()).Poolers()), outside) {
		if given[s.cause] < 15 {
			t.Errorf("%s: advice in %d of 240 cells", s.cause, given[s.cause])
		}
	}
}

// checkWay fails unless each setting moves as the words say.
func checkWay(t *testing.T, cause Cause, now matrix.Settings, a Advice) {
	t.Helper()
	for name, then := range a.Settings {
		if slices.Contains(follows, name) {
			continue
		}
		value, set := now[name]
		switch {
		case set:
		case name == "pgbouncer.default_pool_size":
			value = "20"
		case name == "postgres.shared_buffers":
			value = "128MB"
		case name == "app.GOGC":
			value = "100"
		}
		i := slices.IndexFunc(ways, func(w struct {
			words string
			more  bool
		}) bool {
			return strings.Contains(a.Words, w.words)
		})
		if strings.Contains(a.Words, "do without") && name == "pool_size" { // beside its words: as many as the server takes
			continue
		}
		if i < 0 {
			t.Errorf("%s: %q says no way for %s", cause, a.Words, name)
			continue
		}
		was, is := amount(t, name, value), amount(t, name, then)
		if more := ways[i].more; more && is <= was || !more && is >= was {
			t.Errorf("%s: %q: %s from %s to %s", cause, a.Words, name, value, then)
		}
	}
}

// checkRoom fails where an advice asks the servers for more connections than they take.
func checkRoom(t *testing.T, cause Cause, now matrix.Settings, a Advice, s matrix.Settings) {
	t.Helper()
	if !holds(s, a.Settings) {
		return
	}
	name := "pool_size"
	if strings.Contains(s["topology"], "pgbouncer") {
		name = "pgbouncer.default_pool_size"
	}
	if a.Settings[name] == "" {
		return
	}
	most := 100.0
	if v, ok := s["postgres.max_connections"]; ok {
		most = amount(t, "", v)
	}
	if n := amount(t, name, a.Settings[name]); n > most-3 {
		t.Errorf("%s: %s=%s where the server takes %v; the cell: %v", cause, name, a.Settings[name], most, now)
	}
}
