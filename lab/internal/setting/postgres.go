package setting

import (
	"fmt"
	"slices"
	"strings"
)

// Parameter is what a server of PostgreSQL says in pg_settings of a parameter, and of its value.
// https://www.postgresql.org/docs/current/view-pg-settings.html
type Parameter struct {
	Name    string
	Type    string   // vartype: bool, enum, integer, real or string
	Unit    string   // of a bare number: "8kB", "ms", …; "" for a plain number
	Min     string   // of a number, in Unit; "" for none
	Max     string   // the same
	Enum    []string // words of an enum, less those that the server hides
	Default string   // boot_val
	Source  string   // of the value: "override" where the server has chosen it
	Value   string   // setting, in Unit
}

// aliases are words that the server takes and shows as others (guc_tables.c, variable.c: check_datestyle).
var aliases = map[string]map[string]string{
	"wal_level":               {"archive": "replica", "hot_standby": "replica"},
	"wal_compression":         {"on": "pglz"},
	"log_min_messages":        {"debug": "debug2"},
	"log_min_error_statement": {"debug": "debug2"},
	"client_min_messages":     {"debug": "debug2"},
	"datestyle": {
		"postgresql": "postgres", "euro": "dmy", "european": "dmy", "us": "mdy", "noneuro": "mdy", "noneuropean": "mdy",
	},
}

// least are values to which the server raises smaller ones without a word, in the parameter's unit (xlog.c:
// check_wal_buffers, autovacuum.c: check_autovacuum_work_mem).
var least = map[string]float64{
	"wal_buffers":         4,
	"autovacuum_work_mem": 1024,
}

// folded are the strings whose case the server does not tell apart, or that it writes in its own.
var folded = []string{
	"client_encoding", "datestyle", "default_text_search_config", "log_timezone", "search_path", "timezone",
}

// Took says whether the server has understood what was asked for as the value that it tells.
func (p Parameter) Took(asked string) bool {
	if asked == p.Value {
		return true
	}
	switch p.Type {
	case "bool":
		a, okA := Bool(asked)
		b, okB := Bool(p.Value)
		return okA && okB && a == b
	case "enum":
		return p.word(asked) == p.word(p.Value)
	case "integer", "real":
		return p.sameNumber(asked)
	}
	want, has := p.list(asked), p.list(p.Value)
	if p.Name == "datestyle" { // the server adds what is left out, and puts the style first
		return !slices.ContainsFunc(want, func(part string) bool { return !slices.Contains(has, p.word(part)) })
	}
	return slices.Equal(want, has)
}

func (p Parameter) sameNumber(asked string) bool {
	whole := p.Type == "integer"
	a, errA := number(asked, p.Unit, whole)
	b, errB := number(p.Value, p.Unit, whole)
	if errA != nil || errB != nil {
		return false
	}
	if chosen, err := number(p.Default, p.Unit, whole); err == nil && a == chosen && p.chosen() {
		return true // the default stands for the server's own choice
	}
	if floor, ok := least[p.Name]; ok && a >= 0 && a < floor {
		a = floor
	}
	return near(a, b)
}

// chosen says whether the value may be the server's own choice. For wal_buffers a reload puts it in the place of -1, as
// if it stood in the file (check_wal_buffers in xlog.c).
func (p Parameter) chosen() bool {
	return p.Source == "override" || p.Name == "wal_buffers"
}

// word is the word of an enum as the server shows it. One that has on and off takes the other words of a
// boolean too, whole.
func (p Parameter) word(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	if slices.Contains(p.Enum, "on") && !slices.Contains(p.Enum, text) {
		switch text {
		case "true", "yes", "1":
			text = "on"
		case "false", "no", "0":
			text = "off"
		}
	}
	if shown, ok := aliases[p.Name][text]; ok {
		return shown
	}
	return text
}

// list are the parts of a string between its commas, without what does not count.
func (p Parameter) list(text string) []string {
	if slices.Contains(folded, p.Name) {
		text = strings.ToLower(text)
	}
	parts := strings.Split(text, ",")
	for i, part := range parts {
		parts[i] = strings.Trim(strings.TrimSpace(part), `"`)
	}
	return parts
}

// Refusal says why the server cannot take a value, "" where it may: words of an enum may be hidden, and strings
// have rules of their own.
func (p Parameter) Refusal(asked string) string {
	switch p.Type {
	case "bool":
		if _, ok := Bool(asked); !ok {
			return "it takes on or off"
		}
	case "integer", "real":
		whole := p.Type == "integer"
		v, err := number(asked, p.Unit, whole)
		if err != nil {
			return err.Error()
		}
		low, errLow := number(p.Min, "", false)
		high, errHigh := number(p.Max, "", false)
		if errLow == nil && v < low || errHigh == nil && v > high {
			return fmt.Sprintf("it must be from %s to %s%s", p.Min, p.Max, inUnit(p.Unit))
		}
	}
	return ""
}

func inUnit(unit string) string {
	if unit == "" {
		return ""
	}
	return " (in " + unit + ")"
}
