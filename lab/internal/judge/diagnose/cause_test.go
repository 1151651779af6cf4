package diagnose

import (
	"os"
	"slices"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
)

// A spec may expect whatever a diagnosis can claim, each by one name, and not that it finds nothing.
func TestNames(t *testing.T) {
	names := Names(service.Catalog(backends.Default()))
	once := slices.Compact(slices.Sorted(slices.Values(names)))
	if len(names) != len(outside)+len(inside(service.Catalog(backends.Default()).Poolers()))+2 || len(once) != len(names) {
		t.Errorf("%d names: %v; want each cause once, none and mixed", len(names), names)
	}
	for _, want := range []Cause{None, GeneratorSaturated, DBCPUBound, PoolStarved("pgbouncer"), Mixed} {
		if !slices.Contains(names, string(want)) {
			t.Errorf("%s is no name", want)
		}
	}
	if slices.Contains(names, string(Undetermined)) {
		t.Error("that nothing was found is a name")
	}
	there := service.Inventory(backends.Default(), "mixed")
	there.Causes = names
	text, err := os.ReadFile("../../../matrices/faults.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := matrix.Parse(text, there); err != nil {
		t.Errorf("the gallery of faults expects what there is not: %v", err)
	}
}
