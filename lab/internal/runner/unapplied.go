package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/load"
)

// unapplied finds out whether it lies in the cell that the stack could not be brought to it:
// the stack comes up with settings that it has had. Then the system fails with the cell's,
// and the next cell finds the stack in order; else the stack is lost.
func (r *Runner) unapplied(ctx context.Context, cell matrix.Cell, v *verdict, why error) error {
	why = r.abandon(ctx, why)
	if ctx.Err() != nil {
		return why
	}
	good, whose := r.good, "those of a cell before"
	if good == nil {
		good, whose = r.Services.Defaults(), "the defaults"
	}
	if maps.Equal(good, cell.Settings) {
		r.applyFailures = append(r.applyFailures, cell.Label)
		return why
	}
	if _, err := r.Stack.Apply(ctx, good, r.Plan.CPUs); err != nil {
		r.applyFailures = append(r.applyFailures, cell.Label)
		return why
	}
	r.applyFailures = nil
	v.fail("the system does not start with the cell's settings; it does with %s, which differ in %s",
		whose, differing(cell.Settings, good))
	return why
}

// unserved says so where the system under test is why the load could not begin, and with which settings it could.
func (r *Runner) unserved(ctx context.Context, cell matrix.Cell, v *verdict, err error) {
	if !errors.Is(err, load.ErrUnserved) || ctx.Err() != nil {
		return
	}
	usual := cell.Settings
	for _, other := range r.Plan.Cells {
		if other.Baseline {
			usual = other.Settings
		}
	}
	switch {
	case r.served != nil && !maps.Equal(r.served, cell.Settings):
		v.fail("the load could not begin; it could with the settings of a cell before, which differ in %s",
			differing(cell.Settings, r.served))
	case r.served == nil && !maps.Equal(usual, cell.Settings):
		v.fail("the load could not begin; no cell before has had one, and the baseline differs in %s",
			differing(cell.Settings, usual))
	default:
		v.fail("the load could not begin")
	}
}

// differing names the settings in which a cell differs from another one.
func differing(cell, other matrix.Settings) string {
	const most = 10
	all := maps.Clone(cell)
	maps.Copy(all, other)
	maps.DeleteFunc(all, func(name, _ string) bool { return cell[name] == other[name] })
	names := slices.Sorted(maps.Keys(all))
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
