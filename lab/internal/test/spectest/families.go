package spectest

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/route"
)

// family is settings of one program, of which one is drawn by its weight.
type family struct {
	name       string
	weight     int
	settings   []candidate
	topologies []string // in which a setting has an effect; nil: all
}

// candidate is a setting, and how its value is drawn.
type candidate struct {
	name string
	draw func(*rand.Rand) string
}

// families are all settings that the catalog knows.
func families(c *matrix.Catalog) []family {
	all := []family{
		{name: "backend", weight: 5, settings: ofBackend(c)},
		{name: "postgres", weight: 10, settings: ofPostgres()},
		{name: "app", weight: 2, settings: ofApp(c.Backend())},
		{name: "scenario", weight: 2, settings: ofScenario(c.Backend())},
		{name: "fault", weight: 1, settings: ofFaults(c)},
	}
	for _, pooler := range c.Poolers() {
		keys := poolerKeys[pooler.Name]
		f := family{
			name:       pooler.Name,
			weight:     2,
			topologies: []string{pooler.Name, pooler.Name + "+" + route.Replica},
		}
		for _, key := range keys {
			f.settings = append(f.settings, candidate{pooler.Settings.Prefix + key.name, key.draw})
		}
		if len(keys) > 0 {
			all = append(all, f)
		}
	}
	return all
}

// ofBackend are the settings that every cell has, and the topology.
func ofBackend(c *matrix.Catalog) []candidate {
	all := []candidate{
		{matrix.Topology, words(c.Topologies()...)},
		{matrix.SSLMode, words("prefer", "disable")},
	}
	for _, s := range c.Backend().Settings {
		all = append(all, candidate{s.Name, valueOf(s)})
	}
	return all
}

func valueOf(s backend.Setting) func(*rand.Rand) string {
	switch s.Kind {
	case backend.Limit:
		return oneOf(words(backend.Unlimited), whole(1, 64), whole(1, backend.MaxCount))
	case backend.Count:
		return oneOf(words("0"), whole(0, 64), whole(0, backend.MaxCount))
	case backend.Duration, backend.Milliseconds:
		return oneOf(words(backend.None), goTime(1, 20_000))
	}
	return words(s.Values...)
}

// ofApp are the variables that a spec may name by themselves.
func ofApp(b *backend.Backend) []candidate {
	all := []candidate{}
	for name, draw := range ofGo {
		all = append(all, candidate{matrix.AppPrefix + name, draw})
	}
	for name, values := range b.Variables {
		if len(values) > 0 {
			all = append(all, candidate{matrix.AppPrefix + name, words(values...)})
		}
	}
	slices.SortFunc(all, byName)
	return all
}

func byName(a, b candidate) int { return strings.Compare(a.name, b.name) }

// ofGo are the variables of Go's runtime, which k6 and the backend have.
var ofGo = map[string]func(*rand.Rand) string{
	"GOGC":       oneOf(words("off"), whole(0, 1000)),
	"GOMAXPROCS": whole(1, 64),
	"GOMEMLIMIT": words("off", "0", "16MiB", "65536KiB", "1GiB", "1TiB", "268435456"),
}

// ofScenario are the variables that the scripts read.
func ofScenario(b *backend.Backend) []candidate {
	all := []candidate{
		{matrix.ClientTimeout, scriptTime(1, 10_000)},
		{matrix.ThinkTime, scriptTime(0, 3_000)},
		{matrix.SlowTime, scriptTime(0, 5_000)},
		{matrix.SlowShare, words("0", "0.05", "0.5", "1", "1e-2")},
		{matrix.Authors, whole(1, b.Load.Authors)},
	}
	for name, draw := range ofGo {
		all = append(all, candidate{matrix.ScenarioPrefix + name, draw})
	}
	slices.SortFunc(all, byName)
	return all
}

// ofFaults are the rows of the catalog that inject a fault. Those that end a service belong to tests of their own.
func ofFaults(c *matrix.Catalog) []candidate {
	draws := map[string]func(*rand.Rand) string{
		matrix.FaultHog:     whole(1, 4),
		matrix.FaultViewers: whole(1, 4),
		matrix.FaultDelay:   goTime(1, 200),
		matrix.FaultLock:    goTime(1, 500),
		matrix.FaultRowCPU:  words("1us", "20us", "1ms"),
		matrix.FaultIndex:   words("posts_author_id_id_idx", "no_such_index"),
		matrix.FaultEvict:   words("on"),
		matrix.FaultReplay:  words("on"),
		matrix.FaultScrapes: words("off"),
	}
	var all []candidate
	for _, s := range c.Table() {
		draw := draws[s.Name]
		if draw == nil && strings.HasPrefix(s.Name, matrix.FaultCPU("")) && s.Name != matrix.FaultHog {
			draw = words("0.05", "0.5", "1", "64")
		}
		if draw != nil {
			all = append(all, candidate{s.Name, draw})
		}
	}
	return all
}

// parameters are rows of pg_settings, as a server of version 15 has them: name, vartype, unit, least, most, words,
// default, context. What another server does not know of them, it refuses by name.
//
//go:embed parameters.csv
var parameters string

// ofPostgres are the parameters that a spec may try to set, also those that the lab refuses.
func ofPostgres() []candidate {
	rows, err := csv.NewReader(strings.NewReader(parameters)).ReadAll()
	if err != nil {
		panic(err)
	}
	var all []candidate
	for _, row := range rows[1:] {
		name, kind, unit, least, most, enum, usual := row[0], row[1], row[2], row[3], row[4], row[5], row[6]
		var draw func(*rand.Rand) string
		switch kind {
		case "bool":
			draw = boolean
		case "enum":
			draw = inAnyCase(words(strings.Split(enum, ",")...))
		case "integer", "real":
			draw = number(unit, parse(least), parse(most), usual, kind == "real")
		default:
			draw = words(append(slices.Clone(texts[name]), usual, "x", "a, b")...)
		}
		all = append(all, candidate{matrix.PostgresPrefix + strings.ToLower(name), draw})
	}
	return all
}

// texts are values of strings that mean something to the server.
var texts = map[string][]string{
	"DateStyle":                  {"ISO, MDY", "german", "SQL,DMY"},
	"TimeZone":                   {"UTC", "Europe/Berlin", "utc", "Mars/Olympus"},
	"client_encoding":            {"UTF8", "utf-8", "LATIN1", "SQL_ASCII"},
	"default_text_search_config": {"pg_catalog.simple", "English"},
	"search_path":                {"public", `"$user", public`, "other"},
	"synchronous_standby_names":  {"*", "replica", "FIRST 1 (replica)", "nobody"},
	"temp_tablespaces":           {"pg_default"},
	"default_tablespace":         {"pg_default"},
	"wal_consistency_checking":   {"all", "heap,btree"},
	"log_line_prefix":            {"%m [%p] ", "%t "},
}

func parse(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(fmt.Sprintf("parameters.csv: %v", err))
	}
	return v
}
