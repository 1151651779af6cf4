package runner

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/load"
)

// A load that cannot begin is told by the settings in which the cell differs from one that was served.
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
		{"the first", nil, other, load.ErrUnserved, []string{"the load could not begin"}},
		{"the baseline, first", nil, usual, load.ErrUnserved, []string{"the load could not begin"}},
		{"as before", other, other, load.ErrUnserved, []string{"the load could not begin"}},
		{"by the lab", usual, other, errors.New("no such script"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &Runner{served: tt.served}
			v := &verdict{}
			r.unserved(t.Context(), matrix.Cell{Settings: tt.cell}, v, tt.err)
			if !slices.Equal(v.reasons, tt.want) || v.failed != (tt.want != nil) {
				t.Errorf("failed: %t, by %q; want %q", v.failed, v.reasons, tt.want)
			}
		})
	}
}

// A spoilt trial of which no reason names a setting is told by those in which its cell differs from the baseline.
func TestSuspects(t *testing.T) {
	usual := matrix.Settings{"pool_size": "8", "pool_min": "0"}
	other := matrix.Settings{"pool_size": "1", "pool_min": "0", "app.GOGC": "5"}
	many := matrix.Settings{"pool_size": "8", "pool_min": "0"}
	for i := range 12 {
		many[fmt.Sprintf("app.V%02d", i)] = "1"
	}
	const suspects = "the cell differs from the baseline in app.GOGC, pool_size"
	for _, tt := range []struct {
		name string
		cell matrix.Settings
		say  func(*verdict)
		want string // besides what was said; "": nothing
	}{
		{"no request", other, func(v *verdict) { v.invalid("no request of the load reached the backend, of 9") }, suspects},
		{"failed", other, func(v *verdict) { v.fail("the load could not begin") }, suspects},
		{"named", other, func(v *verdict) { v.fail("not that"); v.say("app.GOGC is 5, not off") }, ""},
		{"by the lab", other, func(v *verdict) { v.breakdown("the clock was set") }, ""},
		{"suspect", other, func(v *verdict) { v.suspect("noisy host") }, ""},
		{"valid", other, func(v *verdict) { v.say("missing: host_psi_cpu_ratio") }, ""},
		{"the baseline", usual, func(v *verdict) { v.fail("the load could not begin") }, ""},
		{"many", many, func(v *verdict) { v.fail("down") }, "the cell differs from the baseline in app.V00, app.V01, " +
			"app.V02, app.V03, app.V04, app.V05, app.V06, app.V07, app.V08, app.V09 and 2 more"},
	} {
		r := &Runner{Plan: matrix.Plan{Cells: []matrix.Cell{
			{Settings: other},
			{
				Settings: usual,
				Baseline: true,
			},
		}}}
		v := &verdict{}
		tt.say(v)
		said := len(v.reasons)
		r.suspects(matrix.Cell{Settings: tt.cell}, v)
		if got := strings.Join(v.reasons[said:], "; "); got != tt.want {
			t.Errorf("%s: added %q; want %q", tt.name, got, tt.want)
		}
	}
}
