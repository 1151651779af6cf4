// Package page serves what the lab is doing, or what a run has kept, to a browser on
// this machine: the services, the run in progress, charts from Prometheus and the
// finished trials. It needs nothing from outside, and reads as well without script.
package page

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/stack"
)

// Sources are what the page shows. All but Addr and Prometheus may be left out.
type Sources struct {
	Addr       string        // where the page is served: no other Host is answered
	Prometheus string        // its URL
	Results    string        // the directory of the runs
	Status     func() Status // of the lab; nil: there is only an archive
	Archive    *Archive      // set: the page shows a run that is over, and does not change
}

// Status is the state of the lab at a moment.
type Status struct {
	State    string // "starting", "up"
	Services []stack.ServiceStatus
	Deaths   []stack.Death
	Run      *Run // in progress, or over since; nil: there was none
}

// Run is a run and how far it is.
type Run struct {
	Name   string
	Over   bool          // its process has given the stack back, or is gone
	Began  time.Time     // of this process: a run that is resumed begins anew
	Trials int           // planned, at most
	ETA    time.Duration // from Began to the end, as it was estimated
	Stage  matrix.Stage  // empty: none yet

	Applied  matrix.Settings // of the cell in progress
	Cell     string          // under test; empty: no trial is under way
	Scenario string          // with it
}

// Archive is a run that is over, and the time that its charts are over.
type Archive struct {
	Run        string
	Start, End time.Time
}

// Until is the end, with its day where that is not the day of the start.
func (a Archive) Until() string {
	if a.Start.UTC().YearDay() == a.End.UTC().YearDay() && a.Start.UTC().Year() == a.End.UTC().Year() {
		return clock(a.End)
	}
	return moment(a.End)
}

// refresh is how often a page that is looked at asks for what has changed.
const refresh = time.Second

// Page is the handler. Use Server, which bounds what a client can do.
type Page struct {
	sources Sources
	charts  *charts
	trials  *trials
	plans   plans
	now     func() time.Time
	handler http.Handler
}

//go:embed assets
var assets embed.FS

var layout = template.Must(template.New("page.gohtml").Funcs(template.FuncMap{
	"clock":   clock,
	"moment":  moment,
	"whole":   whole,
	"figure":  figure,
	"percent": percent,
	"plain":   plain,
	"brief":   brief,
	"inc":     func(i int) int { return i + 1 },
}).ParseFS(assets, "assets/*.gohtml"))

// New returns a page of the sources. It asks nothing before it is looked at.
func New(sources Sources) (*Page, error) {
	if sources.Status == nil && sources.Archive == nil {
		return nil, fmt.Errorf("make the page: there is neither a lab nor a run to show")
	}
	ask, err := newAsker(sources.Prometheus)
	if err != nil {
		return nil, err
	}
	p := &Page{sources: sources, trials: &trials{}, now: time.Now}
	p.charts = newCharts(ask, sources.Archive)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.whole)
	mux.HandleFunc("GET /live", p.live)
	mux.HandleFunc("GET /page.js", asset("assets/page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /style.css", asset("assets/style.css", "text/css; charset=utf-8"))
	p.handler = guard(sources.Addr, mux)
	return p, nil
}

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// Close gives the connections to Prometheus back.
func (p *Page) Close() { p.charts.ask.close() }

// Server returns a server of the handler that no client can keep busy.
func Server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
}

// asset serves a file of the program.
func asset(name, kind string) http.HandlerFunc {
	text, err := assets.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(text)
	}
}

// whole serves the page.
func (p *Page) whole(w http.ResponseWriter, r *http.Request) {
	var text bytes.Buffer
	if err := layout.ExecuteTemplate(&text, "page.gohtml", p.look(r.Context())); err != nil {
		http.Error(w, "render the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(text.Bytes())
}

// changes is what /live answers: the parts that differ from what the page has, by name.
type changes struct {
	Have  string            `json:"have"` // to be given back with the next request
	Parts map[string]string `json:"parts"`
	Said  string            `json:"said,omitempty"` // the trial that has just finished
}

// live serves what has changed. The page tells what it has, so that an answer is small
// and most of it is not rendered: charts are as they were between two of their points,
// and the trials until the next one is finished.
func (p *Page) live(w http.ResponseWriter, r *http.Request) {
	v := p.look(r.Context())
	had := parseHave(r.URL.Query().Get("have"))
	answer := changes{Have: v.have().String(), Parts: make(map[string]string)}
	render := func(part string, data any) error {
		var text bytes.Buffer
		if err := layout.ExecuteTemplate(&text, part, data); err != nil {
			return fmt.Errorf("render %s: %w", part, err)
		}
		answer.Parts[part] = text.String()
		return nil
	}
	parts := []string{"state", "run", "services"}
	if had.Trials != v.Trials.Version {
		parts = append(parts, "trials")
		if had.Trials != "" {
			answer.Said = v.Trials.latest()
		}
	}
	if had.Charts != v.Charts.Version {
		parts = append(parts, "charts")
	}
	for _, part := range parts {
		if err := render(part, v); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false) // nothing but the page's script reads it
	_ = out.Encode(answer)
}
