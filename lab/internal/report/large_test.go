package report

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

const largeSpec = `
name: large
scenarios: [storm, wave]
factors:
  pool_size: [unlimited, 2, 4, 6, 8, 12, 16, 24, 32, 64]
  topology: [direct, replica, pgbouncer, pgbouncer+replica]
baseline: {pool_size: unlimited, topology: direct}
blocks: 1
slo: {error_ratio: 0.01, p99: 500ms}
`

// BenchmarkReportAndVerify makes the report of a run of 10,004 records, and makes it
// again to compare the two. 3 s and 200 MB are allowed, the records included.
func BenchmarkReportAndVerify(b *testing.B) {
	run := synthesize(b, []byte(largeSpec), 122)                // × 41 cells × 2 scenarios
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(150 << 20)) // as the lab does
	debug.FreeOSMemory()
	peak := watchMemory()
	b.ReportAllocs()
	for b.Loop() {
		files, err := Build(run)
		if err != nil {
			b.Fatal(err)
		}
		again, err := Build(run)
		if err != nil {
			b.Fatal(err)
		}
		if err := Verify(again, files); err != nil {
			b.Fatal(err)
		}
	}
	most := peak()
	b.ReportMetric(float64(most)/1e6, "peak-MB")
	if each := b.Elapsed() / time.Duration(b.N); each > 3*time.Second || most > 200e6 {
		b.Errorf("%s and %d MB; 3s and 200 MB are allowed", each, most/1_000_000)
	}
}

// watchMemory looks every few milliseconds at what the program has from the system;
// the function that it returns ends that and tells the most, in bytes.
func watchMemory() func() uint64 {
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		var m runtime.MemStats
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.Sys-m.HeapReleased)
			select {
			case <-ticker.C:
			case <-stop:
				most <- peak
				return
			}
		}
	}()
	return func() uint64 { close(stop); return <-most }
}
