package load

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/matrix"
)

func TestVariables(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"storm.js": "import { a } from './lib/a.js';\nimport './lib/b.js';\nconst x = __ENV.OF_STORM || " +
			"__ENV['IN_BRACKETS'];\n",
		"a.js":     "import { b } from \"./b.js\";\nexport const a = seconds( 'OF_A', '1s');\nconst NOT_READ = 'NOR_THIS';\n",
		"b.js":     "import '../storm.js';\nexport const b = number(\"OF_B2\", 1);\n",
		"other.js": "__ENV.OF_ANOTHER;\n",
	} {
		path := filepath.Join(dir, name)
		if name == "a.js" || name == "b.js" {
			path = filepath.Join(dir, "lib", name)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Variables(dir, "storm")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"IN_BRACKETS", "OF_A", "OF_B2", "OF_STORM"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, err := Variables(dir, "none"); err == nil {
		t.Errorf("a script that is not there reads %q", got)
	}
}

// The scripts of the lab read what a spec is told that they do.
func TestVariablesOfTheScripts(t *testing.T) {
	const dir = "../../../../scenarios"
	names, err := List(dir)
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		got, err := Variables(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			matrix.VariableBaseURL, matrix.VariableScale, matrix.VariableSeed, matrix.VariableSLO, matrix.VariableSummary,
			matrix.VariablePhase,
			"AUTHORS", "HTTP_TIMEOUT", "RATE", "SLOW_SHARE", "SLOW_TIME", "THINK_TIME", "USERS",
		} {
			if !slices.Contains(got, want) {
				t.Errorf("%s reads %q, and not %s", name, got, want)
			}
		}
	}
}
