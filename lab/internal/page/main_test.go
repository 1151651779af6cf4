package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when the tests are: all that is rendered in them is fixed.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const run = "2026-11-25T1150Z-quick"

// prometheus answers range queries with the value that f gives for a query and a time;
// NaN is excluded. It counts what it is asked.
type prometheus struct {
	*httptest.Server
	mu    sync.Mutex
	asked []asked
	down  bool
}

type asked struct {
	query      string
	start, end int64 // Unix seconds
	step       string
}

func newPrometheus(t *testing.T) *prometheus {
	p := &prometheus{}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *prometheus) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = r.ParseForm()
	if p.down || r.URL.Path != "/api/v1/query_range" {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	seconds := func(name string) int64 {
		v, _ := strconv.ParseFloat(r.Form.Get(name), 64)
		return int64(v)
	}
	a := asked{r.Form.Get("query"), seconds("start"), seconds("end"), r.Form.Get("step")}
	p.asked = append(p.asked, a)
	step, _ := strconv.ParseFloat(a.step, 64)
	labels := []map[string]string{{}}
	switch {
	case strings.Contains(a.query, "by (server)"):
		labels = []map[string]string{{"server": "primary"}, {"server": "replica"}}
	case strings.Contains(a.query, "by (service)"):
		labels = []map[string]string{{"service": "app"}, {"service": "node-exporter"}, {"service": "postgres-exporter"}}
	}
	type stream struct {
		Metric map[string]string `json:"metric"`
		Values [][2]any          `json:"values"`
	}
	var result []stream
	for i, l := range labels {
		s := stream{Metric: l}
		for at := a.start; at <= a.end; at += int64(step) {
			s.Values = append(s.Values, [2]any{at, fmt.Sprint(at%100 + int64(i))})
		}
		result = append(result, s)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(
		map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": result}},
	)
}

// questions returns what was asked since the last time.
func (p *prometheus) questions() []asked {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.asked
	p.asked = nil
	return all
}

// stage is a page with all that it shows under the test's control.
type stage struct {
	t       *testing.T
	page    *Page
	metrics *prometheus
	results string
	status  Status
	plan    matrix.Plan // of the run
	at      time.Time
}

const addr = "127.0.0.1:4711"

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, metrics: newPrometheus(t), results: t.TempDir(), at: noon}
	s.status = Status{State: "up", Services: []stack.ServiceStatus{
		{Name: "primary", PID: 11, Addr: "127.0.0.1:5001", Ready: true, Version: "15.18"},
		{Name: "replica", Addr: "127.0.0.1:5002", Version: "15.18"},
		{Name: "app", PID: 13, Addr: "127.0.0.1:5003"},
	}}
	s.make(Sources{Status: func() Status { return s.status }})
	return s
}

func (s *stage) make(sources Sources) {
	s.t.Helper()
	sources.Addr, sources.Prometheus, sources.Results = addr, s.metrics.URL, s.results
	p, err := New(sources)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(p.Close)
	p.now = func() time.Time { return s.at }
	s.page = p
}

// get asks the page as a browser on this machine does.
func (s *stage) get(path string) string {
	s.t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = addr
	s.page.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		s.t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

func (s *stage) live(have string) changes {
	s.t.Helper()
	var c changes
	if err := json.Unmarshal([]byte(s.get("/live?have="+have)), &c); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *stage) dir() record.Dir {
	s.t.Helper()
	dir, err := record.NewDir(s.results, run)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.MkdirAll(dir.Path(), 0o755); err != nil {
		s.t.Fatal(err)
	}
	return dir
}

// begin lets a run of so many trials begin.
func (s *stage) begin(trials int) *Run {
	s.t.Helper()
	spec, err := matrix.Parse(
		[]byte("name: quick\nscenarios: [storm]\nfactors: {pool_size: [4, 8]}\nbaseline: {pool_size: 4}\nblocks: 1\nseed: "+
			"1\nslo: {error_ratio: 0.01, p99: 500ms}\n"),
		service.Inventory("storm"),
	)
	if err != nil {
		s.t.Fatal(err)
	}
	s.plan = spec.Plan()
	text, err := json.Marshal(s.plan)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(s.dir().Plan(), string(text))
	s.status.Run = &Run{
		Name:    run,
		Began:   noon.Add(-10 * time.Minute),
		Trials:  trials,
		ETA:     time.Hour,
		Stage:   "apply",
		Applied: s.plan.Cell("pool_size=8").Settings,
	}
	return s.status.Run
}

func (s *stage) write(path, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// line is a record's line, changed as asked.
func recorded(t *testing.T, n int, change func(*record.Record)) string {
	t.Helper()
	rec := record.Record{
		Schema: record.Schema, Run: run, N: n, Block: 1, Cell: "pool_size=4", Scenario: "storm", Scale: 1,
		Settings: map[string]string{"pool_size": "4"}, Effective: map[string]string{"pool_size": "4"},
		Start: noon.Add(time.Duration(n-10) * time.Minute), End: noon.Add(time.Duration(n-10)*time.Minute + 50*time.Second),
		Verdict: record.Valid, Reasons: []string{},
		Load: &record.Load{
			Requests:   85358,
			Failed:     1067,
			ErrorRatio: 0.0125,
			Status:     map[string]int64{"200": 84291, "503": 1067},
			RPSMean:    1700,
			GoodputRPS: 1650.4,
			Latency:    record.Latency{P50: 10, P95: 100, P99: 412.3, Max: 900},
			VUsMax:     1000,
		},
	}
	if change != nil {
		change(&rec)
	}
	text, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}
