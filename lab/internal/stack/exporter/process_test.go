package exporter

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/series"
	"stormwave/lab/internal/stack/proc"
)

// one is a stack of one service.
type one struct{ pid int }

func (o one) PIDs() map[string]int { return map[string]int{"app": o.pid} }

func (one) Queues() map[string]uint16 { return nil }

func (one) Connect(ctx context.Context, server string) (*pgx.Conn, error) {
	return nothing{}.Connect(ctx, server)
}

// The services are the supervisor's children: neither their CPU nor their memory is
// the supervisor's own.
func TestTheSupervisorIsCountedAlone(t *testing.T) {
	// It keeps about 20 MB in a variable, and works.
	busy, err := proc.Start(proc.Spec{Name: "busy", Path: "/bin/sh", Log: filepath.Join(t.TempDir(), "log"),
		Args: []string{
			"-c", `x=$(head -c 20000000 /dev/zero | tr '\0' x); while :; do :; done`,
		}, Env: []string{"PATH=/usr/bin:/bin"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Stop(context.Background()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	e := New(one{busy.PID()})
	big := func() bool { return proc.PSS(busy.PID())[busy.PID()] > 15e6 }
	for services(t, e, series.ServiceCPU)["app"] < 1 || !big() {
		select {
		case <-ctx.Done():
			t.Fatal("in 20 s the service has not worked for a second, or not taken its memory")
		case <-time.After(50 * time.Millisecond):
		}
	}
	cpu := services(t, New(one{busy.PID()}), series.ServiceCPU)
	if own := ownCPU(t); cpu[supervisor] > own || cpu[supervisor] < own-0.3 {
		t.Errorf("the supervisor used %.2f s, by rusage %.2f s; its service %.2f s", cpu[supervisor], own, cpu["app"])
	}
	memory := services(t, New(one{busy.PID()}), series.ServicePSS)
	whole := proc.PSS(syscall.Getpid())[syscall.Getpid()]
	if memory["app"] < 15e6 || memory[supervisor] <= 0 || memory[supervisor] > float64(whole)-15e6 {
		t.Errorf(
			"the supervisor has %.0f bytes, its service %.0f, both %d; want each its own", memory[supervisor], memory["app"],
			whole,
		)
	}
}

// The one that works ends its parent first, and so nobody of the service waits for it: it
// vanishes, and its CPU stays with the service.
func TestCPUStaysWhenAProcessEnds(t *testing.T) {
	const works = `i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; kill -9 $PPID`
	service, err := proc.Start(proc.Spec{
		Name: "forks",
		Path: "/bin/sh",
		Args: []string{"-c", "(sh -c '" + works + "'; :) & wait; exec sleep 60"},
		Env:  []string{"PATH=/usr/bin:/bin"},
		Log:  filepath.Join(t.TempDir(), "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = service.Stop(context.Background()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	e := New(one{service.PID()})
	most := 0.0
	for most < 0.05 || len(proc.Tree(service.PID())) > 1 {
		now := services(t, e, series.ServiceCPU)["app"]
		if now < most {
			t.Fatalf("the service has used %.2f s, and %.2f s before", now, most)
		}
		most = now
		select {
		case <-ctx.Done():
			t.Fatalf("in 20 s the child has not worked and ended; the service has used %.2f s", most)
		case <-time.After(20 * time.Millisecond):
		}
	}
	if now := services(t, e, series.ServiceCPU)["app"]; now < most {
		t.Errorf("the service has used %.2f s, and %.2f s before its child ended", now, most)
	}
}

// services returns a metric's values by service.
func services(t *testing.T, e *Exporter, name string) map[string]float64 {
	t.Helper()
	families, err := e.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]float64)
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.Metric {
			values[m.Label[0].GetValue()] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return values
}

// ownCPU is what this process has used, in seconds.
func ownCPU(t *testing.T) float64 {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}
