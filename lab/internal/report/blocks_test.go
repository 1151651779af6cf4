package report

import (
	"os"
	"strings"
	"testing"
)

// Scenarios may have blocks of their own: each is told by itself, and none that was
// never planned counts as not run.
func TestBlocksByScenario(t *testing.T) {
	src, err := os.ReadFile("testdata/quick.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(src), "blocks: 1\n", "blocks: {storm: 8, wave@0.25: 3}\n", 1)
	report := build(t, synthesize(t, []byte(own), 8))
	for _, want := range []string{
		" 4 cells, 8 blocks × storm + 3 blocks × wave@0.25. Of 55 trials 55 are valid.\n",
		"| nothing, however large: 3 comparisons take 7 blocks ",
		"Each block ran every cell once with each scenario that has so many blocks (8 × storm + 3 × wave@0.25), in an order",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}
