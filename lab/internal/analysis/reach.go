package analysis

import (
	"slices"

	"stormwave/lab/internal/judge/stat"
)

// Reach is how far the values of a cell's trials reach.
type Reach struct {
	Median, Low, High float64
	// Covers says that Low and High are the 95% interval of the values' location; of fewer than
	// stat.MinBlocks they are the lowest and the highest.
	Covers bool
}

// ReachOf needs at least one value; the seed is for intervals of very many, as in
// stat.Confidence.
func ReachOf(values []float64, seed uint64) Reach {
	switch {
	case len(values) == 0:
		return Reach{}
	case len(values) < stat.MinBlocks:
		return Reach{Median: stat.Median(values), Low: slices.Min(values), High: slices.Max(values)}
	}
	interval := stat.Confidence(values, seed)
	return Reach{Median: stat.Median(values), Low: interval.Low, High: interval.High, Covers: true}
}
