package runner

import (
	"maps"
	"testing"

	"stormwave/lab/internal/record"
)

func TestTallyCountsARepetitionOnce(t *testing.T) {
	half := join(shots(1, 0, record.Valid, record.Suspect), shots(2, 0, record.Invalid))
	again := join(half, shots(2, 2, record.Valid, record.Valid))
	for _, c := range []struct {
		name    string
		records []record.Record
		want    map[string]int
	}{
		{"none", nil, map[string]int{"valid": 0, "failed": 0, "suspect": 0, "invalid": 0}},
		{"half a block", half, map[string]int{"valid": 1, "failed": 0, "suspect": 1, "invalid": 1}},
		{"shot again", again, map[string]int{"valid": 3, "failed": 0, "suspect": 1, "invalid": 0}},
	} {
		if got := tally(c.records); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v; want %v", c.name, got, c.want)
		}
		counted := 0
		for _, rec := range c.records {
			if !rec.Superseded(c.records) {
				counted++
			}
		}
		sum := 0
		for _, n := range tally(c.records) {
			sum += n
		}
		if sum != counted {
			t.Errorf("%s: %d counted; the report counts %d", c.name, sum, counted)
		}
	}
}
