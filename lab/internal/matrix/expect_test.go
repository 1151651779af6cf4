package matrix

import (
	"os"
	"slices"
	"strings"
	"testing"
)

const oneFactor = `name: t
scenarios: [storm]
factors: {pool_size: [8, 1]}
baseline: {pool_size: 8}
slo: {error_ratio: 0.01, p99: 500ms}
`

func TestExpect(t *testing.T) {
	spec, err := Parse([]byte(oneFactor+"expect: {8: none, 1: app-pool-starved}\n"), there)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range spec.Plan().Cells {
		got = append(got, c.Expect)
	}
	if want := []string{"none", "none", "app-pool-starved"}; !slices.Equal(got, want) { // the A/A control's too
		t.Errorf("expected causes %v, want %v", got, want)
	}
	_, err = Parse([]byte(oneFactor+"expect: {8: nome, 3: none}\n"), there)
	if err == nil || !strings.Contains(err.Error(), `6:13: unknown cause "nome": did you mean none?`) ||
		!strings.Contains(err.Error(), `6:19: "3" is not a value of pool_size: `) {
		t.Errorf("faults %v, want both with their places", err)
	}
}

func TestFaultSettings(t *testing.T) {
	for name, values := range map[string][2][]string{ // taken as they are; refused
		FaultCPU("app"): {{"0.2", "1", "1.5"}, {"0", "0.01", "-1", "65", "NaN", "half"}},
		FaultHog:        {{"1", "2"}, {"0", "65", "two"}},
		FaultDelay:      {{"25ms", "1s"}, {"0s", "100us", "11s", "25"}},
		FaultRowCPU:     {{"200\u00b5s"}, {"0s", "1s", "10ns"}},
		FaultIndex:      {{"posts_author_id_id_idx"}, {"", "x; drop table posts", "X"}},
		FaultReplay:     {{"on"}, {"off", "yes"}},
		FaultKill:       {{"replica@10s", "primary@1s"}, {"replica", "k6@1s", "replica@0s", "replica@1m", "init@1s"}},
	} {
		setting, err := services.Lookup(name)
		if err != nil {
			t.Errorf("%s %v", name, err)
			continue
		}
		for _, v := range values[0] {
			if got, err := setting.Canonical(v); err != nil || got != v {
				t.Errorf("%s = %s is written %q, %v", name, v, got, err)
			}
		}
		for _, v := range values[1] {
			if got, err := setting.Canonical(v); err == nil {
				t.Errorf("%s = %q is taken as %q", name, v, got)
			}
		}
	}
	if service, after, ok := Kill("replica@10s"); !ok || service != "replica" || after.Seconds() != 10 {
		t.Errorf("Kill = %s, %s, %v", service, after, ok)
	}
}

// The gallery holds at least what issue and method name, and expects a cause of each.
func TestFaultGallery(t *testing.T) {
	text, err := os.ReadFile("../../matrices/faults.yaml")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := Parse(text, scriptsAnd("mixed"))
	if err != nil {
		t.Fatal(err)
	}
	if len(spec.Cells) < 22 || spec.Blocks < 3 {
		t.Errorf("%d cells, %d blocks; want a healthy one and 21 faults, three times", len(spec.Cells), spec.Blocks)
	}
	expected := map[string]int{}
	limited := map[string]bool{}
	for _, c := range spec.Cells {
		if c.Expect == "" {
			t.Errorf("%s expects nothing", c.Label)
		}
		expected[c.Expect]++
		for _, limit := range []string{StatementTimeout, LockTimeout, "query_timeout", "acquire_timeout"} {
			if parsed(c.Settings[limit]) > 0 {
				limited[limit] = true
			}
		}
	}
	if expected["mixed"] < 2 || expected["none"] < 2 || len(limited) < 4 {
		t.Errorf("two faults at once in %d cells, none in %d, time limits %v; want two of each, and each limit",
			expected["mixed"], expected["none"], limited)
	}
}
