package stat

// Isotonic returns the rising sequence that is closest to y by weighted least squares: neighbours
// that fall are pooled until none do. Weights are above 0, as many as y has values. (Ayer et al.
// 1955, Annals of Mathematical Statistics 26: pool adjacent violators.)
func Isotonic(y, weights []float64) []float64 {
	type pool struct {
		mean, weight float64
		n            int
	}
	var pools []pool
	for i, v := range y {
		pools = append(pools, pool{v, weights[i], 1})
		for n := len(pools); n > 1 && pools[n-2].mean >= pools[n-1].mean; n = len(pools) {
			a, b := pools[n-2], pools[n-1]
			weight := a.weight + b.weight
			pools = append(pools[:n-2], pool{(a.mean*a.weight + b.mean*b.weight) / weight, weight, a.n + b.n})
		}
	}
	rising := make([]float64, 0, len(y))
	for _, p := range pools {
		for range p.n {
			rising = append(rising, p.mean)
		}
	}
	return rising
}
