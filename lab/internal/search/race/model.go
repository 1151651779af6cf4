package race

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// value is a measure of a trial.
type value struct {
	cell, block int // block from 0
	y           float64
	variance    float64 // of y, besides the noise
}

// fit is an additive model of a measure: y = θ of the cell + β of the block + noise.
type fit struct {
	blocks [][]int   // by cell: the block of each of its values
	mean   []float64 // by cell: θ; NaN without a value
	sd     []float64 // by cell: of the noise
	pooled float64   // of the noise, over all cells
	worth  float64   // degrees of freedom that each value beyond a cell's first adds to its sd
	extra  []float64 // by cell: variance of the mean, besides the noise
	effect []float64 // by block: β
	// spread maps independent normal draws to draws of β about effect: the inverse of the
	// Cholesky factor of their precision. Nil: there are no effects.
	spread *mat.TriDense
}

// newFit fits the model by weighted least squares, the noise of each cell being its weight, and that
// of the residuals in turn. noise is its standard deviation as it is supposed; with 0 blocks there
// are no effects of them. The cells of pool tell the noise of all; nil: all of them do.
//
// A cell's variance is moderated: (d0·s0² + Σe²) / (d0 + d), the d0 degrees of freedom being those
// of all cells (Smyth 2004). d is n − 1 less the cell's part of what the blocks took.
func newFit(cells, blocks int, values []value, noise float64, pool []bool) *fit {
	f := &fit{
		blocks: make([][]int, cells),
		mean:   make([]float64, cells),
		sd:     make([]float64, cells),
		extra:  make([]float64, cells),
		effect: make([]float64, blocks),
	}
	sum := make([]float64, cells)
	for i := range f.sd {
		f.sd[i] = noise
	}
	run := make(map[int]bool) // blocks with values
	for _, v := range values {
		f.blocks[v.cell] = append(f.blocks[v.cell], v.block)
		sum[v.cell] += v.y
		f.extra[v.cell] += v.variance
		run[v.block] = true
	}
	several, pooled := 0.0, 0.0 // values beyond the first of a cell; of those of the pool
	for i, in := range f.blocks {
		if n := float64(len(in)); n > 0 {
			f.extra[i] /= n * n
			several += n - 1
			if pool == nil || pool[i] {
				pooled += n - 1
			}
		}
	}
	spare := several // degrees of freedom
	if blocks > 0 {
		spare = math.Max(0, several-float64(len(run)-1))
	}
	if several > 0 {
		f.worth = spare / several
	}
	const rounds = 3 // the weights change little after the first
	for range rounds {
		if blocks > 0 {
			f.solve(values, sum)
		}
		squares, all := make([]float64, cells), 0.0
		for i, in := range f.blocks {
			f.mean[i] = (sum[i] - f.effects(in, f.effect)) / float64(len(in)) // NaN without any
		}
		for _, v := range values {
			e := v.y - f.mean[v.cell] - f.effects([]int{v.block}, f.effect)
			squares[v.cell] += e * e
			if pool == nil || pool[v.cell] {
				all += e * e
			}
		}
		f.pooled = math.Sqrt((noiseWorth*noise*noise + all) / (noiseWorth + f.worth*pooled))
		for i, in := range f.blocks {
			f.sd[i] = math.Sqrt((cellWorth*f.pooled*f.pooled + squares[i]) / f.free(len(in)))
		}
	}
	return f
}

// effects is the sum of those of some blocks; without any in the model it is 0.
func (f *fit) effects(in []int, of []float64) float64 {
	sum := 0.0
	for _, block := range in {
		if len(of) > 0 {
			sum += of[block]
		}
	}
	return sum
}

// solve finds the blocks' effects given the cells' noise: the normal equations, of which the cells
// are eliminated. The prior of the effects keeps them from being singular.
func (f *fit) solve(values []value, sum []float64) {
	n := len(f.effect)
	a, right := make([]float64, n*n), mat.NewVecDense(n, nil)
	for i := range n {
		a[i*n+i] = 1 / (blockNoise * blockNoise)
	}
	weight := func(cell int) float64 { return 1 / (f.sd[cell] * f.sd[cell]) }
	for _, v := range values {
		w := weight(v.cell)
		a[v.block*n+v.block] += w
		right.SetVec(v.block, right.AtVec(v.block)+w*(v.y-sum[v.cell]/float64(len(f.blocks[v.cell]))))
	}
	for cell, in := range f.blocks {
		for _, i := range in {
			for _, k := range in {
				a[i*n+k] -= weight(cell) / float64(len(in))
			}
		}
	}
	var root mat.Cholesky
	if !root.Factorize(mat.NewSymDense(n, a)) {
		return // not for any values: the prior alone is positive definite
	}
	beta := mat.NewVecDense(n, f.effect)
	if err := root.SolveVecTo(beta, right); err != nil {
		return // ill-conditioned: as good as can be
	}
	var upper mat.TriDense
	root.UTo(&upper)
	f.spread = mat.NewTriDense(n, mat.Upper, nil)
	if err := f.spread.InverseTri(&upper); err != nil {
		return
	}
}

// n is how many values a cell has.
func (f *fit) n(cell int) int { return len(f.blocks[cell]) }

// off is the standard error of a cell's mean, the blocks' effects being known.
func (f *fit) off(cell int) float64 {
	return math.Sqrt(f.sd[cell]*f.sd[cell]/float64(f.n(cell)) + f.extra[cell])
}

// drawn are effects as they may be, given the values.
func (f *fit) drawn(random *rand.Rand) []float64 {
	if f.spread == nil {
		return nil
	}
	z, effect := make([]float64, len(f.effect)), make([]float64, len(f.effect))
	for i := range z {
		z[i] = random.NormFloat64()
	}
	for i := range effect {
		effect[i] = f.effect[i]
		for k := i; k < len(z); k++ {
			effect[i] += f.spread.At(i, k) * z[k]
		}
	}
	return effect
}

// shift is by how much other effects of the blocks would move a cell's mean.
func (f *fit) shift(cell int, effect []float64) float64 {
	if effect == nil {
		return 0
	}
	in := f.blocks[cell]
	return (f.effects(in, f.effect) - f.effects(in, effect)) / float64(len(in))
}

// free is the degrees of freedom of the sd of a cell with so many values.
func (f *fit) free(n int) float64 { return cellWorth + f.worth*float64(max(0, n-1)) }

// scales draws by how much the noise is larger than it seems, of cells with so many values. What is
// not known of it is much the same for all of them, so that they share a draw: together with normal
// draws of their own it makes a multivariate t.
func (f *fit) scales(random *rand.Rand) []float64 {
	most := 0
	for i := range f.blocks {
		most = max(most, f.n(i))
	}
	scales := make([]float64, most+1)
	for n := range scales {
		free := f.free(n)
		scales[n] = math.Sqrt(free / distuv.ChiSquared{K: free, Src: random}.Rand())
	}
	return scales
}
