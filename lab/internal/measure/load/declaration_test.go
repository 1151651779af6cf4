package load

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/record"
)

// Answers of `k6 inspect --execution-requirements` to an open and to a closed script, as far
// as they are read; EXT is what stands there of options.ext.
const (
	openAnswer = `{"scenarios": {"load": {"executor": "ramping-arrival-rate", "gracefulStop": "11s", "timeUnit": "2s",
		"stages": [{"duration": "8s", "target": 3960}, {"duration": "42s", "target": 0}]}},
		"totalDuration": "1m1s", "maxVUs": 2000, "setupTimeout": null, "ext": EXT}`
	closedAnswer = `{"scenarios": {"load": {"executor": "ramping-vus", "gracefulStop": "12s", "timeUnit": null,
		"stages": [{"duration": "8s", "target": 1000}]}}, "totalDuration": "20s", "maxVUs": 1000,
		"setupTimeout": "30s", "ext": EXT}`
)

const (
	openExt = `{"lab": {"model": "open", "phases": [
		{"name": "ramp", "seconds": 9.5, "from": 0, "to": 1980, "unit": "req/s"},
		{"name": "down", "seconds": 40.5, "from": 1980, "to": 0, "unit": "req/s"}],
		"statements": {"least": 1, "most": 2, "mostWithReplica": 3}, "warmup": true}, "other": 1}`
	closedExt = `{"lab": {"model": "closed", "phases": [
		{"name": "ramp", "seconds": 8, "from": 0, "to": 1000, "unit": "VUs"}]}}`
)

func answer(to, ext string) []byte { return []byte(strings.Replace(to, "EXT", ext, 1)) }

// A script that declares nothing has a length and a shape; a phase or what a request takes is
// not known of it.
func TestDecode(t *testing.T) {
	open := Script{
		Nominal: 50 * time.Second,
		Longest: 61 * time.Second,
		Setup:   time.Minute,
		VUs:     2000,
		Open:    true,
		Rate:    1980,
		Ramp:    8 * time.Second,
	}
	closed := Script{
		Nominal: 8 * time.Second,
		Longest: 20 * time.Second,
		Setup:   30 * time.Second,
		VUs:     1000,
		Ramp:    8 * time.Second,
	}
	declared := open
	declared.Ramp = 9500 * time.Millisecond
	declared.Phases = []Phase{
		{"ramp", record.Offer{Order: 1, Seconds: 9.5, To: 1980, Unit: record.UnitRate}},
		{"down", record.Offer{Order: 2, Seconds: 40.5, From: 1980, Unit: record.UnitRate}},
	}
	declared.Statements = &Statements{Least: 1, Most: 2, MostWithReplica: 3}
	declared.Warmup = true
	rising := closed
	rising.Phases = []Phase{{"ramp", record.Offer{Order: 1, Seconds: 8, To: 1000, Unit: record.UnitVUs}}}
	for _, c := range []struct {
		name, answer, ext string
		want              Script
	}{
		{"open", openAnswer, "null", open},
		{"closed", closedAnswer, "null", closed},
		{"of somebody else", closedAnswer, `{"loadimpact": {"model": 7}}`, closed},
		{"nothing", closedAnswer, `{"lab": {}}`, closed},
		{"open, declared", openAnswer, openExt, declared},
		{"closed, declared", closedAnswer, closedExt, rising},
	} {
		var got Script
		if err := got.decode(answer(c.answer, c.ext)); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
}

// A declaration is held against what k6 says of the script.
func TestDecodeRefusesADeclaration(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"another model":  {`"model": "closed"`, `"model": "open"`, `the model is "open", and that of the executor closed`},
		"no name":        {`"name": "ramp"`, `"name": ""`, `phase 1 is named ""`},
		"a name of two":  {`"name": "ramp"`, `"name": "a,b"`, `phase 1 is named "a,b"`},
		"another unit":   {`"unit": "VUs"`, `"unit": "req/s"`, `from 0 to 1000 req/s: give numbers from 0, in VUs`},
		"no unit":        {`"unit": "VUs"`, `"unit": ""`, `in VUs`},
		"below 0":        {`"from": 0`, `"from": -1`, `from -1 to 1000 VUs: give numbers from 0`},
		"another length": {`"seconds": 8`, `"seconds": 9`, `the phases last 9 s, and the load 8s`},
		"a negative one": {`"seconds": 8`, `"seconds": -8`, `lasts -8 seconds`},
		"two of one name": {
			`"phases": [`, `"phases": [{"name": "ramp", "seconds": 0, "to": 1, "unit": "VUs"},`,
			`phase 2 is named "ramp"`,
		},
		"least above": {
			`]}}`, `], "statements": {"least": 2, "most": 1, "mostWithReplica": 3}}}`,
			`statements are {Least:2 Most:1`,
		},
		"most above": {`]}}`, `], "statements": {"least": 2, "most": 2}}}`, `statements are {Least:2 Most:2`},
		"no object":  {`{"model"`, `7, "x": {"model"`, `decode answer of k6`},
	} {
		var got Script
		err := got.decode(answer(closedAnswer, strings.Replace(closedExt, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}

// What k6 saw of a phase and what the script declares of it come together.
func TestDeclare(t *testing.T) {
	offer := func(order int) record.Offer {
		return record.Offer{Order: order, Seconds: 1, To: 5, Unit: record.UnitVUs}
	}
	script := Script{Phases: []Phase{{"ramp", offer(1)}, {"hold", offer(2)}, {"down", offer(3)}}}
	parsed := func() map[string]record.Phase {
		s, err := Parse(realSummary(t), storm)
		if err != nil {
			t.Fatal(err)
		}
		return s.Phases
	}
	seen := parsed()
	if err := script.declare(seen); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"ramp", "hold", "down"} {
		if got := seen[name]; got.Offer == nil || *got.Offer != offer(i+1) || got.Requests != parsed()[name].Requests {
			t.Errorf("%s: %+v", name, got)
		}
	}
	seen = parsed()
	if err := new(Script).declare(seen); err != nil || seen["ramp"].Offer != nil {
		t.Errorf("nothing is declared: %v, %+v", err, seen["ramp"])
	}
	seen["other"] = record.Phase{}
	const more, less = "declares 3 phases, and requests are tagged with " +
		"4", `the phase "hold", and no requests are tagged so`
	if err := script.declare(seen); err == nil || !strings.Contains(err.Error(), more) {
		t.Errorf("a phase more: %v", err)
	}
	delete(seen, "hold")
	if err := script.declare(seen); err == nil || !strings.Contains(err.Error(), less) {
		t.Errorf("a phase less: %v", err)
	}
}

// The name of the k6 scenario stands twice, for JavaScript and for Go.
func TestNameOfTheLoad(t *testing.T) {
	text, err := os.ReadFile("../../../../scenarios/lib/load.js")
	if err != nil {
		t.Fatal(err)
	}
	if want := "const name = '" + record.LoadScenario + "';\n"; !strings.Contains(string(text), want) {
		t.Errorf("lib/load.js lacks %q", want)
	}
}
