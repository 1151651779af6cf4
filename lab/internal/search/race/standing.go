package race

import (
	"cmp"
	"math"
	"slices"
)

// Answer is what a race says of a cell.
type Answer string

// The answers. A cell is never worse for not having been tried.
const (
	InSet       Answer = "in the set"
	FewTrials   Answer = "few trials, cannot be excluded"
	MissesSLO   Answer = "excluded: misses the SLO"
	Worse       Answer = "excluded: worse"
	NotMeasured Answer = "not measured"
)

// Judged is what the trials say of a cell.
type Judged struct {
	Answer Answer
	Trials int     // of which it was measured, under the load that has the fewest
	Best   float64 // probability that it is the best under the SLO
	Near   float64 // probability that it is within the margin of the best
	Meets  float64 // probability that it meets the SLO
	// Ratio of its goodput to the recommended cell's under the worst of the loads, and where it lies
	// with 95%; nil where either has none.
	Ratio *Ratio
}

// Ratio is of two goodputs.
type Ratio struct{ Median, Low, High float64 }

// End is why a race is over.
type End string

// The ends.
const (
	Goes   End = "" // on
	Equal  End = "the cells of the set are within the margin of each other"
	Single End = "one cell is left"
	Spent  End = "the budget is spent"
)

// Standing is what a race has come to.
type Standing struct {
	Cells []Judged
	// Set holds the best cell with 97.5%, and those that are as good with 95%; the likeliest first.
	Set         []int // empty: nothing was measured
	Recommended int   // the cheapest of the set that is surely within the margin of the best; −1: none
	Sure        bool  // it is, with 95%; else it is the one that most likely is
	LeastBad    bool  // it more likely misses the SLO than not: so do all, and it does by the least
	Trials      int   // that were run
	Stop        End
	Next        []int // cells of the next block; one that is twice is its own A/A control; nil: the race is over
}

// Judge says how a race stands after some trials, which are those of whole blocks.
func (r Race) Judge(trials []Trial) Standing {
	s := Standing{Cells: make([]Judged, len(r.Cells)), Recommended: -1, Trials: len(trials)}
	for i := range s.Cells {
		s.Cells[i].Answer = NotMeasured
	}
	if len(trials) == 0 {
		s.Next = r.next(nil, &s, r.cells())
		return s
	}
	m := r.model(trials)
	p := r.draw(m, uint64(len(trials)))
	order := r.ranked(m, p)
	s.Set = set(p, order)
	s.answer(m, p)
	s.recommend(r, p)
	if s.Stop = r.end(&s, p); s.Stop == Goes {
		s.Next = r.next(trials, &s, order)
	}
	if s.Next == nil && s.Stop == Goes {
		s.Stop = Spent
	}
	return s
}

// cells are the indexes of all of them.
func (r Race) cells() []int {
	all := make([]int, len(r.Cells))
	for i := range all {
		all[i] = i
	}
	return all
}

// ranked are the cells, the likeliest first.
func (r Race) ranked(m *model, p *posterior) []int {
	order := r.cells()
	mean := func(i int) float64 { // NaN, and last, of one that was not measured
		return slices.MinFunc(m.goodput, func(a, b *fit) int { return cmp.Compare(a.mean[i], b.mean[i]) }).mean[i]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(
			cmp.Compare(p.best[b], p.best[a]), cmp.Compare(p.near[b], p.near[a]), cmp.Compare(mean(b), mean(a)),
		)
	})
	return order
}

// set is the smallest set of cells that holds the best with 1 − alpha, and with them those that are
// surely as good: none of these is called worse.
func set(p *posterior, order []int) []int {
	var cells []int
	held := 0.0
	for _, i := range order {
		if held < 1-alpha && p.best[i] > 0 || p.near[i] >= sure {
			cells, held = append(cells, i), held+p.best[i]
		}
	}
	return cells
}

// answer gives each cell its answer.
func (s *Standing) answer(m *model, p *posterior) {
	for i := range s.Cells {
		c := &s.Cells[i]
		c.Best, c.Near, c.Meets = p.best[i], p.near[i], p.meets[i]
		c.Trials = m.trials(i)
		switch in := slices.Contains(s.Set, i); {
		case c.Trials == 0:
		case in && c.Trials < minTrials:
			c.Answer = FewTrials
		case in:
			c.Answer = InSet
		case c.Meets < 0.5:
			c.Answer = MissesSLO
		default:
			c.Answer = Worse
		}
	}
}

// trials is how often a cell was measured, under the load that has the fewest.
func (m *model) trials(cell int) int {
	n := math.MaxInt
	for _, o := range m.objectives {
		n = min(n, o.n(cell))
	}
	return n
}

// recommend picks the cheapest of the cells that are near the best. Not the likeliest: that one was
// also the luckiest.
func (s *Standing) recommend(r Race, p *posterior) {
	if len(s.Set) == 0 {
		return
	}
	most := 0.0
	for _, i := range s.Set {
		most = max(most, p.near[i])
	}
	near := slices.DeleteFunc(slices.Clone(s.Set), func(i int) bool { return p.near[i] < min(sure, most) })
	s.Recommended = slices.MinFunc(near, func(a, b int) int {
		return cmp.Or(
			cmp.Compare(r.Cells[a].Connections, r.Cells[b].Connections),
			cmp.Compare(r.Cells[a].Parts, r.Cells[b].Parts),
			cmp.Compare(p.near[b], p.near[a]),
			cmp.Compare(a, b),
		)
	})
	s.Sure = p.near[s.Recommended] >= sure
	s.LeastBad = p.meets[s.Recommended] < 0.5
	for i := range s.Cells {
		s.Cells[i].Ratio = p.ratio(i, s.Recommended)
	}
}

// ratio compares two cells in the draws in which both meet the SLO.
func (p *posterior) ratio(cell, to int) *Ratio {
	var apart []float64
	for d := range draws {
		scores := p.scores[d*p.cells : (d+1)*p.cells]
		if !math.IsInf(scores[cell], -1) && !math.IsInf(scores[to], -1) {
			apart = append(apart, scores[cell]-scores[to])
		}
	}
	if len(apart) < draws/2 {
		return nil // it would tell of chance draws only
	}
	slices.Sort(apart)
	at := func(share float64) float64 { return math.Exp(apart[int(share*float64(len(apart)-1))]) }
	return &Ratio{at(0.5), at(0.025), at(0.975)}
}

// end says whether the answers are in: every cell of the set was measured often enough, and it
// holds one, or none that is better than another by more than the margin.
func (r Race) end(s *Standing, p *posterior) End {
	for _, i := range s.Set {
		if s.Cells[i].Trials < minTrials {
			return Goes
		}
	}
	switch len(s.Set) {
	case 0:
		return Goes
	case 1:
		return Single
	}
	fit := 0
	for d := range draws {
		scores := p.scores[d*p.cells : (d+1)*p.cells]
		lowest := math.Inf(1)
		for _, i := range s.Set {
			lowest = min(lowest, scores[i])
		}
		if lowest >= -math.Log1p(r.Margin) {
			fit++
		}
	}
	if float64(fit) >= (1-alpha)*draws {
		return Equal
	}
	return Goes
}
