// Package spectest draws specs at random from all that a spec can say, for tests that the lab holds to them. The same
// seed draws the same specs, on every machine.
package spectest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"stormwave/lab/internal/matrix"
)

// Drawer draws specs.
type Drawer struct {
	rng   *rand.Rand
	there matrix.Inventory
	cpus  int
	all   []family
}

// New returns a Drawer of what there is, on a machine with so many CPUs.
func New(seed uint64, there matrix.Inventory, cpus int) *Drawer {
	d := &Drawer{
		rng:   rand.New(rand.NewPCG(seed, 0)),
		there: there,
		cpus:  cpus,
	}
	d.all = families(there.Services)
	return d
}

// Settings draws a few settings, of one family most often, in the spellings that their programs take.
func (d *Drawer) Settings() matrix.Settings {
	s := matrix.Settings{}
	f := d.family()
	for range 1 + d.rng.IntN(4) {
		if d.rng.IntN(4) == 0 {
			f = d.family()
		}
		c := pick(d.rng, f.settings)
		s[c.name] = c.draw(d.rng)
		// Without its pooler on the way it would be one more cell that is like the others.
		if f.topologies != nil && d.rng.IntN(8) > 0 {
			s[matrix.Topology] = pick(d.rng, f.topologies)
			s[matrix.ExecMode] = matrix.ExecAuto
		}
	}
	return s
}

// family draws one, by their weights.
func (d *Drawer) family() family {
	total := 0
	for _, f := range d.all {
		total += f.weight
	}
	n := d.rng.IntN(total)
	for _, f := range d.all {
		if n -= f.weight; n < 0 {
			return f
		}
	}
	return d.all[0]
}

// Spec draws a whole spec: it need not be one that is accepted.
func (d *Drawer) Spec() string {
	var b strings.Builder
	d.head(&b, fmt.Sprintf("drawn-%d", d.rng.IntN(1000)), "mixed@0.1")
	var factors, baseline []string
	for i := range 1 + d.rng.IntN(3) {
		if d.rng.IntN(2) == 0 {
			c := pick(d.rng, d.family().settings)
			first := c.draw(d.rng)
			factors = append(factors, fmt.Sprintf("  %s: [%q, %q]\n", c.name, first, c.draw(d.rng)))
			baseline = append(baseline, fmt.Sprintf("%s: %q", c.name, first))
			continue
		}
		name := fmt.Sprintf("factor%d", i)
		factors = append(factors, fmt.Sprintf("  %s:\n    usual: {}\n    drawn: %s\n", name, flow(d.Settings())))
		baseline = append(baseline, name+": usual")
	}
	fmt.Fprintf(&b, "factors:\n%sbaseline: {%s}\n", strings.Join(factors, ""), strings.Join(baseline, ", "))
	if d.rng.IntN(2) == 0 {
		fmt.Fprintf(&b, "settings: %s\n", flow(d.Settings()))
	}
	return b.String()
}

// Matrix draws a spec that is accepted, of so many cells that each set what was drawn for it, beside a baseline that
// sets nothing. Each trial of it has about one second of load.
func (d *Drawer) Matrix(name string, cells int) string {
	scenario := pick(d.rng, []string{"storm@0.02", "wave@0.02", "storm-open@0.02", "wave-open@0.02"})
	if d.rng.IntN(10) == 0 {
		scenario = "mixed@0.009" // seldom: to log in its 40 sessions takes more than all else of a trial
	}
	var head strings.Builder
	d.head(&head, name, scenario)
	fmt.Fprint(&head, "settings: {scenario.USERS: 0.02, scenario.RATE: 0.02}\nbaseline: {drawn: usual}\n")
	spec := head.String() + "factors:\n  drawn:\n    usual: {}\n"
	for n := 0; n < cells; {
		more := fmt.Sprintf("%s    d%03d: %s\n", spec, n+1, flow(d.Settings()))
		if _, err := matrix.Parse([]byte(more), d.there); err == nil {
			spec, n = more, n+1
		}
	}
	return spec
}

// head writes what a spec says besides its cells.
func (d *Drawer) head(b *strings.Builder, name, scenario string) {
	fmt.Fprintf(b, "name: %s\nscenarios: [%s]\nblocks: 1\nseed: %d\n", name, scenario, d.rng.Uint64())
	fmt.Fprintf(b, "slo: {error_ratio: %s, p99: %s}\n", pick(d.rng, []string{"0", "0.01", "1e-3", "1"}),
		pick(d.rng, []string{"1ms", "500ms", "0.5s", "1m"}))
	if d.rng.IntN(3) == 0 {
		b.WriteString("cpus: none\n")
		return
	}
	var pins []string
	names := []string{"app", "postgres", "replica", "k6", "prometheus"}
	for _, pooler := range d.there.Services.Poolers() {
		names = append(names, pooler.Name)
	}
	for _, service := range names {
		if d.rng.IntN(3) == 0 {
			pins = append(pins, fmt.Sprintf("%s: %q", service, d.list()))
		}
	}
	fmt.Fprintf(b, "cpus: {%s}\n", strings.Join(pins, ", "))
}

// list draws a cpu list.
func (d *Drawer) list() string {
	from := d.rng.IntN(d.cpus)
	to := from + d.rng.IntN(d.cpus-from)
	if from == to {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d-%d", from, to)
}

// flow writes settings as YAML's flow map.
func flow(s matrix.Settings) string {
	var entries []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		entries = append(entries, fmt.Sprintf("%s: %q", name, s[name]))
	}
	return "{" + strings.Join(entries, ", ") + "}"
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }
