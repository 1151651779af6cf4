package matrix

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const toCalibrate = `name: c
scenarios: [storm@0.3, wave]
factors: {pool_size: [unlimited, 8]}
baseline: {pool_size: unlimited}
slo: {error_ratio: 0.01, p99: 500ms}
`

func TestCalibrateIsRead(t *testing.T) {
	for _, c := range []struct {
		line string
		want map[string]float64
		err  string
	}{
		{"calibrate: true", map[string]float64{"storm@0.3": 3.2, "wave": 1.5}, ""},
		{"calibrate: false", nil, ""},
		{"calibrate: {wave: 2}", map[string]float64{"wave": 2}, ""},
		{"calibrate: {storm@0.30: 0.5}", map[string]float64{"storm@0.3": 0.5}, ""},
		{"calibrate: maybe", nil, `6:12: calibrate must be true, false or a map`},
		{"calibrate: [wave]", nil, `6:12: calibrate must be a single value, not a list`},
		{"calibrate: {}", nil, `6:12: calibrate is an empty map`},
		{"calibrate: {wav: 2}", nil, `6:13: "wav" in calibrate is not a scenario of this spec`},
		{"calibrate: {wave: NaN}", nil, `6:19: calibrate wave must be a multiple of the knee above 0 and at most 100`},
		{"calibrate: {wave: 0}", nil, `6:19: calibrate wave must be a multiple`},
		{"calibrate: {wave: 2, wave@1.0: 2}", nil, `6:22: duplicate scenario wave in calibrate`},
	} {
		there := Inventory{Scenarios: []string{"level", "storm", "wave"}, Services: services}
		spec, err := Parse([]byte(toCalibrate+c.line), there)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v; want %s", c.line, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.line, err)
			continue
		}
		if diff := cmp.Diff(c.want, spec.Plan().Calibrate); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.line, diff)
		}
	}
	unknown := strings.Replace(toCalibrate, "wave", "mixed", 1) + "calibrate: true"
	_, err := Parse([]byte(unknown), Inventory{Scenarios: []string{"level", "storm", "mixed"}, Services: services})
	want := "6:12: the study had no mixed: say how high it is to rise"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a scenario of one's own: %v; want %s", err, want)
	}
	without := Inventory{Scenarios: []string{"storm", "wave"}, Services: services}
	_, err = Parse([]byte(toCalibrate+"calibrate: true"), without)
	want = "6:12: calibrate takes a scenario level.js beside the others"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a backend without the scenario: %v; want %s", err, want)
	}
}

func TestScaleOfALoad(t *testing.T) {
	storm, wave := Scenario{Name: "storm", Scale: 0.3}, Scenario{Name: "wave", Scale: 1}
	p := Plan{Scenarios: []Scenario{storm, wave}, Calibrate: map[string]float64{"storm@0.3": 3.2}}
	want := func(factor float64, text string) {
		t.Helper()
		if f, s := p.LoadFactor(storm), p.Scale(storm); f != factor || s != text {
			t.Errorf("%g, %q; want %g, %q", f, s, factor, text)
		}
		if f, s := p.LoadFactor(wave), p.Scale(wave); f != 1 || s != "" {
			t.Errorf("of a load that is not calibrated: %g, %q", f, s)
		}
	}
	want(1, "to rise to 3.2 × the baseline's knee, which is found before the first block")
	p.Calibration = &Calibration{Knee: 640, Loads: map[string]Scaled{"storm@0.3": {Factor: 1.02, Top: 2000}}}
	want(1.02, "load × 1.02: 2040 requests per second at most in place of the script's 2000, "+
		"3.2 × the baseline's knee of 640")
	p.Calibration = &Calibration{Why: "the generator is full"}
	want(1, "not calibrated: the generator is full")
}
