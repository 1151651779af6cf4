package matrix

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// entries repeats an entry with a number in it.
func entries(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// word spells a number in letters, as a parameter's name must be.
func word(n int) string {
	return strings.NewReplacer(
		"0", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6", "g", "7", "h", "8", "i", "9", "j",
	).Replace(fmt.Sprint(n))
}

// bundles is a factor of so many values that set so many parameters each.
func bundles(name string, values, parameters int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s:\n", name)
	for v := range values {
		fmt.Fprintf(&b, "    v%d: {", v)
		for p := range parameters {
			fmt.Fprintf(&b, "postgres.%s_%s: %d, ", name, word(p), v)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// A small text that means much: refused, soon, in little memory, with few words.
func TestBombs(t *testing.T) {
	laughs := "a0: &a0 [lol, lol]\n"
	for i := 1; i < 30; i++ {
		laughs += fmt.Sprintf("a%d: &a%d [*a%d, *a%d, *a%d]\n", i, i, i-1, i-1, i-1)
	}
	head := "name: t\nscenarios: [storm]\nslo: {error_ratio: 0.01, p99: 500ms}\n"
	for _, test := range []struct{ name, spec, want string }{
		{"billion laughs", laughs, "anchors are not allowed"},
		{"alias of itself", "a: &a [*a]\n", "aliases are not allowed"},
		{"merge keys", "x: &x {a: 1}\ny: {<<: *x}\n", "anchors are not allowed"},
		{"deep flow lists", strings.Repeat("[", 500_000), "not YAML: "},
		{"deep flow maps", strings.Repeat("{a: ", 200_000), "not YAML: "},
		{"deep block lists", strings.Repeat("- ", 400_000), "not YAML: "},
		{"deep, but readable", strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), "a spec must be a map"},
		{"deep in a key", "name: " + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), "name must be a single value"},
		{"complex keys", strings.Repeat("? ", 100_000), "not YAML: "},
		{"many documents", strings.Repeat("---\n", 100_000), "a second YAML document"},
		{"huge scalar", "name: " + strings.Repeat("a", 1_000_000), "name has 1000000 bytes"},
		{"huge quoted scalar", `name: "` + strings.Repeat(`\u0041`, 160_000) + `"`, "name has 160000 bytes"},
		{"huge key", strings.Repeat("a", 1_000_000) + ": 1", "not YAML: "},
		{"huge quoted key", `{? "` + strings.Repeat("a", 1_000_000) + `" : 1}`, "a key of the spec has 1000000 bytes"},
		{"huge anchor", "name: &" + strings.Repeat("a", 1_000_000) + " x", "anchors are not allowed"},
		{"huge tag", "name: !" + strings.Repeat("a", 1_000_000) + " x", "name has the YAML tag"},
		{"too large", strings.Repeat("# so\n", 300_000), "bytes; at most 1048576 are read"},
		{"zeros", strings.Repeat("\x00", 1_000_000), "not YAML: "},
		{"tabs", strings.Repeat("\t", 1_000_000), "1:1: "},
		{"bare line ends", strings.Repeat("\r", 1_000_000), "the spec is empty"},
		{"marks of another encoding", "\xff\xfe" + strings.Repeat("a\x00", 400_000), "1:1: "},
		{"unknown keys", entries(80_000, "k%d: 1\n"), "more is wrong than these 200"},
		{"unknown settings", head + "settings:\n" + entries(50_000, "  p%d: 1\n"), "settings has 50000 entries"},
		{"duplicate keys", strings.Repeat("a: 1\n", 150_000), "more is wrong than these 200"},
		{"anchors", strings.Repeat("- &a b\n", 100_000), "more is wrong than these 200"},
		{"unknown scenarios", "scenarios:\n" + entries(60_000, "- s%d\n"), "more is wrong than these 200"},
		{"factors", head + "factors:\n" + entries(60_000, "  f%d: [1]\n"), "60000 factors are given; at most 16"},
		{"values", head + "factors: {pool_size: [" + entries(80_000, "%d, ") + "]}", "has too many values; at most 1000"},
		{"product of factors", head + "factors:\n" + entries(
			16, "  fault.x%d: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n",
		), "give more than 1000 cells"},
		{"settings of all cells", head + "factors:\n" + bundles("a", 30, 250) + bundles("b", 30, 250), "900 cells with "},
		{"cells", head + "factors: {pool_size: [1, 2]}\ncells:\n" +
			strings.Repeat("- {pool_size: 1}\n", 50_000), "more is wrong than these 200"},
		{"exclusions", head + "factors: {pool_size: [" + entries(999, "%d, ") + "1000]}\nexclude:\n" +
			strings.Repeat("- {pool_size: 1}\n", 50_000), "more is wrong than these 200"},
		{"trials", head + "factors: {pool_size: [1, 2]}\nbaseline: {pool_size: 1}\nblocks: 99999\n",
			"are more than 100000 trials"},
		{"processors", "cpus: {app: '" + strings.Repeat("0-8191,", 70) + "'}", "names processor 0 twice"},
		{"targets", "allow_targets: [" + entries(50_000, "h%d, ") + "]", "allow_targets is not possible yet"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := obtained()
			began := time.Now()
			_, err := Parse([]byte(test.spec), there)
			took, memory := time.Since(began), obtained()-before
			var diagnostics Diagnostics
			if !errors.As(err, &diagnostics) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %.300v, want %q in it", err, test.want)
			}
			if n := len(fmt.Sprint(err)); n > longestError {
				t.Errorf("the message has %d bytes", n)
			}
			// Several times what it takes where nothing else runs.
			if took > 20*time.Second || memory > 200<<20 {
				t.Errorf("it took %v and %d MB", took, memory>>20)
			}
		})
	}
}

// obtained is the memory that the program has from the system, in bytes. It grows as
// memory is used, and may shrink a little.
func obtained() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}

// As many settings as there may be are still a plan of some megabytes.
func TestLargestPlan(t *testing.T) {
	spec := "name: t\nscenarios: [storm]\nslo: {error_ratio: 0.01, p99: 500ms}\nbaseline: {a: v0, b: v0}\nfactors:\n" +
		bundles("a", 30, 90) + bundles("b", 30, 90)
	defer debug.SetGCPercent(debug.SetGCPercent(100)) // whatever the environment says
	before := obtained()
	parsed, err := Parse([]byte(spec), there)
	if err != nil {
		t.Fatal(err)
	}
	plan := parsed.Plan()
	if err := errors.Join(plan.Validate(), plan.Runnable(there)); err != nil {
		t.Error(err)
	}
	if len(plan.Cells) != 901 {
		t.Errorf("%d cells, want 900 and the A/A control", len(plan.Cells))
	}
	if memory := obtained() - before; memory > 200<<20 {
		t.Errorf("it took %d MB", memory>>20)
	}
}

// Only the lab's own backend can be measured. What would lead elsewhere is refused, whatever it names.
func TestAllowTargets(t *testing.T) {
	line := strings.Count(good, "\n") + 1
	want := fmt.Sprintf("%d:1: allow_targets is not possible yet: the load goes to the lab's own backend, on this "+
		"machine, "+
		"and nowhere else; leave it out", line)
	for _, value := range []string{"[bench.example]", "[127.0.0.1]", "[]", "x", "{x: y}", "['*']", "[10.0.0.0/8]", ""} {
		_, err := Parse([]byte(good+"allow_targets: "+value+"\n"), there)
		if err == nil || err.Error() != want {
			t.Errorf("allow_targets: %s: %v; want %q", value, err, want)
		}
	}
}

// No name that leads out of its directory comes through.
func TestNamesThatEscape(t *testing.T) {
	for _, name := range []string{
		"..", "../x", "/etc/passwd", "a/b", "a\x00b", "a\nb", ".hidden", "", "C:x", `a\b`, strings.Repeat("a", 65),
	} {
		quoted := fmt.Sprintf("%q", name)
		if _, err := Parse([]byte(strings.Replace(good, "name: t", "name: "+quoted, 1)), there); err == nil {
			t.Errorf("a spec may be named %s", quoted)
		}
		// Not even if there were such a script.
		if _, err := Parse([]byte(strings.Replace(good, "[storm,", "["+quoted+",", 1)), scriptsAnd(name)); err == nil {
			t.Errorf("a scenario may be named %s", quoted)
		}
		plan := planOf(t, good)
		plan.Name = name
		if err := plan.Validate(); err == nil {
			t.Errorf("a plan may be named %s", quoted)
		}
		plan = planOf(t, good)
		plan.Scenarios[0].Name = name
		for i := range plan.Trials {
			if plan.Trials[i].Scenario.Name == "storm" {
				plan.Trials[i].Scenario.Name = name
			}
		}
		if err := plan.Validate(); err == nil {
			t.Errorf("a scenario of a plan may be named %s", quoted)
		}
	}
}

func planOf(t *testing.T, spec string) Plan {
	t.Helper()
	parsed, err := Parse([]byte(spec), there)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Plan()
}

// Two readings of the same bytes give the same: nothing depends on what was read before.
func TestParseKeepsNothing(t *testing.T) {
	first := planOf(t, good)
	_, _ = Parse(bytes.Repeat([]byte("a: &a [*a]\n"), 1000), there)
	if second := planOf(t, good); fmt.Sprint(first) != fmt.Sprint(second) {
		t.Errorf("%v\nthen %v", first, second)
	}
}
