package compare

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// unlike lists what tells two runs apart besides the backend: then a difference of
// their numbers may come from that.
func unlike(a, b Run) []string {
	d := differs{}
	d.hosts(a.Host, b.Host)
	d.scripts(a.Host.Fingerprint["scenarios"], b.Host.Fingerprint["scenarios"])
	d.add("slo error_ratio", fmt.Sprint(a.Plan.SLO.ErrorRatio), fmt.Sprint(b.Plan.SLO.ErrorRatio))
	d.add("slo p99", a.Plan.SLO.P99.String(), b.Plan.SLO.P99.String())
	d.add("backend", a.Plan.Backend, b.Plan.Backend)
	d.add("cpus", pinning(a.Plan.CPUs), pinning(b.Plan.CPUs))
	for _, s := range a.Plan.Scenarios {
		if slices.Contains(b.Plan.Scenarios, s) {
			d.add("load of "+s.String(), fmt.Sprintf("× %g", a.Plan.LoadFactor(s)), fmt.Sprintf("× %g", b.Plan.LoadFactor(s)))
		}
	}
	for _, name := range apart(a.Plan, b.Plan) {
		if name != matrix.Commit {
			d.add("setting "+name, a.Plan.Cells[0].Settings[name], b.Plan.Cells[0].Settings[name])
		}
	}
	for _, run := range []Run{a, b} {
		if len(run.Host.Forced) > 0 {
			d = append(
				d, fmt.Sprintf("%s was resumed although something had changed: %s", run.Name, strings.Join(run.Host.Forced, "; ")),
			)
		}
	}
	return d
}

// differs are the differences found so far.
type differs []string

func (d *differs) add(what, a, b string) {
	if a != b {
		*d = append(*d, fmt.Sprintf("%s: %s in A, %s in B", what, told(a), told(b)))
	}
}

func told(value string) string {
	if value == "" {
		return "not told"
	}
	return value
}

// hosts compares what the numbers depend on of two machines and their programs.
func (d *differs) hosts(a, b record.Host) {
	d.add("kernel", a.Kernel, b.Kernel)
	d.add("CPU", a.CPUModel, b.CPUModel)
	d.add("cores", fmt.Sprint(a.Cores), fmt.Sprint(b.Cores))
	// The kernel keeps a little more or less for itself from boot to boot.
	if math.Abs(float64(a.MemoryBytes-b.MemoryBytes)) > 0.01*float64(a.MemoryBytes) {
		d.add("memory", gibibytes(a.MemoryBytes), gibibytes(b.MemoryBytes))
	}
	d.add("frequency governor", a.Governor, b.Governor)
	d.add("Go", a.Go, b.Go)
	ours, theirs := versions(a), versions(b)
	names := maps.Clone(ours)
	maps.Copy(names, theirs)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		d.add(name, ours[name], theirs[name])
	}
}

// scripts compares the checksums of the load scripts.
func (d *differs) scripts(a, b string) {
	if a == "" && b == "" {
		*d = append(*d, "load scripts: neither run has told which")
		return
	}
	d.add("load scripts", a[:min(len(a), 12)], b[:min(len(b), 12)])
}

func versions(h record.Host) map[string]string {
	all := make(map[string]string, len(h.Programs))
	for _, p := range h.Programs {
		all[p.Name] = p.Version
	}
	return all
}

func gibibytes(n int64) string { return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30)) }

// apart names the settings that have one value in every cell of a and another in
// every cell of b. Left out everywhere is a value too.
func apart(a, b matrix.Plan) []string {
	names := make(map[string]bool)
	for _, cell := range slices.Concat(a.Cells, b.Cells) {
		for name := range cell.Settings {
			names[name] = true
		}
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, constantA := constant(a, name)
		y, constantB := constant(b, name)
		if constantA && constantB && x != y {
			found = append(found, name)
		}
	}
	return found
}

// constant is the value of a setting if all cells of a plan have the same.
func constant(p matrix.Plan, name string) (string, bool) {
	values := make(map[string]bool)
	for _, cell := range p.Cells {
		values[cell.Settings[name]] = true
	}
	if len(values) != 1 {
		return "", false
	}
	return p.Cells[0].Settings[name], true
}

// pinning is which service may use which CPUs.
func pinning(cpus matrix.CPUs) string {
	var all []string
	for _, service := range slices.Sorted(maps.Keys(cpus)) {
		all = append(all, service+" on "+cpus[service])
	}
	if len(all) == 0 {
		return "not pinned"
	}
	return strings.Join(all, ", ")
}
