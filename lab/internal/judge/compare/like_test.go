package compare

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

func TestUnlike(t *testing.T) {
	base := synthetic{
		name:      "one",
		pools:     []string{"8", "16"},
		scenarios: []matrix.Scenario{storm},
		settings:  matrix.Settings{"topology": "direct"},
		blocks:    4,
		speed:     steady,
	}
	for _, test := range []struct {
		name   string
		change func(*Run)
		want   []string
	}{
		{"nothing", func(*Run) {}, nil},
		{"what may differ", func(r *Run) {
			r.Host.Commit, r.Host.Dirty, r.Host.Distro, r.Plan.Blocks, r.Plan.Seed = "abc", true, "another", 9, 7
			r.Host.MemoryBytes += 1 << 20
			r.Host.Fingerprint = map[string]string{"scenarios": "abc", "app": "new", "lab": "new"}
			setAll(r, matrix.Commit, "0123456789")
		}, nil},
		{"machine", func(r *Run) {
			r.Host.Kernel, r.Host.CPUModel, r.Host.Cores, r.Host.MemoryBytes, r.Host.Governor = "Linux 6.2", "Another "+
				"CPU", 4, 16<<30, "powersave"
		}, []string{
			"kernel: Linux 6.1 in A, Linux 6.2 in B", "CPU: Some CPU in A, Another CPU in B", "cores: 2 in A, 4 in B",
			"memory: 8.00 GiB in A, 16.00 GiB in B", "frequency governor: not told in A, powersave in B",
		}},
		{"programs", func(r *Run) {
			r.Host.Go = "go1.27"
			r.Host.Programs = []record.Program{{Name: "postgres", Version: "16.1"}, {Name: "grafana", Version: "12"}}
		}, []string{
			"Go: go1.26 in A, go1.27 in B", "grafana: not told in A, 12 in B", "k6: 2.0.0 in A, not told in B",
			"postgres: 15.18 in A, 16.1 in B",
		}},
		{"scripts", func(r *Run) { r.Host.Fingerprint = map[string]string{"scenarios": "0123456789abcdef"} }, []string{
			"load scripts: abc in A, 0123456789ab in B",
		}},
		{"plan", func(r *Run) {
			r.Plan.SLO = matrix.SLO{ErrorRatio: 0.05, P99: matrix.Duration(1e9)}
			r.Plan.CPUs = matrix.CPUs{"k6": "1", "app": "0"}
		}, []string{
			"slo error_ratio: 0.01 in A, 0.05 in B", "slo p99: 500ms in A, 1s in B",
			"cpus: not pinned in A, app on 0, k6 on 1 in B",
		}},
		{"calibration", func(r *Run) {
			loads := map[string]matrix.Scaled{storm.String(): {Factor: 1.5, Top: 2000}}
			r.Plan.Calibration = &matrix.Calibration{Knee: 940, Loads: loads}
		}, []string{"load of " + storm.String() + ": × 1 in A, × 1.5 in B"}},
		{"settings", func(r *Run) {
			setAll(r, "topology", "pgbouncer")
			setAll(r, "postgres.work_mem", "8MB")
		}, []string{
			"setting postgres.work_mem: not told in A, 8MB in B", "setting topology: direct in A, pgbouncer in B",
		}},
		{"resumed", func(r *Run) { r.Host.Forced = []string{"k6 was 1, is 2"} }, []string{
			"one was resumed although something had changed: k6 was 1, is 2",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, b := base.run(), base.run()
			test.change(&b)
			c := Runs(a, b)
			if diff := cmp.Diff(test.want, c.Unlike, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("unlike (-want +got):\n%s", diff)
			}
			if len(c.Pairs) != 2 || c.Pairs[1].B.Valid != 4 {
				t.Errorf("pairs = %+v; want both cells compared all the same", c.Pairs)
			}
		})
	}
	a, b := base.run(), base.run()
	a.Host.Fingerprint, b.Host.Fingerprint = nil, nil
	if diff := cmp.Diff([]string{"load scripts: neither run has told which"}, Runs(a, b).Unlike); diff != "" {
		t.Errorf("scripts that are not told (-want +got):\n%s", diff)
	}
}

// setAll gives a setting one value in every cell.
func setAll(r *Run, name, value string) {
	for i := range r.Plan.Cells {
		settings := r.Plan.Cells[i].Settings
		if settings[name] != value {
			settings[name] = value // A/A controls share the map
		}
	}
}

// A setting that varies in a run tells its cells apart, and is no difference
// between runs.
func TestAVaryingSettingIsNoDifference(t *testing.T) {
	a := synthetic{name: "one", pools: []string{"8", "16"}, scenarios: []matrix.Scenario{storm}, blocks: 4, speed: steady}
	b := synthetic{name: "other", pools: []string{"8"}, scenarios: []matrix.Scenario{storm}, blocks: 4, speed: steady}
	if c := Runs(a.run(), b.run()); len(c.Unlike) != 0 || len(c.Pairs) != 1 || len(c.Alone) != 1 {
		t.Errorf("unlike %v, %d pairs, alone %v; want one pair and one alone", c.Unlike, len(c.Pairs), c.Alone)
	}
}

// A run from before there was a setting is like one that leaves it at its default.
func TestRunFromBeforeASetting(t *testing.T) {
	a := synthetic{name: "one", pools: []string{"8"}, scenarios: []matrix.Scenario{storm}, blocks: 4, speed: steady}
	before, now := a.run(), a.run()
	before.Defaults = matrix.Settings{"cancel": "close"}
	setAll(&now, "cancel", "close")
	if c := Runs(before, now); len(c.Unlike) != 0 || len(c.Pairs) == 0 || len(c.Alone) != 0 {
		t.Errorf("unlike %v, %d pairs, alone %v; want all cells paired", c.Unlike, len(c.Pairs), c.Alone)
	}
	setAll(&now, "cancel", "cancel_request")
	want := []string{"setting cancel: close in A, cancel_request in B"}
	if diff := cmp.Diff(want, Runs(before, now).Unlike); diff != "" {
		t.Errorf("unlike (-want +got):\n%s", diff)
	}
}
