package page

import (
	"context"
	"html/template"
	"strings"
	"time"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/stack"
)

// view is what the templates render.
type view struct {
	Now      time.Time
	Archive  *Archive
	Refresh  int64 // milliseconds between two requests for what has changed; 0: nothing changes
	State    string
	Services []serviceState
	Deaths   []stack.Death
	Run      *progress
	Trials   table
	Charts   picture
}

// serviceState is a service with what has become of it.
type serviceState struct {
	stack.ServiceStatus
	State string // "ready", "starting", "down"
}

// look gathers what the page shows now.
func (p *Page) look(ctx context.Context) *view {
	v := &view{Now: p.now().UTC(), Archive: p.sources.Archive}
	if p.sources.Archive != nil {
		v.State = "read-only"
		dir, err := record.NewDir(p.sources.Results, v.Archive.Run)
		if err == nil {
			v.Trials = p.trials.read(dir.Records())
		} else {
			v.Trials = table{Version: "none", Err: err}
		}
		v.Charts = p.charts.read(ctx, v.Now, marksOf(p.trials.since(v.Archive.Start)))
		return v
	}
	st := p.sources.Status()
	v.Refresh, v.State, v.Deaths = refresh.Milliseconds(), st.State, st.Deaths
	for _, s := range st.Services {
		v.Services = append(v.Services, newService(s))
	}
	var marks []mark
	v.Trials = table{Version: "none"}
	if st.Run != nil {
		if dir, err := record.NewDir(p.sources.Results, st.Run.Name); err == nil {
			v.Trials = p.trials.read(dir.Records())
			v.Run = progressOf(st.Run, p.plans.of(dir), v.Trials, p.trials.since(st.Run.Began), v.Now)
			marks = marksOf(p.trials.since(v.Now.Add(-2 * liveSpan)))
		}
	}
	v.Charts = p.charts.read(ctx, v.Now, marks)
	return v
}

func newService(s stack.ServiceStatus) serviceState {
	state := serviceState{ServiceStatus: s, State: "starting"}
	switch {
	case s.Ready:
		state.State = "ready"
	case s.PID == 0:
		state.State = "down"
	}
	return state
}

// deathsShown is how many of the deaths the page tells one by one, the newest ones.
const deathsShown = 5

// LastDeaths are the newest, the oldest of them first.
func (v *view) LastDeaths() []stack.Death { return v.Deaths[max(0, len(v.Deaths)-deathsShown):] }

// EarlierDeaths is how many there were before these.
func (v *view) EarlierDeaths() int { return max(0, stack.LastDeath(v.Deaths)-deathsShown) }

// marksOf are the times of the trials.
func marksOf(rows []row) []mark {
	var marks []mark
	for _, r := range rows {
		if r.Requests != nil { // there was a load
			marks = append(marks, mark{r.Start, r.End, r.Cell + " " + r.Scenario})
		}
	}
	return marks
}

// have is what a page has been given already.
type have struct{ Charts, Trials string }

func (v *view) have() have { return have{v.Charts.Version, v.Trials.Version} }

// String writes what parseHave reads.
func (h have) String() string { return h.Charts + "." + h.Trials }

func parseHave(text string) have {
	charts, trials, _ := strings.Cut(text, ".")
	return have{charts, trials}
}

// Have is what a page that is loaded whole has.
func (v *view) Have() string { return v.have().String() }

// Title is the name of the page.
func (v *view) Title() string {
	switch {
	case v.Archive != nil:
		return v.Archive.Run
	case v.Run != nil && !v.Run.Over:
		return v.Run.Name
	}
	return "lab"
}

// Period says which time the charts are over.
func (v *view) Period() string {
	if v.Archive != nil {
		return "The whole run"
	}
	return "The last " + span(liveSpan)
}

// Image is the chart's drawing, which the page makes itself.
func (d drawnChart) Image() template.HTML { return template.HTML(d.SVG) }
