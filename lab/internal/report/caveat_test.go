package report

import (
	"strings"
	"testing"

	"stormwave/lab/internal/record"
)

func TestCaveats(t *testing.T) {
	run := synthetic(t, 1)
	for i := range run.Records {
		r := &run.Records[i]
		r.Model = record.ClosedModel
		r.Metrics["host_cpu_busy_cores"] = 1.75
	}
	if list := analyze(t, run).caveats(); list != nil {
		t.Errorf("nothing is wrong, but: %s", list.markdown())
	}
	run.Records[3].Metrics[`cpu_cores{service="primary"}`] = 7.83
	text := analyze(t, run).caveats().markdown()
	if want := "- Record 4: its services used 8.84 CPUs, of 2 that the host has and 1.75 that were " +
		"busy."; !strings.Contains(text, want) {
		t.Errorf("%s\nlacks %q", text, want)
	}
	run.Records[0].Model = ""
	if text := analyze(t, run).caveats().markdown(); !strings.Contains(text, "- 1 record from before CPU") {
		t.Errorf("%s\nsays nothing of the record that is older", text)
	}
}
