package stat

import (
	"math"
	"testing"
)

func TestConfidence(t *testing.T) {
	for name, c := range map[string]struct {
		x    []float64
		want Interval
	}{
		"none":           {nil, Interval{math.Inf(-1), math.Inf(1)}},
		"five":           {upTo(5), Interval{math.Inf(-1), math.Inf(1)}},
		"six":            {upTo(6), Interval{1, 6}},
		"eight":          {upTo(8), Interval{2, 7}},              // 1 1½ 2 2 …: the 4th of 36 from either end
		"depression":     {depression, Interval{-0.786, -0.010}}, // R, conf.int = TRUE
		"darwin":         {darwin, Interval{4, 41.5}},            // the 26th of 120
		"all the same":   {[]float64{2, 2, 2, 2, 2, 2, 2}, Interval{2, 2}},
		"129, resampled": {make([]float64, 129), Interval{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Confidence(c.x, 1)
			near(t, "Low", got.Low, c.want.Low, 1e-9)
			near(t, "High", got.High, c.want.High, 1e-9)
		})
	}
}

// The interval holds what the signed-rank test does not reject, and nothing else.
func TestConfidenceInvertsTheTest(t *testing.T) {
	const step = 1e-6
	i := Confidence(depression, 1)
	for v, inside := range map[float64]bool{
		i.Low - step: false, i.Low + step: true, i.High - step: true, i.High + step: false,
	} {
		x := make([]float64, len(depression))
		for k := range x {
			x[k] = depression[k] - v
		}
		if p := SignedRank(x); (p > alpha) != inside {
			t.Errorf("at %g p = %g; inside %t", v, p, inside)
		}
	}
}

// These are the classical critical values, of the lower sum. (Wilcoxon & Wilcox 1964.)
func TestSignedRankReject(t *testing.T) {
	for n, highest := range map[int]int{
		5:  -1,
		6:  0,
		7:  2,
		8:  3,
		9:  5,
		10: 8,
		11: 10,
		12: 13,
		15: 25,
		20: 52,
		25: 89,
		30: 137,
	} {
		if got := SignedRankRejects(n, alpha/2) - 1; got != highest {
			t.Errorf("n = %d: the highest sum rejected is %d; want %d", n, got, highest)
		}
	}
}

func TestWidth(t *testing.T) {
	x := []float64{math.Log(0.90), math.Log(0.95), 0, 0, math.Log(1.05), math.Log(1.10)}
	near(t, "Width", Width(x, 1), math.Sqrt(1.10/0.90)-1, 1e-12)
	near(t, "Width of five", Width(x[:5], 1), math.Inf(1), 0)
}
