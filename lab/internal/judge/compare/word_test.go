package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
)

// The margin is the plan's: noise does not change it.
func TestMarginIsFixedBeforehand(t *testing.T) {
	quiet := synthetic{
		name:      "quiet",
		pools:     []string{"8", "16"},
		scenarios: []matrix.Scenario{storm},
		blocks:    8,
		speed:     steady,
	}
	a, noisy := quiet.run(), quiet.run()
	for i, r := range noisy.Records {
		if strings.HasSuffix(r.Cell, "twin=2") {
			noisy.Records[i].Load.Latency.P99 *= 1.2
		}
	}
	c := Runs(a, noisy)
	if got := of(t, c, "storm", "pool_size=16", "p99").Margin; got != 0.03 {
		t.Errorf("margin = %v; want 0.03", got)
	}
	if got := of(t, c, "storm", "pool_size=16", "error_ratio").Margin; got != 0.005 {
		t.Errorf("margin of the error ratio = %v; want half a point", got)
	}
	noisy.Plan.Margin.Ratio = 0.01
	if got := of(t, Runs(a, noisy), "storm", "pool_size=16", "p99").Margin; got != 0.01 {
		t.Errorf("margin = %v; want the smaller of the two runs'", got)
	}
}

// Many cells are compared: that one of them differs by chance is no finding.
func TestWordsHoldForAllCellsTogether(t *testing.T) {
	pools := []string{"unlimited", "slow"}
	for i := 1; i <= 40; i++ {
		pools = append(pools, fmt.Sprint(i))
	}
	for _, test := range []struct {
		pools  []string
		blocks int
		want   stat.Word
	}{
		{pools[:3], 4, stat.Inconclusive},
		{pools[:2], 4, stat.Worse},
		{pools, 6, stat.Inconclusive},
		{pools, 8, stat.Worse},
	} {
		base := synthetic{
			name:      "one",
			pools:     test.pools,
			scenarios: []matrix.Scenario{storm},
			blocks:    test.blocks,
			speed:     steady,
		}
		slow := base
		slow.speed = func(pool string, _ int) float64 {
			if pool == "slow" {
				return 0.8
			}
			return 1
		}
		got := of(t, Runs(base.run(), slow.run()), "storm", "pool_size=slow", "p99")
		if got.Word != test.want || *got.Interval == [2]float64{} || got.Interval[0] < 1.1 {
			t.Errorf(
				"%d cells, %d v %d: p99 × %v %s, p %v; want %s", len(test.pools), test.blocks, test.blocks, *got.Estimate, got.Word,
				*got.P, test.want,
			)
		}
	}
}

// Days differ: that all of a run is faster is no finding about its cells.
func TestDaysThatDifferAreNoFinding(t *testing.T) { simulateDays(t, 1) }

func simulateDays(t *testing.T, times int) {
	t.Helper()
	random := rand.New(rand.NewPCG(11, 1))
	for _, days := range []int{2, 4} {
		for _, between := range []float64{0, 0.02, 0.05, 0.1} {
			alarms, lines := 0, 150*times
			for range lines {
				runs := make([]Run, days)
				for i := range runs {
					day := math.Exp(between * random.NormFloat64())
					s := synthetic{name: "run", pools: []string{"8", "16"}, scenarios: []matrix.Scenario{storm}, blocks: 8}
					s.speed = func(string, int) float64 { return day * math.Exp(0.015*random.NormFloat64()) }
					runs[i] = s.run()
				}
				if slices.ContainsFunc(History(runs, 0)[0].Turns, func(t Turn) bool { return t.Change.Measure == "goodput" }) {
					alarms++
				}
			}
			share := float64(alarms) / float64(lines)
			t.Logf("%d days that differ by %.0f%%: better or worse in %.1f%%", days, 100*between, 100*share)
			if share > 0.05 {
				t.Errorf("%d days that differ by %.0f%%: better or worse in %.1f%%; want at most 5%%", days, 100*between, 100*share)
			}
		}
	}
}
