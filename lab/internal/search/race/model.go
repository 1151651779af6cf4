package race

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// value is a measure of a trial.
type value struct {
	cell, block int // block from 0
	y           float64
	variance    float64 // of y, besides the noise
}

// fit is an additive model of a measure: y = θ of the cell + β of the block + noise. The cells' θ lie
// about a centre, as far apart as the values say.
type fit struct {
	blocks [][]int   // by cell: the block of each of its values
	mean   []float64 // by cell: θ, as its values alone have it; NaN without a value
	centre float64   // of all θ
	apart  float64   // variance of θ about it
	sd     []float64 // by cell: of the noise
	pooled float64   // of the noise, over all cells
	worth  float64   // degrees of freedom that each value beyond a cell's first adds to its sd
	extra  []float64 // by cell: variance of the mean, besides the noise
	effect []float64 // by block: β
	// spread maps independent normal draws to draws of the effects and the centre about what they
	// are: the inverse of the Cholesky factor of their precision. Nil: there are no effects.
	spread *mat.TriDense
}

// newFit fits the model by weighted least squares, the noise of each cell being its weight, and that
// of the residuals in turn. noise is its standard deviation as it is supposed; with 0 blocks there
// are no effects of them. The cells of pool tell the noise of all; nil: all of them do. least is how
// far apart the cells are thought to be, as a standard deviation, if the values do not tell.
//
// A cell's variance is moderated: (d0·s0² + Σe²) / (d0 + d), the d0 degrees of freedom being those
// of all cells (Smyth 2004). d is n − 1 less the cell's part of what the blocks took.
func newFit(cells, blocks int, values []value, noise, least float64, pool []bool) *fit {
	f := &fit{
		blocks: make([][]int, cells),
		mean:   make([]float64, cells),
		sd:     make([]float64, cells),
		extra:  make([]float64, cells),
		effect: make([]float64, blocks),
		apart:  1, // far, until the means tell
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
	const rounds = 4 // the weights change little after the first
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
		f.apart = math.Max(f.between(), least*least)
	}
	return f
}

// between estimates the variance of the cells' θ by the method of moments: that of their means, less
// what is noise in it.
func (f *fit) between() float64 {
	n, sum, squares, noise := 0.0, 0.0, 0.0, 0.0
	for i, mean := range f.mean {
		if !math.IsNaN(mean) {
			n, sum, squares, noise = n+1, sum+mean, squares+mean*mean, noise+f.off(i)*f.off(i)
		}
	}
	if n < 2 {
		return 0
	}
	return (squares-sum*sum/n)/(n-1) - noise/n
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

// solve finds the blocks' effects and the centre of the cells given the noise: the normal equations
// of a mixed model (Henderson 1975, Biometrics 31), of which the cells are eliminated. That the cells
// are drawn from around a centre matters: those that are measured again are those which chance has
// favoured, and in the block that follows they fall back. Without it the block would be blamed, and
// who was measured once would pay.
func (f *fit) solve(values []value, sum []float64) {
	centre := len(f.effect)
	n := centre + 1
	a, right := make([]float64, n*n), mat.NewVecDense(n, nil)
	for i := range centre {
		a[i*n+i] = 1 / (blockNoise * blockNoise)
	}
	add := func(i int, v float64) { right.SetVec(i, right.AtVec(i)+v) }
	for _, v := range values {
		w := 1 / (f.sd[v.cell] * f.sd[v.cell])
		for _, i := range []int{v.block, centre} {
			add(i, w*v.y)
			a[i*n+v.block] += w
			a[i*n+centre] += w
		}
	}
	for cell, in := range f.blocks {
		w := 1 / (f.sd[cell] * f.sd[cell])
		share := w * w / (w*float64(len(in)) + 1/f.apart)
		counts := make([]float64, n)
		counts[centre] = float64(len(in))
		for _, block := range in {
			counts[block]++
		}
		for i, c := range counts {
			add(i, -share*c*sum[cell])
			for k, d := range counts {
				a[i*n+k] -= share * c * d
			}
		}
	}
	var root mat.Cholesky
	if !root.Factorize(mat.NewSymDense(n, a)) {
		return // without any value
	}
	found := mat.NewVecDense(n, nil)
	if err := root.SolveVecTo(found, right); err != nil {
		return // ill-conditioned: as good as can be
	}
	f.centre = found.AtVec(centre)
	for i := range f.effect {
		f.effect[i] = found.AtVec(i)
	}
	var upper mat.TriDense
	root.UTo(&upper)
	f.spread = mat.NewTriDense(n, mat.Upper, nil)
	if err := f.spread.InverseTri(&upper); err != nil {
		f.spread = nil
	}
}

// n is how many values a cell has.
func (f *fit) n(cell int) int { return len(f.blocks[cell]) }

// off is the standard error of a cell's mean, the blocks' effects being known.
func (f *fit) off(cell int) float64 {
	return math.Sqrt(f.sd[cell]*f.sd[cell]/float64(f.n(cell)) + f.extra[cell])
}

// drawn are effects as they may be, given the values, and a centre.
func (f *fit) drawn(random *rand.Rand) (effect []float64, centre float64) {
	if f.spread == nil {
		return nil, f.centre
	}
	all := append(slices.Clone(f.effect), f.centre)
	z := make([]float64, len(all))
	for i := range z {
		z[i] = random.NormFloat64()
	}
	for i := range all {
		for k := i; k < len(z); k++ {
			all[i] += f.spread.At(i, k) * z[k]
		}
	}
	return all[:len(f.effect)], all[len(f.effect)]
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
