// Package usl fits Gunther's Universal Scalability Law to throughput over
// concurrency. It is pure.
//
//	X(N) = λN / (1 + σ(N−1) + κN(N−1))
//
// N. J. Gunther, Guerrilla Capacity Planning, 2007: λ is the throughput of one, σ the
// share that is serial (contention), κ the cost of keeping all consistent with all
// (coherence), which alone makes throughput fall again.
//
// N is what the service works on, the requests in flight, not the users: of those that
// think between two requests the law would find the pause, not the service.
package usl

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Point is a throughput and its concurrency.
type Point struct {
	N float64 // requests in flight, on average
	X float64 // per second
}

// Fit is the law that fits best.
type Fit struct {
	Lambda float64 // per second
	Sigma  float64 // 0…1
	Kappa  float64
	// Residual is the root mean square of (measured − fitted)/fitted throughput.
	Residual float64
	Points   int
}

// Bounds within which data can carry a fit.
const (
	minPoints   = 6    // distinct concurrencies, for three parameters
	minSpread   = 4    // highest over lowest
	maxResidual = 0.15 // beyond, the law does not describe the data
	maxBeyond   = 2    // times the highest N or X that was measured; a peak beyond that is a guess
)

// ErrCannot is wrapped by the error of data that cannot carry a fit.
var ErrCannot = errors.New("the data cannot carry a fit")

// Of fits the law to points, of which there may be several for a concurrency. It
// minimises the relative error of N/X, which is linear in 1/λ, σ/λ and κ/λ, none of
// them below 0. The error says why data cannot carry a fit: too few, too noisy, or
// without a sign of a limit within twice of what was measured.
func Of(points []Point) (Fit, error) {
	distinct := make(map[float64]bool)
	low, high := math.Inf(1), Point{}
	for _, p := range points {
		if !(p.N > 0) || !(p.X > 0) || math.IsInf(p.N, 0) || math.IsInf(p.X, 0) {
			return Fit{}, fmt.Errorf("%w: %g requests in flight with a throughput of %g", ErrCannot, p.N, p.X)
		}
		distinct[p.N] = true
		low, high.N, high.X = math.Min(low, p.N), math.Max(high.N, p.N), math.Max(high.X, p.X)
	}
	if len(distinct) < minPoints {
		return Fit{}, fmt.Errorf("%w: %d concurrencies, it takes %d", ErrCannot, len(distinct), minPoints)
	}
	if high.N < minSpread*low {
		return Fit{}, fmt.Errorf("%w: from %.3g to %.3g requests in flight, the highest must be %d times the lowest",
			ErrCannot, low, high.N, minSpread)
	}
	best := Fit{Residual: math.Inf(1)}
	for _, terms := range [][]int{{0}, {0, 1}, {0, 2}, {0, 1, 2}} {
		if f, ok := solve(points, terms); ok && f.Residual < best.Residual-1e-9 {
			best = f
		}
	}
	if !(best.Residual <= maxResidual) {
		return Fit{}, fmt.Errorf(
			"%w: the best is %.0f%% off, more than %.0f%%", ErrCannot, 100*best.Residual, 100*maxResidual,
		)
	}
	if err := best.supported(high); err != nil {
		return Fit{}, err
	}
	return best, nil
}

// supported says what keeps the data from showing the limit that a fit claims. high are
// the highest N and the highest X that were measured, not of one point.
func (f Fit) supported(high Point) error {
	if off := 1 - f.At(high.N)/(f.Lambda*high.N); off <= f.Residual {
		return fmt.Errorf("%w: throughput grows as the requests in flight do, up to %.3g: it is fitted to be %.1f%% "+
			"below a straight line there, and the fit is off by %.1f%%",
			ErrCannot, high.N, 100*math.Max(0, off), 100*f.Residual)
	}
	n, x := f.Peak()
	switch {
	case x > maxBeyond*high.X:
		return fmt.Errorf("%w: the highest throughput that it gives, %.0f per second, is more than twice the highest "+
			"that was measured, %.0f", ErrCannot, x, high.X)
	case n > maxBeyond*high.N && !math.IsInf(n, 1): // infinite: x is a limit, and there is no peak
		return fmt.Errorf("%w: its peak is at %.3g requests in flight, more than twice the most that were measured, "+
			"%.3g", ErrCannot, n, high.N)
	}
	return nil
}

// term is one of the three terms of N/X.
func term(i int, n float64) float64 {
	return [...]float64{1, n - 1, n * (n - 1)}[i]
}

// solve fits some of the terms, the others 0. It reports false where one of them
// would have to be negative.
func solve(points []Point, terms []int) (Fit, bool) {
	a := mat.NewDense(len(points), len(terms), nil)
	b := mat.NewVecDense(len(points), nil)
	for row, p := range points {
		y := p.N / p.X
		for col, i := range terms {
			a.Set(row, col, term(i, p.N)/y)
		}
		b.SetVec(row, 1)
	}
	var x mat.VecDense
	if err := x.SolveVec(a, b); err != nil {
		return Fit{}, false
	}
	var of [3]float64
	for col, i := range terms {
		if of[i] = x.AtVec(col); of[i] < 0 || math.IsNaN(of[i]) {
			return Fit{}, false
		}
	}
	if of[0] == 0 {
		return Fit{}, false
	}
	f := Fit{Lambda: 1 / of[0], Sigma: of[1] / of[0], Kappa: of[2] / of[0], Points: len(points)}
	sum := 0.0
	for _, p := range points {
		off := (p.X - f.At(p.N)) / f.At(p.N)
		sum += off * off
	}
	f.Residual = math.Sqrt(sum / float64(len(points)))
	return f, true
}

// At is the throughput of so many users, per second.
func (f Fit) At(n float64) float64 {
	return f.Lambda * n / (1 + f.Sigma*(n-1) + f.Kappa*n*(n-1))
}

// Peak is the concurrency with the highest throughput, and that throughput. Without
// coherence cost throughput never falls: then the first is infinite, and the second
// is what it comes close to, infinite too without contention.
func (f Fit) Peak() (n, x float64) {
	if f.Kappa == 0 {
		return math.Inf(1), f.Lambda / f.Sigma // +Inf for σ = 0
	}
	n = math.Max(1, math.Sqrt(math.Max(0, 1-f.Sigma)/f.Kappa))
	return n, f.At(n)
}
