package compare

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/judge/stat"
)

// tally counts the comparisons that give an interval by their words, and those that give none.
type tally struct {
	all   int
	words map[stat.Word]int
	few   int
}

func count(all ...Comparison) tally {
	t := tally{words: make(map[stat.Word]int)}
	for _, c := range all {
		for _, p := range c.Pairs {
			for _, change := range p.Changes {
				switch {
				case change.Interval != nil:
					t.all++
					t.words[change.Word]++
				case change.Word == stat.TooSmall:
					t.few++
				}
			}
		}
	}
	return t
}

// String is the sentence that tells what all comparisons come to.
func (t tally) String() string {
	var parts []string
	for _, word := range []stat.Word{stat.Better, stat.Worse, stat.Equivalent, stat.Inconclusive} {
		parts = append(parts, fmt.Sprintf("%d %s", t.words[word], word))
	}
	text := fmt.Sprintf("Of %d comparisons, after Holm: %s.", t.all, strings.Join(parts, ", "))
	if t.all == 1 {
		text = strings.Replace(text, "comparisons", "comparison", 1)
	}
	if t.few > 0 {
		text += fmt.Sprintf(" For %d more there are too few results.", t.few)
	}
	return text
}
