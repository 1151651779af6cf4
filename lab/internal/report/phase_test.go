package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// recovered makes the trials of a cell that came back after so many seconds; below 0:
// not at all.
func recovered(label string, seconds ...float64) group {
	g := group{Group: analysis.Group{Cell: matrix.Cell{Label: label}}}
	for _, s := range seconds {
		r := &record.Record{Verdict: record.Valid, Load: &record.Load{Slow: new(int64)}}
		r.Phases = map[string]record.Phase{"hold": {}}
		if s >= 0 {
			r.Recovery = &s
		}
		g.Used = append(g.Used, r)
	}
	g.All = g.Used
	return g
}

// A trial that does not come back takes longer than all that do.
func TestRecoveryCountsThoseThatDoNotComeBack(t *testing.T) {
	const never = -1
	half := recovered("suspect", 5, 6, never)
	half.Suspect = true
	for _, c := range []struct {
		cell group
		want string
	}{
		{recovered("pooler", 0, 0, 1, 6, 0, 0, 16, 0), "0"},
		{recovered("replica", 25, 40, 41, 14, 37, never, 18, 25), "31.0 (not in 1 of 8)"},
		{recovered("none", 38, 23, never, never, 36, 12, never, 38), "38.0 (not in 3 of 8)"},
		{recovered("twin", 41, 36, 42, never, never, 21, 42, never), "42.0 (not in 3 of 8)"},
		{recovered("half", 1, never), "not in 1 of 2"},
		{recovered("most", 1, never, never), "not in 2 of 3"},
		{recovered("all", never, never), "not in 2 of 2"},
		{half, "6.00† (not in 1 of 3)"},
		{recovered("not run"), "–"},
	} {
		text := phaseTables([]group{c.cell, recovered("other", 0)}).markdown()
		line := ""
		for l := range strings.Lines(text) {
			if strings.HasPrefix(l, "| `"+c.cell.Cell.Label+"`") {
				line = l
				break
			}
		}
		fields := strings.Split(line, "|")
		if len(fields) < 4 || strings.TrimSpace(fields[3]) != c.want {
			t.Errorf("%s: %q; want %q", c.cell.Cell.Label, line, c.want)
		}
		if strings.Contains(text, "Recovery s of") && len(c.cell.Used) > 0 {
			t.Errorf("%s: a trial is excluded:\n%s", c.cell.Cell.Label, text)
		}
	}
}

// Runs from before failures counted are told so.
func TestRecoverySaysWhatItGoesBy(t *testing.T) {
	g := recovered("cell", 3)
	if text := phaseTables([]group{g}).markdown(); !strings.Contains(text, "and no more requests fail than it allows") {
		t.Errorf("failures are not named:\n%s", text)
	}
	g.Used[0].Load.Slow = nil
	if text := phaseTables([]group{g}).markdown(); !strings.Contains(text, "however many requests failed") {
		t.Errorf("failures are named, though they did not count:\n%s", text)
	}
}

// heads are what a table of phases has above its columns.
func heads(rows []group) []string {
	var all []string
	for _, p := range phases(rows) {
		all = append(all, phaseHead(p))
	}
	return all
}

// ofPhases is a row of one trial for each map of phases.
func ofPhases(schema int, trials ...map[string]record.Phase) []group {
	g := group{}
	for _, p := range trials {
		g.Used = append(g.Used, &record.Record{Schema: schema, Scale: 1, Phases: p})
	}
	return []group{g}
}

// Records from before scripts declared their phases go by the names.
func TestPhasesOfOldRecords(t *testing.T) {
	rows := ofPhases(1,
		map[string]record.Phase{"hold": {}, "vus_500": {}, "vus_50": {}, "vus_0100": {}, "down": {}, "ramp": {}},
		map[string]record.Phase{"vus_75": {}, "hold": {}},
	)
	want := []string{"ramp", "to 50 VUs", "to 75 VUs", "to 100 VUs", "to 500 VUs", "hold", "down"}
	if diff := cmp.Diff(want, heads(rows)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// declare makes a record one of today, whose script rises to each of the loads in turn, stays
// at the last and falls: step for step the phases that the record has, and one more.
func declare(r *record.Record, unit string, names []string, loads ...float64) {
	r.Schema = record.Schema
	from := 0.0
	for i, to := range append(loads, loads[len(loads)-1], 0) {
		p := r.Phases[names[i]]
		p.Offer = &record.Offer{Order: i + 1, Seconds: 9, From: from, To: to, Unit: unit}
		if from == to {
			p.Seconds = 30
		}
		r.Phases[names[i]] = p
		from = to
	}
}

func TestDeclaredPhases(t *testing.T) {
	names := []string{"c", "b", "hold it", "a"}
	of := func(unit string, loads ...float64) map[string]record.Phase {
		r := record.Record{Phases: map[string]record.Phase{}}
		declare(&r, unit, names, loads...)
		return r.Phases
	}
	for name, test := range map[string]struct {
		rows []group
		want []string
	}{
		"rates": {
			ofPhases(2, of(record.UnitRate, 200, 1400)),
			[]string{"to 200 req/s", "to 1,400 req/s", "hold it", "a"},
		},
		"another load in each trial": {
			ofPhases(2, of(record.UnitVUs, 200, 400), of(record.UnitVUs, 100, 400)),
			[]string{"c", "to 400 VUs", "hold it", "a"},
		},
		"what no script declares": {
			ofPhases(2, map[string]record.Phase{"vus_50": {}, "ramp": {}, "hold": {}}),
			[]string{"hold", "ramp", "vus_50"},
		},
	} {
		if diff := cmp.Diff(test.want, heads(test.rows)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// An open load that rises in steps is one of rates wherever it is reported.
func TestReportOfRates(t *testing.T) {
	run := studied(t, nil)
	names := []string{
		"vus_50", "vus_100", "vus_150", "vus_200", "vus_250", "vus_300", "vus_350", "vus_400", "vus_450", "vus_500", "hold",
		"down",
	}
	for i := range run.Records {
		if r := &run.Records[i]; r.Scenario == "wave" && len(r.Phases) > 0 {
			declare(r, record.UnitRate, names, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000)
		}
	}
	run.Curves = withCurves(run).Curves
	a := analyze(t, run)
	p := a.parts[1]
	if title := p.saturationPicture(a)[0].(*picture).title; !strings.HasPrefix(
		title, "p99 and throughput over the rate of wave",
	) {
		t.Errorf("the picture is called %q", title)
	}
	for row, want := range map[int]string{
		0: "700|600 to 800|600|500 to 700", // steps of 9 s: 100 requests per second more in each
		2: "none up to 1,000||1,000|",
	} {
		if got := strings.Join(p.missTable().rows[row][2:], "|"); got != want {
			t.Errorf("row %d: %q; want %q", row, got, want)
		}
	}
	text := build(t, run)
	for _, want := range []string{
		"| First miss, req/s |", "| Saturation, req/s", "| to 200 req/s |",
		"Saturation: the requests per second that are due (req/s) and",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if strings.Contains(text, "to 200 VUs") || strings.Contains(text, "the users, who mostly think") {
		t.Error("the report takes rates for users")
	}
	for _, r := range p.rows[2].Used {
		r.Load.Dropped = 3
	}
	if text := p.missTable().markdown(); !strings.Contains(
		text, "3 trials without the latency of every step, or with dropped iter",
	) {
		t.Error(text)
	}
}
