package compare

import (
	"strings"
	"testing"
)

func TestJUnit(t *testing.T) {
	c := Comparison{A: "one", B: "other"}
	rulings := []Ruling{
		{"p99<=1.1", "storm", "pool_size=8", Passed, "0.9 to 1.0"},
		{"p99<=1.1", "wave@0.25", "pool_size=<8>", Missed, "1.2 to 1.3"},
		{"p99<=1.1", "storm", "pool_size=16", Inconclusive, "1.0 to 1.3"},
		{"goodput>=0.9", "", "", Inconclusive, "no cell of A is like one of B"},
	}
	const missed = `    <testcase classname="lab.compare.wave@0_25" name="p99&lt;=1.1 in pool_size=&lt;8&gt;">
      <failure message="missed: 1.2 to 1.3"></failure>
    </testcase>
`
	const passed = `    <testcase classname="lab.compare.storm" name="p99&lt;=1.1 in pool_size=8">
      <system-out>passed: 0.9 to 1.0</system-out>
    </testcase>
`
	for _, test := range []struct {
		allow          bool
		head, inJUnits string
	}{
		{false, `tests="4" failures="3" skipped="0"`, "failure"},
		{true, `tests="4" failures="1" skipped="2"`, "skipped"},
	} {
		text, err := c.JUnit(rulings, test.allow)
		if err != nil {
			t.Fatal(err)
		}
		inconclusive := `    <testcase classname="lab.compare.storm" name="p99&lt;=1.1 in pool_size=16">
      <` + test.inJUnits + ` message="inconclusive: 1.0 to 1.3"></` + test.inJUnits + `>
    </testcase>
    <testcase classname="lab.compare" name="goodput&gt;=0.9">
      <` + test.inJUnits + ` message="inconclusive: no cell of A is like one of B"></` + test.inJUnits + `>
    </testcase>
`
		want := `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="A = one, B = other" ` + test.head + `>
` + passed + missed + inconclusive + `  </testsuite>
</testsuites>
`
		if got := string(text); got != want {
			t.Errorf("inconclusive allowed: %t:\n%s\nwant:\n%s", test.allow, got, want)
		}
	}
	if text, err := c.JUnit(nil, false); err != nil || !strings.Contains(string(text), `tests="0"`) {
		t.Errorf("JUnit of no rulings = %s, %v", text, err)
	}
}
