package race

import "slices"

// size is how many of the cells a block measures, the control aside, after so many blocks: half of
// those of the block before, and never fewer than minPicks.
func size(cells, done int) int {
	half := cells
	for range done {
		half = (half + 1) / 2
	}
	return min(cells, max(minPicks, half))
}

// next picks the cells of the next block: the likeliest, and the likeliest of all once more as its
// control. Cells that the lab failed to measure come before them, as long as that may be chance. Nil
// where the budget does not reach for two cells. The first block has every cell, and no control:
// nobody leads yet.
func (r Race) next(trials []Trial, s *Standing, order []int) []int {
	done := 0
	tried := make([]int, len(r.Cells))
	for _, t := range trials {
		done = max(done, t.Block)
		tried[t.Cell]++
	}
	lost := slices.DeleteFunc(slices.Clone(order), func(i int) bool {
		return s.Cells[i].Answer != NotMeasured || tried[i] >= minTrials*r.Loads
	})
	rest := slices.DeleteFunc(slices.Clone(order), func(i int) bool { return slices.Contains(lost, i) })
	left := (r.Budget - len(trials)) / r.Loads // cells
	n := min(size(len(r.Cells), done), left)
	if n < 2 {
		return nil
	}
	picks := slices.Concat(lost, rest)[:n]
	if done > 0 && n < left && len(rest) > 0 {
		picks = append(picks, rest[0])
	}
	return picks
}
