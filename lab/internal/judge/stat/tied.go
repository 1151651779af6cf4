package stat

import "math"

// Tied returns the indexes, ascending, of the cells that cannot be told from the
// best one, which is among them: the one with the best median, the first of equals.
// values has a row per cell and a column per block; NaN is a missing value.
//
// A cell is told from the best if Compare calls it Worse after Holm over all
// contrasts with the best. Cells that share too few blocks with the best are tied, so
// with fewer than MinBlocksFor all are. A cell without any value is not.
//
// What holds with 95% is that the truly best cell is among the tied (measured: a
// given one of equals is dropped in under 3% of runs). That every equal is among
// them does not, since the best is picked from the same data: some equal is dropped
// in 4% of runs with 2 cells and in up to 12.7% with 20. Contrasts of all pairs would
// hold it, at the price of more blocks: 13 for 20 cells instead of 10.
func Tied(values [][]float64, dir Direction, margin float64, seed uint64) []int {
	best, median := -1, math.NaN()
	for i, row := range values {
		if m := Median(present(row)); best < 0 && !math.IsNaN(m) || dir.better(m, median) {
			best, median = i, m
		}
	}
	var cells []int
	var contrasts []Contrast
	var p []float64
	for i, row := range values {
		if len(present(row)) == 0 {
			continue
		}
		c := Contrast{P: math.NaN()} // of the best with itself there is no test
		switch {
		case i == best:
		default:
			c = Compare(values[best], row, dir, margin, seed)
		}
		if c.Word == TooSmall {
			c.P = math.NaN() // it cannot be told, so it is no burden to the others
		}
		cells, contrasts, p = append(cells, i), append(contrasts, c), append(p, c.P)
	}
	var tied []int
	for i, v := range Holm(p) {
		if contrasts[i].Adjusted(v).Word != Worse {
			tied = append(tied, cells[i])
		}
	}
	return tied
}

// present returns the values that are not missing.
func present(row []float64) []float64 {
	var x []float64
	for _, v := range row {
		if !math.IsNaN(v) {
			x = append(x, v)
		}
	}
	return x
}
