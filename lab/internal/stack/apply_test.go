package stack

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
)

const (
	maxConns = "postgres.max_connections"
	workMem  = "postgres.work_mem"
	buffers  = "postgres.shared_buffers"
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
			want: head + "stop " + strings.Join(stopOrder, " ") + "\n" + servers + tail,
		},
		{
			name: "a parameter that needs no restart", from: []string{workMem, "4MB"}, to: []string{workMem, "8MB"},
			want: head + servers + `configure primary
reload primary
configure replica
reload replica
await replica
` + tail,
		},
		{
			name: "a parameter that needs a restart", from: []string{buffers, "128MB"}, to: []string{buffers, "256MB"},
			want: head + servers + `configure primary
reload primary
stop primary
start primary
configure replica
reload replica
catch up
stop replica
start replica
await replica
` + tail,
		},
		{
			name: "more of what a standby needs", from: []string{maxConns, "100"}, to: []string{maxConns, "200"},
			want: head + servers + `configure replica
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
			name: "less of what a standby needs", from: []string{maxConns, "200"}, to: []string{maxConns, "100"},
			want: head + servers + `configure primary
reload primary
stop primary
start primary
configure replica
reload replica
catch up
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
			attested, err := f.applyOn(t.Context(), tt.cpus, tt.to...)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(f.calls, "\n"); got != tt.want {
				t.Errorf("an Apply did\n%s\n\nwant\n%s", got, tt.want)
			}
			for name, value := range cell(tt.to...) {
				if strings.HasPrefix(name, matrix.PostgresPrefix) && attested[name] != value {
					t.Errorf("%s is %q; want %q", name, attested[name], value)
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
		attested, err := f.applyOn(t.Context(), matrix.CPUs{App: "0"}, maxConns, "100")
		if !errors.Is(err, errCutOff) || attested != nil && name != "read back" {
			t.Errorf("where %q failed, Apply returned %v, %v", name, attested, err)
		}
		if !slices.Equal(f.calls, whole.calls[:i+1]) {
			t.Errorf("where %q failed, the calls were %q", name, f.calls)
		}
	}
	if len(whole.calls) < 19 {
		t.Errorf("only %d calls could fail", len(whole.calls))
	}
}
