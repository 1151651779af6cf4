package matrix

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The README's table of settings is made from Table.
func TestSettingsDocumented(t *testing.T) {
	const file = "../../matrices/README.md"
	var b strings.Builder
	b.WriteString("| name | values | default | meaning |\n|---|---|---|---|\n")
	for _, s := range Table {
		standard := ""
		if s.Default != "" {
			standard = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Name, s.Type, standard, s.Meaning)
	}
	table := b.String()
	readme, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		between := regexp.MustCompile(`(?s)(<!-- settings.*? -->\n).*(<!-- end of settings -->)`)
		readme = between.ReplaceAll(readme, []byte("${1}"+table+"${2}"))
		if err := os.WriteFile(file, readme, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(string(readme), "-->\n"+table+"<!--") {
		t.Errorf("%s lacks the table of settings; run go test with -update", file)
	}
}

// Every default is a value that a spec could give, in its one spelling.
func TestDefaultsAreCanonical(t *testing.T) {
	for name, value := range Defaults() {
		s, err := Lookup(name)
		if err != nil {
			t.Errorf("%s %v", name, err)
			continue
		}
		if got, err := s.Canonical(value); err != nil || got != value {
			t.Errorf("default of %s: %q is written %q, %v", name, value, got, err)
		}
	}
}

func TestLookupFamily(t *testing.T) {
	for _, name := range []string{"postgres.work_mem", "postgres.auto_explain.log_nested", "pgbouncer.default_pool_size", "scenario.THINK_MS", "app.GOMAXPROCS"} {
		s, err := Lookup(name)
		if err != nil || s.Name != name || s.Default != "" {
			t.Errorf("Lookup(%q) = %+v, %v; want a setting of that name without default", name, s, err)
		}
	}
}
