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
	"stormwave/lab/internal/record"
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
	if r.served == nil || maps.Equal(r.served, cell.Settings) {
		v.fail("the load could not begin")
		return
	}
	v.fail("the load could not begin; it could with the settings of a cell before, which differ in %s",
		differing(cell.Settings, r.served))
}

// suspects says in what the cell differs from the baseline, where a trial is spoilt, not by what measures it, and no
// reason names any of that.
func (r *Runner) suspects(cell matrix.Cell, v *verdict) {
	i := slices.IndexFunc(r.Plan.Cells, func(c matrix.Cell) bool { return c.Baseline })
	if i < 0 || v.broken || !v.failed && v.worst != record.Invalid {
		return
	}
	differ := differing(cell.Settings, r.Plan.Cells[i].Settings)
	said := strings.Join(v.reasons, "\n")
	if len(differ) > 0 && !slices.ContainsFunc(differ, func(name string) bool { return strings.Contains(said, name) }) {
		v.say("the cell differs from the baseline in %s", differ)
	}
}

// settingNames are names of settings, sorted.
type settingNames []string

// differing are the settings in which a cell differs from another one.
func differing(cell, other matrix.Settings) settingNames {
	all := maps.Clone(cell)
	maps.Copy(all, other)
	maps.DeleteFunc(all, func(name, _ string) bool { return cell[name] == other[name] })
	return slices.Sorted(maps.Keys(all))
}

// String lists the names, but no more than a reader takes in.
func (names settingNames) String() string {
	const most = 10
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
