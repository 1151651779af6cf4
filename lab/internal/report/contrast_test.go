package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

const byFailed = 3 // in measures

// storm is the analysis of the synthetic run's first scenario, after a change.
func storm(t *testing.T, blocks int, change func(*record.Record)) part {
	t.Helper()
	run := synthetic(t, blocks)
	for i := range run.Records {
		if run.Records[i].Scenario == "storm" {
			change(&run.Records[i])
		}
	}
	return analyze(t, run).parts[0]
}

// goodputs sets the goodput of every cell to that of the baseline's, times a factor
// for the cell with that topology, and a little noise.
func goodputs(factors map[string]float64) func(*record.Record) {
	return func(r *record.Record) {
		noise := 1 + 0.004*float64(r.N%5-2)
		r.Load.GoodputRPS = 1_000 * noise
		if f, ok := factors[r.Settings["topology"]]; ok && r.Settings["pool_size"] == "8" {
			r.Load.GoodputRPS *= f
		}
	}
}

func TestContrasts(t *testing.T) {
	p := storm(t, 10, goodputs(map[string]float64{"direct": 1.2, "replica": 0.8, "pgbouncer": 1.001}))
	for row, want := range map[int]struct {
		word  stat.Word
		ratio float64
	}{1: {stat.Equivalent, 1}, 2: {stat.Better, 1.2}, 3: {stat.Worse, 0.8}, 4: {stat.Equivalent, 1}} {
		c := p.contrasts[byGoodput][row]
		if c.Word != want.word || c.N != 10 || math.Abs(c.Ratio/want.ratio-1) > 0.006 {
			t.Errorf("row %d: %.3f %s of %d; want %.3f %s", row, c.Ratio, c.Word, c.N, want.ratio, want.word)
		}
		if c.Interval == nil || c.Interval.Low > c.Ratio || c.Interval.High < c.Ratio {
			t.Errorf("row %d: interval %v of %.3f", row, c.Interval, c.Ratio)
		}
	}
	// Of the three contrasts two have the least p-value there is with 10 blocks.
	for row, times := range map[int]float64{1: 1, 2: 3, 3: 3} {
		if c := p.contrasts[byGoodput][row]; c.P != min(1, times*c.Alone) || row > 1 && c.Alone != 2/1024. {
			t.Errorf("row %d: p is %v alone, %v after Holm", row, c.Alone, c.P)
		}
	}
	if c := p.contrasts[byGoodput][p.Plan.Control()]; c.Word != stat.Equivalent || c.Interval.Low > 1 ||
		c.Interval.High < 1 {
		t.Errorf("A/A control: %s in %v", c.Word, c.Interval)
	}
	if text := p.contrastText(byGoodput, 2); !strings.HasPrefix(text, "1.") || !strings.HasSuffix(text, "] better") {
		t.Errorf("contrast %q", text)
	}
	if text := p.contrastText(byGoodput, 0); text != numeral.Missing {
		t.Errorf("the baseline against itself: %q", text)
	}
}

func TestTooFewBlocks(t *testing.T) {
	p := storm(t, 5, goodputs(map[string]float64{"direct": 2}))
	c := p.contrasts[byGoodput][capped]
	if c.Interval != nil || c.Word != stat.TooSmall {
		t.Errorf("5 blocks: interval %v, word %s", c.Interval, c.Word)
	}
	want := ratio(c.Ratio) + " (" + ratio(c.Low) + " to " + ratio(c.High) + "), n too small"
	if text := p.contrastText(byGoodput, capped); text != want || c.Low >= c.High {
		t.Errorf("contrast %q, want %q", text, want)
	}
	if !p.best.Few || bestMark(p.best, p.best.Row) != "highest, n too small" {
		t.Errorf("winner: %+v, %s", p.best, bestMark(p.best, p.best.Row))
	}
	// With six an interval is there, but three contrasts are too many for a word.
	p = storm(t, 6, goodputs(map[string]float64{"direct": 2}))
	if c := p.contrasts[byGoodput][capped]; c.Interval == nil || c.Word != stat.Inconclusive {
		t.Errorf("6 blocks: interval %v, word %s", c.Interval, c.Word)
	}
	if got, want := new(Analysis).told(p), "nothing, however large: 3 comparisons take 7 blocks"; got != want {
		t.Errorf("6 blocks can tell %s; want %s", got, want)
	}
}

func TestTies(t *testing.T) {
	for name, test := range map[string]struct {
		factors map[string]float64
		marks   [5]string
		asWell  []int
	}{
		"one is ahead": {
			map[string]float64{"direct": 1.5, "replica": 1.2},
			[5]string{2: "**best**"}, nil,
		},
		"two are tied": {
			map[string]float64{"direct": 1.5, "replica": 1.5, "pgbouncer": 1.2},
			[5]string{2: "**tied for best**", 3: "**tied for best**"}, []int{3},
		},
		"all are": {
			nil,
			[5]string{2: "**tied for best**", 3: "**tied for best**", 4: "**tied for best**"}, []int{3, 4},
		},
	} {
		p := storm(t, 10, goodputs(test.factors))
		for row, want := range test.marks {
			if got := bestMark(p.best, row); got != want {
				t.Errorf("%s: row %d is %q, want %q", name, row, got, want)
			}
		}
		got := append([]int{p.answer.row}, p.answer.asWell...)
		slices.Sort(got)
		if want := append([]int{2}, test.asWell...); p.answer.outcome != cured || !slices.Equal(got, want) {
			t.Errorf("%s: %s, %v; want %v", name, p.answer.outcome, got, want)
		}
	}
}

// What misses the SLO does not win, however much goodput it has.
func TestTheWinnerMetTheSLO(t *testing.T) {
	change := goodputs(map[string]float64{"direct": 1.5})
	p := storm(t, 10, func(r *record.Record) {
		change(r)
		if r.Settings["pool_size"] == "unlimited" {
			r.Load.GoodputRPS = 9_000
		}
	})
	if p.best.Row != capped || !p.best.Met {
		t.Errorf("the best is row %d, met the SLO: %t", p.best.Row, p.best.Met)
	}
	p = storm(t, 10, func(r *record.Record) { r.Load.ErrorRatio = 0.5 })
	if p.best.Met || p.answer.outcome != uncured || p.answer.row != 0 || len(p.answer.noHelp) != 3 {
		t.Errorf("nobody met the SLO: %+v", p.answer)
	}
}

// A cell with suspect trials alone shows numbers, and is compared with nothing.
func TestSuspectCells(t *testing.T) {
	run := synthetic(t, 10)
	label := run.Plan.Cells[capped].Label
	p := storm(t, 10, func(r *record.Record) {
		if r.Cell == label {
			r.Verdict, r.Reasons = record.Suspect, []string{"noisy host"}
		}
	})
	if text := p.contrastText(byGoodput, capped); !strings.HasSuffix(text, suspectMark) ||
		strings.ContainsAny(text, "[ ") {
		t.Errorf("contrast %q", text)
	}
	c := p.contrastTable()
	if row := c.rows[capped]; row[1] != "10†" || row[6] != "" {
		t.Errorf("row %q", row)
	}
	if row := p.verdictTable().rows[capped]; row[2] != "10 of 10†" {
		t.Errorf("row %q", row)
	}
	if notes := c.notes().markdown(); !strings.Contains(
		notes, "† from suspect trials, for want of valid ones, and so compared with nothing: `"+label+"`",
	) {
		t.Errorf("notes: %s", notes)
	}
	if a := p.answer; a.outcome != cured || a.row == capped ||
		slices.Contains(slices.Concat(a.asWell, a.behind), capped) {
		t.Errorf("the answer is %+v", a)
	}
}

// The control is judged as any cell is, and rings where it differs.
func TestBandLine(t *testing.T) {
	p := storm(t, 10, func(r *record.Record) {
		if isControl(r.Cell) {
			r.Load.GoodputRPS *= 1.1
		}
	})
	line := p.bandLine()
	for _, want := range []string{
		"the baseline against itself, goodput × 1.0", "(n = 10)", "**Alarm**: in goodput the band excludes",
	} {
		if !strings.Contains(line, want) {
			t.Errorf("%q lacks %q", line, want)
		}
	}
	if c := p.contrasts[byGoodput][p.Plan.Control()]; c.Word != stat.Better {
		t.Errorf("the control is called %s", c.Word)
	}
	if line := storm(t, 10, func(*record.Record) {}).bandLine(); strings.Contains(line, "Alarm") {
		t.Errorf("alarm without a difference: %s", line)
	}
	run := synthetic(t, 2)
	for i := range run.Plan.Cells {
		run.Plan.Cells[i].Control = false // as in runs made before there were A/A controls
	}
	if line := analyze(t, run).parts[0].bandLine(); line != "**Noise band (A/A)**: not known. This run did not measure "+
		"the baseline twice." {
		t.Error(line)
	}
}

// Noise in the baseline does not make other cells equivalent, nor hide what is better in
// every block.
func TestNoiseLeadsToInconclusiveOnly(t *testing.T) {
	noisy := []float64{1.08, 1.14, 1.51, 1.46, 1.59, 1.12, 1.12, 1.38}
	points := []float64{-0.0656, -0.05, -0.04, -0.03, -0.025, -0.01, 0.0277, -0.02}
	p := storm(t, 8, func(r *record.Record) {
		r.Load.GoodputRPS = 1000
		r.Load.ErrorRatio = 0.0854
		switch {
		case isControl(r.Cell):
			r.Load.GoodputRPS *= 1 + 0.3*float64(r.Block%2)
			r.Load.ErrorRatio += 0.07 * float64(r.Block%2)
		case !r.Baseline && r.Settings["topology"] == "direct":
			r.Load.GoodputRPS *= noisy[r.Block-1]
		case !r.Baseline && r.Settings["topology"] == "replica":
			r.Load.ErrorRatio += points[r.Block-1]
		}
	})
	if c := p.contrasts[byGoodput][2]; c.Word != stat.Better || c.Alone != 2/256. || c.P > 0.05 {
		t.Errorf("ahead in 8 of 8 blocks: %s, %.3f in %v, p %v after Holm; want better", c.Word, c.Ratio, c.Interval, c.P)
	}
	if c := p.contrasts[byFailed][3]; c.Word != stat.Inconclusive {
		t.Errorf("failed requests: %s, %.4f in %v; want inconclusive", c.Word, c.Ratio, c.Interval)
	}
}

// Where the system failed the trial missed the objective, and counts as the worst there is:
// the survivors do not stand for the cell alone.
func TestFailedTrialsAreResults(t *testing.T) {
	for _, verdict := range []record.Verdict{record.Failed, record.Invalid} { // the latter as it was recorded once
		p := storm(t, 10, func(r *record.Record) {
			r.Load.GoodputRPS = 1000 * (1 + 0.001*float64(r.Block%3))
			if r.Baseline || isControl(r.Cell) || r.Settings["topology"] != "direct" {
				return
			}
			r.Load.GoodputRPS *= 1.49
			if r.Block >= 8 {
				r.Verdict, r.Reasons, r.Load = verdict, []string{"primary ended with signal SIGKILL"}, nil
				r.Metrics = map[string]float64{record.Deaths("primary"): 1}
			}
		})
		g := p.rows[2]
		if n, met := g.n(), g.slo(p.Plan.SLO); n != "10 (3 failed)" || met != "7 of 10 (failed)" {
			t.Errorf("%s: n %q, SLO met %q", verdict, n, met)
		}
		if c := p.contrasts[byGoodput][2]; c.Word != stat.Inconclusive || c.N != 10 || c.Low != 0 {
			t.Errorf("%s: goodput %s of %d blocks, lowest × %v", verdict, c.Word, c.N, c.Low)
		}
		if c := p.contrasts[byFailed][2]; c.Word == stat.Better || c.High < 0.85 {
			t.Errorf("%s: failed requests %s, at most %v", verdict, c.Word, c.High)
		}
		if p.best.Row == 2 {
			t.Errorf("%s: a cell that fails at times is the best", verdict)
		}
		if v, n := g.median(failedColumn); v != 0 || n != 10 {
			t.Errorf("%s: %v failed, over %d trials", verdict, v, n)
		}
	}
}
