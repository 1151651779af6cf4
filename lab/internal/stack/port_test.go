package stack

import (
	"math/rand/v2"
	"testing"
)

// A port that is drawn is nobody's but the one's who has drawn it, before a service
// listens on it too: of twenty, fifteen are drawn with no other in the way.
func TestPortIsDrawnOnce(t *testing.T) {
	lowest := 20000 + rand.IntN(10000) // what is drawn stays drawn until this process ends
	drawn := make(map[string]bool)
	for range 15 {
		addr, err := drawPort(lowest, lowest+20)
		if err != nil {
			t.Fatal(err)
		}
		if drawn[addr] {
			t.Errorf("%s is drawn twice", addr)
		}
		drawn[addr] = true
	}
}
