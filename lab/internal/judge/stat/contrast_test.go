package stat

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// times multiplies a baseline of 100, 110, … by a ratio per block.
func times(ratios ...float64) (base, cell []float64) {
	for i, r := range ratios {
		v := 100 + 10*float64(i)
		base, cell = append(base, v), append(cell, v*r)
	}
	return base, cell
}

func TestCompareWords(t *testing.T) {
	for name, c := range map[string]struct {
		ratios []float64
		dir    Direction
		want   Word
	}{
		"five are too few":           {[]float64{2, 2, 2, 2, 2}, HigherIsBetter, TooSmall},
		"higher":                     {[]float64{1.2, 1.25, 1.3, 1.2, 1.2, 1.25}, HigherIsBetter, Better},
		"higher latency":             {[]float64{1.2, 1.25, 1.3, 1.2, 1.2, 1.25}, LowerIsBetter, Worse},
		"lower":                      {[]float64{0.8, 0.7, 0.8, 0.8, 0.75, 0.8}, HigherIsBetter, Worse},
		"lower latency":              {[]float64{0.8, 0.7, 0.8, 0.8, 0.75, 0.8}, LowerIsBetter, Better},
		"the same":                   {[]float64{1, 1, 1, 1, 1, 1}, HigherIsBetter, Equivalent},
		"real but within the margin": {[]float64{1.02, 1.02, 1.02, 1.01, 1.02, 1.02}, HigherIsBetter, Equivalent},
		"real, across the margin":    {[]float64{1.02, 1.01, 1.05, 1.01, 1.02, 1.02}, HigherIsBetter, Inconclusive},
		"one against five":           {[]float64{1.2, 1.25, 1.3, 1.2, 1.2, 0.99}, HigherIsBetter, Inconclusive},
		"wide":                       {[]float64{0.5, 2, 0.6, 1.8, 1, 1.1}, HigherIsBetter, Inconclusive},
		"at the margin":              {[]float64{1.03, 1.03, 1.03, 1.03, 1.03, 1.03}, HigherIsBetter, Equivalent},
	} {
		t.Run(name, func(t *testing.T) {
			base, cell := times(c.ratios...)
			// A hair above 3%, for ratios that are 1.03 but for rounding.
			if got := Compare(base, cell, c.dir, 0.03+1e-9, 1); got.Word != c.want {
				t.Errorf("%v is %q; want %q: %+v", c.ratios, got.Word, c.want, got)
			}
		})
	}
}

func TestCompareNumbers(t *testing.T) {
	base, cell := times(1.10, 1.21, 1.10, 1.21, 1.10, 1.21)
	c := Compare(base, cell, HigherIsBetter, 0.03, 1)
	near(t, "Ratio", c.Ratio, math.Sqrt(1.10*1.21), 1e-12)
	near(t, "Low", c.Low, 1.10, 1e-12)
	near(t, "High", c.High, 1.21, 1e-12)
	near(t, "P", c.P, 0.03125, 0)
	if c.N != 6 || c.Interval == nil || len(c.Warnings) > 0 {
		t.Fatalf("%+v", c)
	}
	near(t, "Interval.Low", c.Interval.Low, 1.10, 1e-12)
	near(t, "Interval.High", c.Interval.High, 1.21, 1e-12)

	few := Compare(base[:5], cell[:5], HigherIsBetter, 0.03, 1)
	near(t, "P of five", few.P, 0.0625, 0)
	near(t, "High of five", few.High, 1.21, 1e-12)
	if few.N != 5 || few.Interval != nil {
		t.Errorf("five blocks have an interval: %+v", few)
	}
}

func TestCompareLeavesOut(t *testing.T) {
	nan := math.NaN()
	base, cell := times(1.2, 1.2, 1.3, 1.3, 1.2, 1.2, 1.2)
	for name, c := range map[string]struct {
		base, cell []float64
		n          int
		word       Word
		warnings   []string
	}{
		"nothing": {base, cell, 7, Better, nil},
		"a missing value": {
			base, append([]float64{nan}, cell[1:]...), 6, Better,
			[]string{"excluded 1 of 7 blocks: the cell or the baseline has no value"},
		},
		"the longer end": {
			base, cell[:6], 6, Better, []string{"excluded 1 of 7 blocks: the cell or the baseline has no value"},
		},
		// Six of seven are better; but the seventh broke down.
		"a zero":    {base, append([]float64{0}, cell[1:]...), 7, Inconclusive, nil},
		"both":      {base, append([]float64{-1, nan}, cell[2:]...), 5, TooSmall, []string{"no value", "below 0"}},
		"all":       {[]float64{-1, -1}, cell[:2], 0, TooSmall, []string{"excluded 2 of 2"}},
		"no blocks": {nil, nil, 0, TooSmall, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := Compare(c.base, c.cell, HigherIsBetter, 0.03, 1)
			if got.N != c.n || got.Word != c.word || len(got.Warnings) != len(c.warnings) {
				t.Fatalf("%+v; want n = %d, %q, warnings %q", got, c.n, c.word, c.warnings)
			}
			for i, want := range c.warnings {
				if !strings.Contains(got.Warnings[i].Error(), want) {
					t.Errorf("warning %q; want %q", got.Warnings[i], want)
				}
			}
			if c.n == 0 && !(math.IsNaN(got.Ratio) && math.IsNaN(got.Low) && math.IsNaN(got.High) && math.IsNaN(got.P)) {
				t.Errorf("numbers out of nothing: %+v", got)
			}
		})
	}
}

// A system that has failed is worse than any that has not.
func TestCompareWithTheWorst(t *testing.T) {
	inf := math.Inf(1)
	base := []float64{100, 110, 120, 130, 140, 150, 160, 170}
	cell := func(v float64, failed int) []float64 {
		x := slices.Clone(base)
		for i := range failed {
			x[i] = v
		}
		return x
	}
	for name, c := range map[string]struct {
		base, cell []float64
		dir        Direction
		ratio      float64
		word       Word
	}{
		"no goodput at all":              {base, cell(0, 8), HigherIsBetter, 0, Worse},
		"no goodput, exchanged":          {cell(0, 8), base, HigherIsBetter, inf, Better},
		"no answer at all":               {base, cell(inf, 8), LowerIsBetter, inf, Worse},
		"no answer in six of eight":      {base, cell(inf, 6), LowerIsBetter, inf, Worse},
		"no answer in one of eight":      {base, cell(inf, 1), LowerIsBetter, 1, Inconclusive},
		"neither of them in half of all": {cell(0, 4), cell(0, 4), HigherIsBetter, 1, Equivalent},
	} {
		t.Run(name, func(t *testing.T) {
			got := Compare(c.base, c.cell, c.dir, 0.03, 1)
			near(t, "Ratio", got.Ratio, c.ratio, 1e-12)
			if got.Word != c.word || got.N != 8 || len(got.Warnings) > 0 {
				t.Errorf("%+v; want %s of 8", got, c.word)
			}
		})
	}
}

func TestDifference(t *testing.T) {
	zero := make([]float64, 6)
	errors := []float64{0.10, 0.12, 0.11, 0.13, 0.10, 0.12}
	c := Difference(zero, errors, LowerIsBetter, 0.01, 1)
	near(t, "Ratio", c.Ratio, 0.115, 1e-12)
	near(t, "Low", c.Low, 0.10, 1e-12)
	near(t, "Interval.High", c.Interval.High, 0.13, 1e-12)
	if c.Word != Worse || c.N != 6 || len(c.Warnings) > 0 {
		t.Errorf("%+v; want worse of 6", c)
	}
	if c := Difference(errors, zero, LowerIsBetter, 0.01, 1); c.Word != Better {
		t.Errorf("no errors any more: %+v; want better", c)
	}
	if c := Difference(zero, zero, LowerIsBetter, 0, 1); c.Word != Equivalent || c.P != 1 {
		t.Errorf("no errors in both: %+v; want equivalent", c)
	}
	if c := Difference(zero, []float64{0, 0, 0, 0, 0, 0.2}, LowerIsBetter, 0.01, 1); c.Word != Inconclusive {
		t.Errorf("errors in one block: %+v; want inconclusive", c)
	}
}

func TestAdjusted(t *testing.T) {
	base, cell := times(1.2, 1.25, 1.3, 1.2, 1.2, 1.25)
	better := Compare(base, cell, HigherIsBetter, 0.03, 1)
	equal := Compare(base, base, HigherIsBetter, 0.03, 1)
	for name, c := range map[string]struct {
		from Contrast
		p    float64
		want Word
	}{
		"still significant": {better, 0.04, Better},
		"no longer":         {better, 0.0625, Inconclusive},
		"not tested":        {better, math.NaN(), Inconclusive},
		"equivalent":        {equal, 1, Equivalent},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.from.Adjusted(c.p)
			near(t, "P", got.P, c.p, 0)
			if got.Word != c.want {
				t.Errorf("%q; want %q", got.Word, c.want)
			}
		})
	}
}
