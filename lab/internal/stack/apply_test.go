package stack

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
)

const (
	maxConns = "postgres.max_connections"
	workMem  = "postgres.work_mem"
	buffers  = "postgres.shared_buffers"

	maxWorkers = "postgres.max_worker_processes"
)

// An Apply does this, in this order, and nothing else.
func TestApplyOrder(t *testing.T) {
	const (
		head = `stop silent
stop app pgbouncer
`
		servers = `start primary replica
undo faults
assume
`
		tail = `limit none
inject
start all
note generations
read back`
	)
	for _, tt := range []struct {
		name     string
		from, to []string
		cpus     matrix.CPUs
		want     string
	}{
		{name: "the same cell", from: []string{maxConns, "50"}, to: []string{maxConns, "50"}, want: head + servers + tail},
		{name: "another pool size", to: []string{matrix.PoolSize, "7"}, want: head + servers + tail},
		{
			name: "another limit of the role", to: []string{matrix.LockTimeout, "5s"},
			want: head + servers + strings.Replace(tail, "none", "5s", 1),
		},
		{
			name: "other CPUs", cpus: matrix.CPUs{App: "0"},
			want: head + "stop " + strings.Join(service.StopOrder(), " ") + "\n" + servers + tail,
		},
		{
			name: "a parameter that needs no restart", from: []string{workMem, "4MB"}, to: []string{workMem, "8MB"},
			want: head + servers + `try
configure replica
reload replica
configure primary
reload primary
await replica
` + tail,
		},
		{
			name: "a parameter that needs a restart", from: []string{buffers, "128MB"}, to: []string{buffers, "256MB"},
			want: head + servers + `try
configure replica
reload replica
stop replica
start replica
configure primary
reload primary
stop primary
start primary
await replica
` + tail,
		},
		{
			name: "more of what a standby needs", from: []string{maxConns, "100"}, to: []string{maxConns, "200"},
			want: head + servers + `try
configure replica
reload replica
stop replica
start replica
configure primary
reload primary
stop primary
start primary
await replica
` + tail,
		},
		{
			name: "one up and another down of what a standby needs",
			from: []string{maxConns, "200", maxWorkers, "8"}, to: []string{maxConns, "100", maxWorkers, "16"},
			want: head + servers + `try
configure replica
reload replica
stop replica
start replica
configure primary
reload primary
stop primary
start primary
catch up
configure replica
reload replica
stop replica
start replica
await replica
` + tail,
		},
		{
			name: "less of what a standby needs", from: []string{maxConns, "200"}, to: []string{maxConns, "100"},
			want: head + servers + `try
configure replica
reload replica
configure primary
reload primary
stop primary
start primary
catch up
configure replica
reload replica
stop replica
start replica
await replica
` + tail,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			if _, err := f.apply(t.Context(), tt.from...); err != nil {
				t.Fatal(err)
			}
			effective, err := f.applyOn(t.Context(), tt.cpus, tt.to...)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(f.calls, "\n"); got != tt.want {
				t.Errorf("an Apply did\n%s\n\nwant\n%s", got, tt.want)
			}
			for name, value := range cell(tt.to...) {
				if strings.HasPrefix(name, matrix.PostgresPrefix) && effective[name] != value {
					t.Errorf("%s is %q; want %q", name, effective[name], value)
				}
			}
		})
	}
}

// Whichever call fails, it is the last one, and its error is the Apply's.
func TestApplyStopsAtTheFirstError(t *testing.T) {
	begin := func() *fake {
		f := newFake()
		if _, err := f.apply(t.Context(), maxConns, "200"); err != nil {
			t.Fatal(err)
		}
		return f
	}
	whole := begin()
	if _, err := whole.applyOn(t.Context(), matrix.CPUs{App: "0"}, maxConns, "100"); err != nil {
		t.Fatal(err)
	}
	for i, name := range whole.calls {
		if name == "assume" {
			continue // it cannot fail
		}
		f := begin()
		f.failAt = i + 1
		effective, err := f.applyOn(t.Context(), matrix.CPUs{App: "0"}, maxConns, "100")
		if !errors.Is(err, errCutOff) || effective != nil && name != "read back" {
			t.Errorf("where %q failed, Apply returned %v, %v", name, effective, err)
		}
		if !slices.Equal(f.calls, whole.calls[:i+1]) {
			t.Errorf("where %q failed, the calls were %q", name, f.calls)
		}
	}
	if len(whole.calls) < 20 {
		t.Errorf("only %d calls could fail", len(whole.calls))
	}
}

// An Apply that did not come to its end leaves nothing behind that keeps the next one from
// its cell.
func TestApplyMakesUpForOneThatFailed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		from  string   // max_connections
		fails []string // the cell of the Apply that fails
		at    string   // the call that is cut off; empty: PostgreSQL refuses the cell
		dies  string
		to    string // max_connections
	}{
		{name: "a raise, asked for again", from: "100", fails: []string{maxConns, "150"}, at: "stop replica", to: "150"},
		{name: "a raise before the primary", from: "100", fails: []string{maxConns, "150"}, at: "stop primary", to: "50"},
		{
			name: "a raise in the primary's start", from: "100", fails: []string{maxConns, "150"}, at: "start primary",
			dies: Primary, to: "120",
		},
		{name: "a value between", from: "200", fails: []string{maxConns, "50"}, at: "stop primary", to: "150"},
		{
			name: "a lowering, and the replica dies", from: "200", fails: []string{maxConns, "50"}, at: "catch up",
			dies: Replica, to: "50",
		},
		{name: "a lowering in its last step", from: "200", fails: []string{maxConns, "50"}, at: "await replica", to: "200"},
		{name: "a size that no server starts with", from: "100", fails: []string{buffers, tooLarge}, to: "100"},
		{
			name: "a size that no server starts with, and more connections", from: "100",
			fails: []string{buffers, tooLarge, maxConns, "200"}, to: "50",
		},
		{name: "a value that PostgreSQL refuses", from: "100", fails: []string{maxConns, "many"}, dies: Primary, to: "100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			if _, err := f.apply(t.Context(), maxConns, tt.from); err != nil {
				t.Fatal(err)
			}
			whole := f.clone()
			_, err := whole.apply(t.Context(), tt.fails...)
			f.failAt = slices.Index(whole.calls, tt.at) + 1
			if (tt.at == "") != (err != nil) || (tt.at == "") != (f.failAt == 0) {
				t.Fatalf("the Apply that is to fail at %q does %q: %v", tt.at, whole.calls, err)
			}
			if _, err := f.apply(t.Context(), tt.fails...); err == nil {
				t.Fatal("it did not fail")
			}
			f.failAt = 0
			delete(f.running, tt.dies)
			effective, err := f.apply(t.Context(), maxConns, tt.to)
			if err == nil {
				err = f.reached(effective, cell(maxConns, tt.to), nil)
			}
			if err != nil {
				t.Errorf("the next Apply: %v; it did %q", err, f.calls)
			}
		})
	}
}

// What has died or does not answer is started anew, and so are the backend and the pooler;
// nothing else is touched.
func TestApplyBringsBackWhatIsNotThere(t *testing.T) {
	for _, victim := range fakeServices {
		for _, silent := range []bool{false, true} {
			f := newFake()
			if _, err := f.apply(t.Context(), maxConns, "50"); err != nil {
				t.Fatal(err)
			}
			before := maps.Clone(f.running)
			if silent {
				f.silent = []string{victim}
			} else {
				delete(f.running, victim)
			}
			effective, err := f.apply(t.Context(), maxConns, "50")
			if err == nil {
				err = f.reached(effective, cell(maxConns, "50"), nil)
			}
			if err != nil {
				t.Errorf("after the end of %s (silent: %t): %v", victim, silent, err)
			}
			for _, name := range fakeServices {
				anew := f.running[name] != before[name]
				if want := name == victim || name == App || name == PgBouncer; anew != want {
					t.Errorf("after the end of %s (silent: %t) %s is started anew: %t", victim, silent, name, anew)
				}
			}
		}
	}
}

// From wherever Applies were cut off, whatever died, whatever PostgreSQL refused: the next
// Apply that is left alone reaches its cell.
func TestApplyConvergesFromWherever(t *testing.T) {
	values := map[string][]string{maxConns: {"50", "100", "150", "200"}, workMem: {"4MB", "8MB"}}
	for name := range fakeNeeds {
		if name != "max_connections" {
			values[matrix.PostgresPrefix+name] = []string{"4", "20", "80"}
		}
	}
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 0))
		f := newFake()
		var story []string
		for range 6 {
			var settings []string
			for _, name := range slices.Sorted(maps.Keys(values)) {
				if r.IntN(2) == 0 {
					settings = append(settings, name, values[name][r.IntN(len(values[name]))])
				}
			}
			bad := r.IntN(8)
			switch bad {
			case 0:
				settings = append(settings, maxConns, "many")
			case 1:
				settings = append(settings, buffers, tooLarge)
			}
			if r.IntN(3) == 0 {
				dead := fakeServices[r.IntN(len(fakeServices))]
				delete(f.running, dead)
				story = append(story, dead+" dies")
			}
			f.failAt, f.late = 0, r.IntN(2) == 0
			if r.IntN(2) == 0 {
				f.failAt = 1 + r.IntN(24)
			}
			cpus := matrix.CPUs{App: strconv.Itoa(r.IntN(2))}
			effective, err := f.applyOn(t.Context(), cpus, settings...)
			story = append(story, fmt.Sprintf("%q on %v, cut off at call %d (late: %t): %v",
				settings, cpus, f.failAt, f.late, err))
			if bad <= 1 || errors.Is(err, errCutOff) {
				continue
			}
			if err == nil {
				err = f.reached(effective, cell(settings...), cpus)
			}
			if err != nil {
				t.Fatalf("seed %d: %v after\n%s", seed, err, strings.Join(story, "\n"))
			}
		}
	}
}

// reached says what of a cell is not as the cell asks for it.
func (f *fake) reached(effective, settings matrix.Settings, cpus matrix.CPUs) error {
	for name, value := range service.GUCsOf(settings) {
		if got := effective[matrix.PostgresPrefix+name]; got != value {
			return fmt.Errorf("%s is %q; want %q", name, got, value)
		}
	}
	for _, name := range fakeServices {
		if it := f.running[name]; it == nil || !it.ready {
			return fmt.Errorf("%s is not up", name)
		} else if !maps.Equal(it.cpus, cpus) {
			return fmt.Errorf("%s runs on %v; want %v", name, it.cpus, cpus)
		}
	}
	return nil
}

// A cell of which PostgreSQL tells without a start that it would not start costs nobody a restart: the servers run
// on, and the next cell finds them as they were.
func TestCellThatCannotStartTouchesNothing(t *testing.T) {
	f := newFake()
	if _, err := f.apply(t.Context(), maxConns, "200"); err != nil {
		t.Fatal(err)
	}
	before := maps.Clone(f.running)
	_, err := f.apply(t.Context(), maxConns, tooFew)
	if err == nil || !strings.Contains(err.Error(), "must be less than max_connections") {
		t.Fatalf("the Apply returns %v; want the server's own words", err)
	}
	if last := f.calls[len(f.calls)-1]; last != "try" {
		t.Errorf("after the trial it did %q", f.calls)
	}
	effective, err := f.apply(t.Context(), maxConns, "200")
	if err == nil {
		err = f.reached(effective, cell(maxConns, "200"), nil)
	}
	if err != nil {
		t.Error(err)
	}
	for _, server := range []string{Primary, Replica} {
		if f.running[server] != before[server] {
			t.Errorf("%s was started anew", server)
		}
	}
}
