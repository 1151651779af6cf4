package setting

import "testing"

// The parameters of the tests, as a server of version 15 tells them.
var parameters = map[string]Parameter{
	"work_mem":                     {Type: "integer", Unit: "kB", Min: "64", Max: "2147483647", Default: "4096"},
	"shared_buffers":               {Type: "integer", Unit: "8kB", Min: "16", Max: "1073741823", Default: "16384"},
	"effective_cache_size":         {Type: "integer", Unit: "8kB", Min: "1", Max: "2147483647"},
	"wal_buffers":                  {Type: "integer", Unit: "8kB", Min: "-1", Max: "262143", Default: "-1"},
	"autovacuum_work_mem":          {Type: "integer", Unit: "kB", Min: "-1", Max: "2147483647", Default: "-1"},
	"max_wal_size":                 {Type: "integer", Unit: "MB", Min: "2", Max: "2147483647"},
	"track_activity_query_size":    {Type: "integer", Unit: "B", Min: "100", Max: "1048576"},
	"checkpoint_timeout":           {Type: "integer", Unit: "s", Min: "30", Max: "86400"},
	"idle_session_timeout":         {Type: "integer", Unit: "ms", Min: "0", Max: "2147483647"},
	"log_rotation_age":             {Type: "integer", Unit: "min", Min: "0", Max: "35791394"},
	"max_connections":              {Type: "integer", Min: "1", Max: "262143"},
	"log_file_mode":                {Type: "integer", Min: "0", Max: "511"},
	"commit_delay":                 {Type: "integer", Min: "0", Max: "100000"},
	"random_page_cost":             {Type: "real", Min: "0", Max: "1.79769e+308"},
	"checkpoint_completion_target": {Type: "real", Min: "0", Max: "1"},
	"vacuum_cost_delay":            {Type: "real", Unit: "ms", Min: "0", Max: "100"},
	"jit":                          {Type: "bool"},
	"synchronous_commit":           {Type: "enum", Enum: []string{"local", "remote_write", "remote_apply", "on", "off"}},
	"wal_level":                    {Type: "enum", Enum: []string{"minimal", "replica", "logical"}},
	"wal_compression":              {Type: "enum", Enum: []string{"pglz", "lz4", "on", "off"}},
	"huge_pages":                   {Type: "enum", Enum: []string{"off", "on", "try"}},
	"log_min_messages":             {Type: "enum", Enum: []string{"debug5", "debug2", "debug1", "info", "notice"}},
	"default_transaction_isolation": {
		Type: "enum",
		Enum: []string{"serializable", "repeatable read", "read committed", "read uncommitted"},
	},
	"search_path":               {Type: "string"},
	"datestyle":                 {Type: "string"},
	"timezone":                  {Type: "string"},
	"synchronous_standby_names": {Type: "string"},
	"log_line_prefix":           {Type: "string"},
}

func parameter(name string) Parameter {
	p := parameters[name]
	p.Name = name
	return p
}

// What was asked for is held against what the server shows as the server understands it.
func TestTook(t *testing.T) {
	for _, tt := range []struct {
		name, asked, shown string
		same               bool
	}{
		{"work_mem", "8192", "8192", true},
		{"work_mem", "8MB", "8192", true},
		{"work_mem", "8192kB", "8192", true},
		{"work_mem", " 8 MB ", "8192", true},
		{"work_mem", "8388608B", "8192", true},
		{"work_mem", "0.5GB", "524288", true},
		{"work_mem", "0x2000", "8192", true},
		{"work_mem", "020000", "8192", true},
		{"work_mem", "8.192e3", "8192", true},
		{"work_mem", "30.1GB", "31561728", true}, // rounded to whole MB
		{"work_mem", "8mb", "8192", false},
		{"work_mem", "8", "8192", false},
		{"work_mem", "9MB", "8192", false},
		{"work_mem", "8s", "8", false},
		{"shared_buffers", "512MB", "65536", true},
		{"shared_buffers", "65536", "65536", true},
		{"shared_buffers", "0.5GB", "65536", true},
		{"shared_buffers", "512", "65536", false},
		{"effective_cache_size", "3GB", "393216", true},
		{"effective_cache_size", "3145728kB", "393216", true},
		{"effective_cache_size", "3072MB", "393216", true},
		{"max_wal_size", "4GB", "4096", true},
		{"max_wal_size", "4096", "4096", true},
		{"track_activity_query_size", "4kB", "4096", true},
		{"checkpoint_timeout", "15min", "900", true},
		{"checkpoint_timeout", "900", "900", true},
		{"checkpoint_timeout", "900s", "900", true},
		{"checkpoint_timeout", "0.25h", "900", true},
		{"checkpoint_timeout", "900000ms", "900", true},
		{"checkpoint_timeout", "1d", "86400", true},
		{"checkpoint_timeout", "15MIN", "900", false},
		{"checkpoint_timeout", "15m", "900", false},
		{"idle_session_timeout", "2s", "2000", true},
		{"idle_session_timeout", "1500us", "2", true}, // to even
		{"log_rotation_age", "1d", "1440", true},
		{"max_connections", "100", "100", true},
		{"max_connections", "+100", "100", true},
		{"max_connections", "1e2", "100", true},
		{"max_connections", "100.4", "100", true},
		{"max_connections", "100 ", "100", true},
		{"max_connections", "100MB", "100", false},
		{"max_connections", "", "100", false},
		{"max_connections", "many", "100", false},
		{"max_connections", "1_00", "100", false},
		{"commit_delay", "0", "0", true},
		{"random_page_cost", "1.10", "1.1", true},
		{"random_page_cost", "1.1000000001", "1.1", true},
		{"random_page_cost", "11e-1", "1.1", true},
		{"random_page_cost", ".5", "0.5", true},
		{"random_page_cost", "4", "4", true},
		{"random_page_cost", "1.1", "1.2", false},
		{"checkpoint_completion_target", "0.90", "0.9", true},
		{"vacuum_cost_delay", "2ms", "2", true},
		{"vacuum_cost_delay", "0.0005s", "0.5", false}, // of a s it takes whole ms
		{"vacuum_cost_delay", "500us", "0.5", true},
		{"jit", "false", "off", true},
		{"jit", "FALSE", "off", true},
		{"jit", "f", "off", true},
		{"jit", "no", "off", true},
		{"jit", "n", "off", true},
		{"jit", "0", "off", true},
		{"jit", "of", "off", true},
		{"jit", "Yes", "on", true},
		{"jit", "tru", "on", true},
		{"jit", "1", "on", true},
		{"jit", "o", "on", false}, // on or off?
		{"jit", "yes", "off", false},
		{"jit", "2", "on", false},
		{"synchronous_commit", "true", "on", true},
		{"synchronous_commit", "ON", "on", true},
		{"synchronous_commit", "1", "on", true},
		{"synchronous_commit", "no", "off", true},
		{"synchronous_commit", "Remote_Apply", "remote_apply", true},
		{"synchronous_commit", "local", "on", false},
		{"wal_level", "REPLICA", "replica", true},
		{"wal_level", "hot_standby", "replica", true},
		{"wal_level", "archive", "replica", true},
		{"wal_level", "minimal", "replica", false},
		{"wal_compression", "on", "pglz", true},
		{"wal_compression", "true", "pglz", true},
		{"wal_compression", "lz4", "pglz", false},
		{"huge_pages", "try", "try", true},
		{"huge_pages", "0", "off", true},
		{"log_min_messages", "debug", "debug2", true},
		{"default_transaction_isolation", "Read Committed", "read committed", true},
		{"search_path", `"$user",public`, `"$user", public`, true},
		{"search_path", "public, lab", "lab, public", false},
		{"datestyle", "iso, mdy", "ISO, MDY", true},
		{"datestyle", "german", "German, DMY", true},
		{"datestyle", "European,sql", "SQL, DMY", true},
		{"datestyle", "german", "ISO, DMY", false},
		{"datestyle", "iso, mdy", "ISO, DMY", false},
		{"timezone", "utc", "UTC", true},
		{"synchronous_standby_names", "replica", "replica", true},
		{"synchronous_standby_names", "Replica", "replica", false},
		{"log_line_prefix", "%M", "%m", false},
	} {
		p := parameter(tt.name)
		p.Value = tt.shown
		if got := p.Took(tt.asked); got != tt.same {
			t.Errorf("%s: asked for %q and shown %q are the same: %t; want %t", tt.name, tt.asked, tt.shown, got, tt.same)
		}
	}
}

// A value that stands for the server's own choice is what the server has chosen, where it says that it has.
func TestServersOwnChoice(t *testing.T) {
	for _, tt := range []struct {
		name, asked, shown, source string
		same                       bool
	}{
		{"wal_buffers", "-1", "2048", "override", true},
		{"wal_buffers", "-1", "2048", "configuration file", true}, // after a reload
		{"wal_buffers", "1MB", "2048", "configuration file", false},
		{"wal_buffers", "16MB", "2048", "configuration file", true},
		{"wal_buffers", "8kB", "4", "configuration file", true}, // the server's least
		{"wal_buffers", "64kB", "4", "configuration file", false},
		{"autovacuum_work_mem", "-1", "-1", "configuration file", true},
		{"autovacuum_work_mem", "64kB", "1024", "configuration file", true},
		{"autovacuum_work_mem", "-1", "65536", "configuration file", false}, // of the cell before
	} {
		p := parameter(tt.name)
		p.Value, p.Source = tt.shown, tt.source
		if got := p.Took(tt.asked); got != tt.same {
			t.Errorf("%s: %q is what %s has set to %q: %t; want %t", tt.name, tt.asked, tt.source, tt.shown, got, tt.same)
		}
	}
}

// What a server cannot take is said before it is started with it.
func TestRefusal(t *testing.T) {
	for _, tt := range []struct{ name, asked, want string }{
		{"work_mem", "8MB", ""},
		{"work_mem", "32kB", "it must be from 64 to 2147483647 (in kB)"},
		{"work_mem", "8mb", `it takes no unit "mb"`},
		{"work_mem", "8 s", `it takes no unit "s"`},
		{"work_mem", "much", "it is no number"},
		{"work_mem", "nan", "it is no number"},
		{"work_mem", "4TB", "it must be from 64 to 2147483647 (in kB)"},
		{"max_connections", "0", "it must be from 1 to 262143"},
		{"max_connections", "3", ""}, // too few for those reserved, which only a start tells
		{"checkpoint_completion_target", "1.5", "it must be from 0 to 1"},
		{"random_page_cost", "inf", "it is no number"},
		{"random_page_cost", "-1", "it must be from 0 to 1.79769e+308"},
		{"jit", "maybe", "it takes on or off"},
		{"wal_level", "hot_standby", ""}, // hidden
		{"search_path", "anything", ""},
	} {
		if got := parameter(tt.name).Refusal(tt.asked); got != tt.want {
			t.Errorf("%s = %q: %q; want %q", tt.name, tt.asked, got, tt.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]int64{"100": 100, "0x64": 100, "0144": 100, "1e2": 100, " 99.5 ": 100, "-1": -1} {
		if got, err := Number(text); err != nil || got != want {
			t.Errorf("Number(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	if got, err := Number("100 connections"); err == nil {
		t.Errorf("Number takes text behind a number, as %d", got)
	}
}

// Whatever the text: no panic; every value is itself; and what is refused is not the value that the server has.
func FuzzTook(f *testing.F) {
	for _, text := range []string{"8MB", "-1", "0x", "1e", "1e+", ".", "+", "tr", "30.1GB", `"a", b`, " 1 s "} {
		f.Add(text, "8192")
	}
	f.Fuzz(func(t *testing.T, asked, shown string) {
		for name := range parameters {
			p := parameter(name)
			p.Value = shown
			if asked == shown && !p.Took(asked) {
				t.Errorf("%s: %q is not itself", name, asked)
			}
			if p.Type == "integer" && p.Refusal(shown) == "" && p.Refusal(asked) != "" && p.Took(asked) {
				t.Errorf("%s: %q is the same as %q, but %s", name, asked, shown, p.Refusal(asked))
			}
		}
		_, _ = PoolerTook(asked, shown), Same(asked, shown)
	})
}
