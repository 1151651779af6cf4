package stat

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkCompare(b *testing.B) {
	for _, blocks := range []int{6, 12, 20, 30, 31} {
		b.Run(fmt.Sprintf("blocks=%d", blocks), func(b *testing.B) {
			cells := trials(rand.New(rand.NewPCG(9, 1)), blocks, 0.03, 1, 1.02)
			for b.Loop() {
				Compare(cells[0], cells[1], HigherIsBetter, 0.03, 1)
			}
		})
	}
}

func BenchmarkTied(b *testing.B) {
	by := make([]float64, 40)
	for i := range by {
		by[i] = 1 + float64(i)/100
	}
	cells := trials(rand.New(rand.NewPCG(9, 2)), 12, 0.03, by...)
	for b.Loop() {
		Tied(cells, HigherIsBetter, 0.03, 1)
	}
}

func BenchmarkMannWhitney(b *testing.B) {
	cells := trials(rand.New(rand.NewPCG(9, 3)), 20, 0.03, 1, 1.02)
	for b.Loop() {
		MannWhitney(cells[0], cells[1])
	}
}
