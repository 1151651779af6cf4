package report

import (
	"os"
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
)

// Where the loads were scaled, the scenario's heading says by how much, and a row what the script asks for.
func TestCalibrationIsReported(t *testing.T) {
	src, err := os.ReadFile("testdata/quick.yaml")
	if err != nil {
		t.Fatal(err)
	}
	run := synthesize(t, src, 1)
	first := run.Plan.Scenarios[0]
	run.Plan.Calibrate = map[string]float64{first.String(): 3.2}
	for _, c := range []struct {
		found matrix.Calibration
		want  []string
	}{
		{
			matrix.Calibration{Knee: 640, Loads: map[string]matrix.Scaled{first.String(): {Factor: 1.02, Top: 2000}}},
			[]string{
				"## " + first.String() + ": load × 1.02\n",
				"| Load of " + first.String() + " | load × 1.02: 2040 requests per second at most in " +
					"place of the script's 2000, 3.2 × the baseline's knee of 640 |",
			},
		},
		{
			matrix.Calibration{Why: "the generator is full first"},
			[]string{
				"## " + first.String() + "\n",
				"**Not calibrated: the generator is full first.**",
				"| Load of " + first.String() + " | not calibrated: the generator is full first |",
			},
		},
	} {
		run.Plan.Calibration = &c.found
		files, err := Build(run)
		if err != nil {
			t.Fatal(err)
		}
		text := string(files[run.Name+".md"])
		for strings.Contains(text, "  |") { // cells are padded
			text = strings.ReplaceAll(text, "  |", " |")
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("the report lacks %q", want)
			}
		}
	}
}
