package runner

import (
	"errors"
	"slices"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/load"
)

// A load that cannot begin is told by the settings in which the cell differs from one that was served, or else from the
// baseline.
func TestLoadThatCannotBegin(t *testing.T) {
	usual, other := matrix.Settings{"pool_size": "8", "pool_min": "0"}, matrix.Settings{"pool_size": "1", "pool_min": "0"}
	for _, tt := range []struct {
		name         string
		served, cell matrix.Settings
		err          error
		want         []string
	}{
		{
			"after one that was served", usual, other, load.ErrUnserved,
			[]string{"the load could not begin; it could with the settings of a cell before, which differ in pool_size"},
		},
		{
			"the first", nil, other, load.ErrUnserved,
			[]string{"the load could not begin; no cell before has had one, and the baseline differs in pool_size"},
		},
		{"the baseline, first", nil, usual, load.ErrUnserved, []string{"the load could not begin"}},
		{"as before", other, other, load.ErrUnserved, []string{"the load could not begin"}},
		{"by the lab", usual, other, errors.New("no such script"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &Runner{
				Plan: matrix.Plan{Cells: []matrix.Cell{
					{
						Settings: usual,
						Baseline: true,
					},
					{Settings: other},
				}},
				served: tt.served,
			}
			v := &verdict{}
			r.unserved(t.Context(), matrix.Cell{Settings: tt.cell}, v, tt.err)
			if !slices.Equal(v.reasons, tt.want) || v.failed != (tt.want != nil) {
				t.Errorf("failed: %t, by %q; want %q", v.failed, v.reasons, tt.want)
			}
		})
	}
}
