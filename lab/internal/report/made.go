package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// made says what was asked, and on what, with what and in which order the run was made.
func (a *Analysis) made() blocks {
	run := a.run
	list := blocks{
		a.askedTable(), hostTable(run),
		fold{"What each cell sets", blocks{settingsTable(run.Plan.Cells)}},
		fold{"Programs", blocks{programTable(run.Host.Programs)}},
		fold{"What the lab itself took", blocks{labTable(run)}},
		fold{"Settings read back", effective(run)},
		fold{"Spec", blocks{source{"yaml", string(run.Spec)}}},
	}
	if a.nextSpec != "" {
		list = append(list, fold{"Spec to go on with", blocks{source{"yaml", a.nextSpec}}})
	}
	return append(list, order(run)...)
}

// Rows of askedTable.
const (
	cellsRow  = "Cells"
	blocksRow = "Blocks"
	trialsRow = "Trials"
	sloRow    = "SLO"
	namedRow  = "Known causes that the diagnosis named first"
)

// toldRow is the row that says what difference can be told.
func toldRow(s matrix.Scenario) string { return "Can tell under " + s.String() }

// askedTable says what the run was asked, and how often.
func (a *Analysis) askedTable() table {
	plan := a.run.Plan
	cells := plural(distinct(plan), "cell")
	if plan.Control() >= 0 {
		cells += ", the A/A control aside"
	}
	rows := [][]string{
		{cellsRow, cells},
		{blocksRow, a.repeats()},
		{trialsRow, tally(a.run)},
		{sloRow, sloText(plan)},
	}
	for _, p := range a.parts {
		if scale := plan.Scale(p.Scenario); scale != "" {
			rows = append(rows, []string{"Load of " + p.Scenario.String(), prose(scale)})
		}
		if len(plan.Compared()) > 0 {
			rows = append(rows, []string{toldRow(p.Scenario), a.told(p)})
		}
	}
	if a.expected() > 0 {
		rows = append(rows, []string{namedRow, a.namedRight()})
	}
	return facts(rows...)
}

// sloText is the objective in words.
func sloText(plan matrix.Plan) string {
	return fmt.Sprintf("at most %.4g%% failed, p99 within %s ms, in every trial",
		100*plan.SLO.ErrorRatio, numeral.Figure(plan.SLO.P99.Milliseconds()))
}

// facts is a table of names and values.
func facts(rows ...[]string) table {
	return table{head: []string{"", ""}, rows: rows, left: map[int]bool{1: true}}
}

func hostTable(run Run) table {
	h := run.Host
	commit := cmp.Or(h.Commit, "none")
	if h.Dirty {
		commit += ", and changes that are not committed"
	}
	rows := [][]string{
		{"CPU", fmt.Sprintf("%s, %s", prose(h.CPUModel), plural(h.Cores, "core"))},
		{"Frequency governor", cmp.Or(prose(h.Governor), "not shown by the kernel")},
		{"Memory", numeral.Mebibytes(float64(h.MemoryBytes)) + " MiB"},
		{"System", prose(h.Distro + ", " + h.Kernel)},
		{"Commit", prose(commit)},
		{"Go", prose(h.Go)},
		{"Programs from", environment(h)},
		{"Seed", fmt.Sprint(run.Plan.Seed)},
		{"Pinned to CPUs", pinned(run)},
	}
	if h.OpenFiles > 0 {
		rows = append(rows, []string{"Files a service may open", fmt.Sprint(h.OpenFiles)})
	}
	if len(h.Forced) > 0 {
		rows = append(rows, []string{"Resumed in spite of", prose(strings.Join(h.Forced, "; "))})
	}
	if first, last, ok := span(run.Records); ok {
		rows = append(rows, []string{"Run", fmt.Sprintf("%s to %s UTC (%s)",
			first.Format(time.DateTime), last.Format(time.DateTime), last.Sub(first).Round(time.Second))})
	}
	return facts(rows...)
}

func environment(h record.Host) string {
	if h.Env != record.EnvNix {
		return "the distribution and the lab's own tools"
	}
	text := "the Nix shell"
	if h.NixpkgsRev != "" {
		text += ", nixpkgs " + code(h.NixpkgsRev)
	}
	if h.FlakeLock != "" {
		text += ", flake.lock sha256 " + code(h.FlakeLock)
	}
	return text
}

func pinned(run Run) string {
	var parts []string
	for _, service := range slices.Sorted(maps.Keys(run.Plan.CPUs)) {
		parts = append(parts, service+": "+run.Plan.CPUs[service])
	}
	return cmp.Or(strings.Join(parts, "; "), "nothing")
}

// span is from the start of the first load to the end of the last.
func span(records []record.Record) (first, last time.Time, ok bool) {
	for _, r := range records {
		if first.IsZero() || r.Start.Before(first) {
			first = r.Start
		}
		if r.End.After(last) {
			last = r.End
		}
	}
	return first.UTC(), last.UTC(), len(records) > 0
}

func programTable(programs []record.Program) table {
	t := table{head: []string{"Program", "Version", "Path", "sha256"}, left: map[int]bool{1: true, 2: true, 3: true}}
	for _, p := range programs {
		t.rows = append(t.rows, []string{prose(p.Name), prose(p.Version), code(cmp.Or(p.NixStore, p.Path)), code(p.SHA256)})
	}
	return t
}

// labTable shows the lab's own times: those of the host file, and every one that
// the records carry.
func labTable(run Run) table {
	seconds := func(v *float64) string {
		if v == nil {
			return numeral.Missing
		}
		return numeral.Figure(*v) + " s"
	}
	h := run.Host.Lab
	up := "up, database template made anew"
	if h.UpCached {
		up = "up, database template cached"
	}
	rows := [][]string{{up, seconds(h.Up)}}
	if h.UpCached {
		rows = append(rows, []string{"first up, database template made", seconds(h.FirstUp)})
	}
	rows = append(rows,
		[]string{"turnaround between trials, warm-up aside, mean", seconds(h.TurnaroundMean)},
		[]string{"turnaround between trials, warm-up aside, max", seconds(h.TurnaroundMax)})
	taken := map[string][]float64{}
	for _, r := range run.Records {
		for name, v := range r.Lab {
			taken[name] = append(taken[name], v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(taken)) {
		middle, most := stat.Median(taken[name]), slices.Max(taken[name])
		what, shown := name, numeral.Figure(middle)+", "+numeral.Figure(most)
		if base, seconds := strings.CutSuffix(name, "_s"); seconds {
			what, shown = base, numeral.Figure(middle)+" s, "+numeral.Figure(most)+" s"
		} else if base, share := strings.CutSuffix(name, "_ratio"); share {
			what, shown = base, numeral.Percent(middle)+"%, "+numeral.Percent(most)+"%"
		}
		rows = append(rows, []string{prose(strings.ReplaceAll(what, "_", " ")) + " per trial, median and max", shown})
	}
	return facts(rows...)
}

// readBack is what the live servers said of their settings: setting → cell → values, of
// which there should be one.
func readBack(run Run) map[string]map[string][]string {
	values := map[string]map[string][]string{}
	for i := range run.Records {
		r := &run.Records[i]
		if r.Verdict == record.Invalid {
			continue
		}
		for name, v := range r.Effective {
			if values[name] == nil {
				values[name] = map[string][]string{}
			}
			if !slices.Contains(values[name][r.Cell], v) {
				values[name][r.Cell] = append(values[name][r.Cell], v)
			}
		}
	}
	return values
}

// effective shows what the live servers said of their settings: a table of those
// that differ between cells, and a list of the rest.
func effective(run Run) blocks {
	values := readBack(run)
	var differ, same []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if oneValue(values[name]) {
			same = append(same, name)
		} else {
			differ = append(differ, name)
		}
	}
	if len(values) == 0 {
		return blocks{words("Nothing was read back.")}
	}
	var list blocks
	if len(differ) == 0 {
		list = append(list, words("None differs between cells."))
	} else {
		t := table{head: append([]string{"Cell"}, differ...)}
		for i, name := range differ {
			t.head[i+1] = prose(name)
		}
		refs := make([]ref, len(run.Plan.Cells))
		for i, c := range run.Plan.Cells {
			refs[i] = ref{cell: i + 1}
			line := []string{cellName(c)}
			for _, name := range differ {
				line = append(line, cmp.Or(prose(strings.Join(values[name][c.Label], " / ")), numeral.Missing))
			}
			t.rows = append(t.rows, line)
		}
		t.link = rowLinks(refs)
		list = append(list, t)
	}
	if len(same) > 0 {
		t := table{head: []string{"Setting", "Value"}, left: map[int]bool{1: true}}
		for _, name := range same {
			for _, v := range values[name] {
				t.rows = append(t.rows, []string{prose(name), prose(v[0])})
				break // they are all alike
			}
		}
		list = append(list, fold{"The same wherever read", blocks{t}})
	}
	return list
}

// oneValue says whether all cells that read a setting back got the same one value.
func oneValue(byCell map[string][]string) bool {
	first := ""
	for _, values := range byCell {
		first = values[0]
	}
	for _, values := range byCell {
		if len(values) != 1 || values[0] != first {
			return false
		}
	}
	return true
}

// order says in which order the trials ran, and lists them.
func order(run Run) blocks {
	ran := "every cell with every scenario once"
	if run.Plan.Budget > 0 {
		ran = "the cells of a race"
	}
	if run.Plan.BlocksOf != nil {
		ran = "every cell once with each scenario that has so many blocks " + run.Plan.Repeats()
	}
	return blocks{
		say("Each block ran %s, in an order drawn from seed %d; `plan.json` has it whole.", ran, run.Plan.Seed),
		fileOnly{fold{plural(len(run.Records), "trial"), blocks{delayed(func() block { return orderTable(run.Records) })}}},
		pageOnly{words("The trials are with their cells, under the numbers of this order.")},
	}
}

// orderTable lists every trial in the order of the run, with figures of its own, so that those
// excluded of the tables can be seen too.
func orderTable(records []record.Record) table {
	t := table{
		head: []string{"#", "Block", "Scenario", "Cell", "Verdict", "Requests", "Failed %", "Goodput RPS", "p99 ms"},
		left: map[int]bool{2: true, 3: true, 4: true},
	}
	for i := range records {
		r := &records[i]
		line := []string{
			numeral.Count(float64(r.N)), numeral.Count(float64(r.Block)), analysis.ScenarioOf(r).String(), code(r.Cell),
			string(r.Verdict),
			numeral.Missing, numeral.Missing, numeral.Missing, numeral.Missing,
		}
		if l := r.Load; l != nil {
			copy(line[5:], []string{
				numeral.Count(float64(l.Requests)), numeral.Percent(l.ErrorRatio), numeral.Figure(l.GoodputRPS),
				numeral.Figure(l.Latency.P99),
			})
		}
		t.rows = append(t.rows, line)
	}
	return t
}
