package load

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestVariables(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"storm.js": "import { a } from './lib/a.js';\nimport './lib/b.js';\nconst x = __ENV.OF_STORM || __ENV['IN_BRACKETS'];\n",
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
			"AUTHORS", "BASE_URL", "HTTP_TIMEOUT", "RATE", "SCALE", "SEED", "SLOW_SHARE", "SLOW_TIME", "THINK_TIME",
		} {
			if !slices.Contains(got, want) {
				t.Errorf("%s reads %q, and not %s", name, got, want)
			}
		}
	}
}

// The answers of `k6 inspect --execution-requirements` to an open and to a closed script,
// as far as they are read.
func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		want         Script
	}{
		{"open", `{"scenarios": {"load": {"executor": "ramping-arrival-rate", "gracefulStop": "11s", "timeUnit": "2s",
			"stages": [{"duration": "8s", "target": 3960}, {"duration": "42s", "target": 0}]}},
			"totalDuration": "1m1s", "maxVUs": 2000}`,
			Script{Nominal: 50 * time.Second, Longest: 61 * time.Second, VUs: 2000, Open: true, Rate: 1980, Ramp: 8 * time.Second}},
		{"closed", `{"scenarios": {"load": {"executor": "ramping-vus", "gracefulStop": "12s", "timeUnit": null,
			"stages": [{"duration": "8s", "target": 1000}]}}, "totalDuration": "20s", "maxVUs": 1000}`,
			Script{Nominal: 8 * time.Second, Longest: 20 * time.Second, VUs: 1000, Ramp: 8 * time.Second}},
	} {
		var got Script
		if err := got.decode([]byte(c.answer)); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
}
