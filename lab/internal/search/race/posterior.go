package race

import (
	"math"
	"math/rand/v2"
	"slices"
)

// posterior is what the trials say of the cells, in draws.
type posterior struct {
	cells  int
	scores []float64 // by draw and cell: log goodput, less the best's; −Inf: it misses the SLO
	best   []float64 // by cell: share of the draws in which it is the best under the SLO
	near   []float64 // by cell: share in which it is within the margin of the best
	meets  []float64 // by cell: share in which it meets the SLO
}

// objective is the log of a share of bad requests over the one that is allowed, of each cell under
// one load: at most 0 meets the SLO.
type objective struct{ *fit }

// model is the fits of all that is measured.
type model struct {
	goodput    []*fit // by load
	objectives []objective
	measured   []bool // by cell: under every load
	meets      []bool // by cell: more likely than not it meets the SLO
	hopeless   []bool // by cell: it misses the SLO beyond doubt
}

// model fits the trials of the race.
func (r Race) model(trials []Trial) *model {
	blocks := 0
	for _, t := range trials {
		blocks = max(blocks, t.Block)
	}
	m := &model{
		measured: make([]bool, len(r.Cells)),
		meets:    make([]bool, len(r.Cells)),
		hopeless: make([]bool, len(r.Cells)),
	}
	goodput := make([][]value, r.Loads)
	failed, slow := make([][]value, r.Loads), make([][]value, r.Loads)
	for _, t := range trials {
		if t.Invalid {
			continue
		}
		failed[t.Load] = append(failed[t.Load], t.excess(t.Failed, r.Failed))
		slow[t.Load] = append(slow[t.Load], t.excess(t.Slow, r.Slow))
		if t.Goodput > 0 && !math.IsInf(t.Goodput, 0) {
			goodput[t.Load] = append(goodput[t.Load], value{cell: t.Cell, block: t.Block - 1, y: math.Log(t.Goodput)})
		}
	}
	for load := range r.Loads {
		for _, values := range [][]value{failed[load], slow[load]} {
			o := objective{newFit(len(r.Cells), 0, values, countNoise, 0, nil)}
			m.objectives = append(m.objectives, o)
			for i := range m.hopeless {
				m.hopeless[i] = m.hopeless[i] || o.n(i) > 0 && o.mean[i] > beyondDoubt*o.off(i)
			}
		}
	}
	for i := range m.measured {
		m.measured[i] = !slices.ContainsFunc(m.objectives, func(o objective) bool { return o.n(i) == 0 })
		m.meets[i] = !slices.ContainsFunc(m.objectives, func(o objective) bool { return !(o.mean[i] <= 0) })
	}
	for load := range r.Loads {
		// A cell that misses the SLO has a noise of its own, and what slows it is not what slows
		// others.
		values := slices.DeleteFunc(goodput[load], func(v value) bool { return m.hopeless[v.cell] })
		noise := r.Noise
		if noise == 0 {
			noise = DefaultNoise
		}
		m.goodput = append(m.goodput, newFit(len(r.Cells), blocks, values, noise, math.Log1p(r.Margin), m.meets))
	}
	return m
}

// excess is the log of a share of bad requests over the one that is allowed, with half a request
// added (Haldane 1956). The variance is that of the count that the SLO would just allow, for the
// question is whether it does: of thousands of requests it is nothing, of a few it is all. An SLO
// that allows less than one request allows none.
func (t Trial) excess(bad int64, limit float64) value {
	all := float64(t.Requests) + 1
	if t.Hopeless {
		bad = t.Requests
		if t.Requests == 0 {
			bad, all = 1, 1
		}
	}
	allowed := math.Max(limit*all, 1)
	return value{
		cell:     t.Cell,
		y:        math.Log((float64(bad) + 0.5) / allowed),
		variance: 1 / (allowed + 0.5),
	}
}

// draw draws from what the model says.
func (r Race) draw(m *model, seed uint64) *posterior {
	n := len(r.Cells)
	p := &posterior{
		cells:  n,
		scores: make([]float64, draws*n),
		best:   make([]float64, n),
		near:   make([]float64, n),
		meets:  make([]float64, n),
	}
	random := rand.New(rand.NewPCG(r.Seed, seed))
	worst := make([]float64, n)
	for d := range draws {
		scores := p.scores[d*n : (d+1)*n]
		m.miss(worst, random)
		for i := range scores {
			if scores[i] = math.Inf(-1); worst[i] <= 0 {
				scores[i] = math.Inf(1)
			}
		}
		for load := range m.goodput {
			m.compete(load, scores, random)
		}
		p.count(scores, worst, math.Log1p(r.Margin))
	}
	for _, shares := range [][]float64{p.best, p.near, p.meets} {
		for i := range shares {
			shares[i] /= draws
		}
	}
	return p
}

// miss draws by how much each cell misses the SLO, of all that it bounds the worst; NaN: it has not
// been measured.
func (m *model) miss(worst []float64, random *rand.Rand) {
	for i := range worst {
		worst[i] = math.NaN()
		if m.measured[i] {
			worst[i] = math.Inf(-1)
		}
	}
	for _, o := range m.objectives {
		scales := o.scales(random)
		for i := range worst {
			if !m.measured[i] {
				continue
			}
			q := o.mean[i]
			if !m.hopeless[i] && math.Abs(q) < 2*beyondDoubt*o.off(i) {
				q += o.off(i) * scales[o.n(i)] * random.NormFloat64()
			}
			worst[i] = math.Max(worst[i], q)
		}
	}
}

// compete draws the goodput of the cells that are in under a load, and lowers the score of each to
// its distance from the highest. A cell's mean is shrunk towards the centre: the noise has helped
// those that lead (Efron & Morris 1975, JASA 70).
func (m *model) compete(load int, scores []float64, random *rand.Rand) {
	f := m.goodput[load]
	effect, centre := f.drawn(random)
	scales := f.scales(random)
	drawn, highest := make([]float64, len(scores)), math.Inf(-1)
	for i, score := range scores {
		if drawn[i] = math.Inf(-1); math.IsInf(score, -1) || f.n(i) == 0 {
			continue
		}
		variance := f.off(i) * f.off(i)
		keep := f.apart / (f.apart + variance)
		mean := centre + keep*(f.mean[i]+f.shift(i, effect)-centre)
		drawn[i] = mean + math.Sqrt(keep*variance)*scales[f.n(i)]*random.NormFloat64()
		highest = math.Max(highest, drawn[i])
	}
	for i := range scores {
		if math.IsInf(drawn[i], -1) {
			scores[i] = math.Inf(-1)
			continue
		}
		scores[i] = math.Min(scores[i], drawn[i]-highest)
	}
}

// count counts a draw. In one in which no cell meets the SLO the one that misses it by the least
// is the best.
func (p *posterior) count(scores, worst []float64, margin float64) {
	top, least := -1, -1
	for i, score := range scores {
		if !math.IsInf(score, -1) && (top < 0 || score > scores[top]) {
			top = i
		}
		if worst[i] <= 0 {
			p.meets[i]++
		}
		if !math.IsNaN(worst[i]) && (least < 0 || worst[i] < worst[least]) {
			least = i
		}
	}
	switch {
	case top >= 0:
	case least >= 0:
		top, scores[least] = least, 0
	default:
		return // nothing was measured
	}
	highest := scores[top]
	p.best[top]++
	for i, score := range scores {
		if scores[i] = score - highest; scores[i] >= -margin {
			p.near[i]++
		}
	}
}
