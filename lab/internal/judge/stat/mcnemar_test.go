package stat

import "testing"

func TestMcNemar(t *testing.T) {
	for _, c := range []struct {
		only, other int
		want        float64
	}{
		{0, 0, 1},
		{1, 1, 1},
		{8, 0, 2. / 256},
		{0, 8, 2. / 256},
		{7, 1, 2 * 9. / 256},
		{10, 2, 2 * (1 + 12 + 66.) / 4096},
	} {
		near(t, "McNemar", McNemar(c.only, c.other), c.want, 1e-12)
	}
}
