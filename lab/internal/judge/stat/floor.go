package stat

// leastMargin is the share below which no difference is worth a word.
const leastMargin = 0.03

// Margin is the share within which cells count as equivalent: 3%, or the A/A floor
// if that is larger. A floor of NaN, of a run without twins, leaves 3%.
func Margin(floor float64) float64 {
	if floor > leastMargin {
		return floor
	}
	return leastMargin
}

// Floor is the noise floor of a run, a share: by how much its baseline a may differ
// from its twin b, which is the same thing, with as many blocks as there are. It
// is the end of the 95% interval of their ratio that is farther from 1: 0.04 says
// that a ratio of 1.04, or of 1/1.04, may be noise. With fewer than MinBlocks it is
// the block's ratio that is farthest from 1; without a block it is NaN.
func Floor(a, b []float64) float64 {
	c := Compare(a, b, HigherIsBetter, 0, 1)
	low, high := c.Low, c.High
	if c.Interval != nil {
		low, high = c.Interval.Low, c.Interval.High
	}
	return max(1/low, high) - 1
}
