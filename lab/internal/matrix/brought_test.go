package matrix_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
)

// brought are specs of the kind that people bring, each as it stands or with one text changed.
var brought = []struct {
	name, file string
	old, by    string // changed in the text
	cpus       string // of the machine; empty: 0-1
	cells      int    // with the A/A control, where it is accepted
	want       string // diagnostics; empty: it is accepted
	warnings   []string
}{
	{name: "raised for a standby", file: "standby-raised", cells: 3},
	{name: "one raised, one lowered", file: "standby-raised", old: "[8, 16]", by: "[8, 4]", cells: 3},
	{
		name: "the same value twice",
		file: "standby-raised",
		old:  "[8, 16]",
		by:   "[8, 16, 8]",
		want: `5:42: duplicate value "8" of postgres.max_worker_processes, first given in line 5`,
	},
	{
		name: "a command of a standby",
		file: "standby-raised",
		old:  "postgres.max_connections: 100",
		by:   "postgres.restore_command: cp",
		want: `7:39: "postgres.restore_command" is not for a spec to set: it runs a program or loads a library`,
	},
	{name: "only a start tells", file: "unstartable", cells: 6},
	{
		name: "two cells alike",
		file: "unstartable",
		old:  `postgres.huge_pages: "on"`,
		by:   "postgres.work_mem: 16MB",
		want: "9:5: bundle huge-pages sets the same as bundle more-work-mem: their cells would be duplicates",
	},
	{
		name: "what the lab itself needs",
		file: "unstartable",
		old:  "postgres.wal_level: minimal",
		by:   "postgres.hot_standby: off",
		want: `8:19: "postgres.hot_standby" is not for a spec to set: it would end the lab's own work, or the standby`,
	},
	{name: "Go's runtime", file: "go-runtime", cells: 5},
	{
		name: "a size that Go does not take",
		file: "go-runtime",
		old:  "24MiB",
		by:   "24MB",
		want: `9:36: app.GOMEMLIMIT must be off or a size such as 24MiB (B, KiB, MiB, GiB, TiB), not "24MB"`,
	},
	{
		name: "no processor",
		file: "go-runtime",
		old:  "GOMAXPROCS: 1",
		by:   "GOMAXPROCS: 0",
		want: `7:32: app.GOMAXPROCS must be a whole number from 1, not "0"`,
	},
	{
		name: "no debugging of the runtime",
		file: "go-runtime",
		old:  "app.GOGC: 20",
		by:   "app.GODEBUG: gctrace=1",
		want: `8:16: "app.GODEBUG" is not for a spec to set: it steers the program's runtime and files, not the backend`,
	},
	{name: "spellings of one server", file: "spellings", cells: 11},
	{
		name: "a time limit that the backend's role overrides",
		file: "spellings",
		old:  "postgres.autovacuum_naptime: 60",
		by:   "postgres.statement_timeout: 60",
		want: `9:50: "postgres.statement_timeout" is not for a spec to set: use statement_timeout; ` +
			"this one would end the lab's own work alone",
	},
	{
		name: "a time with a unit for a pooler",
		file: "spellings",
		old:  `"120.0"`,
		by:   "2min",
		want: `15:152: pgbouncer.query_wait_timeout must be a number of seconds without a unit, such as 1.5, not "2min"`,
	},
	{
		name: "a pooler's key in two spellings",
		file: "pooler-limits",
		old:  "{pgbouncer.max_user_connections: 1}",
		by:   "{pgbouncer.max_db_connections: 0x1}",
		want: "9:5: bundle user sets the same as bundle database: their cells would be duplicates",
	},
	{name: "pins on CPUs that are there", file: "pinned", cells: 3},
	{
		name: "pins on CPUs that are not",
		file: "pinned",
		cpus: "0",
		want: `8:31: cpus replica names processor 1, but this machine has 0
8:51: cpus node-exporter names processor 1, but this machine has 0
8:75: cpus postgres-exporter names processor 1, but this machine has 0
8:98: cpus replica-exporter names processor 1, but this machine has 0
8:123: cpus pgbouncer-exporter names processor 1, but this machine has 0
8:133: cpus app names processor 1, but this machine has 0
8:144: cpus k6 names processor 1, but this machine has 0`,
	},
	{
		name: "a pin on nobody",
		file: "pinned",
		old:  "primary: ",
		by:   "primry: ",
		want: `unknown service "primry" in cpus: did you mean primary?`,
	},
	{name: "few requests in flight", file: "small-inflight", cells: 6},
	{
		name: "none in flight",
		file: "small-inflight",
		old:  "[1, 2,",
		by:   "[0, 2,",
		want: `5:18: max_inflight must be unlimited or a whole number from 1 to 100000, not "0"`,
	},
	{name: "limits of a pooler", file: "pooler-limits", cells: 6},
	{
		name:  "limits of a pooler that nobody goes through",
		file:  "pooler-limits",
		old:   "topology: pgbouncer, ",
		by:    "",
		cells: 6,
		warnings: []string{
			"pgbouncer.default_pool_size has no effect: no cell that sets it goes through PgBouncer",
			"pgbouncer.max_client_conn has no effect: no cell that sets it goes through PgBouncer",
			"pgbouncer.max_db_connections has no effect: no cell that sets it goes through PgBouncer",
			"pgbouncer.max_user_connections has no effect: no cell that sets it goes through PgBouncer",
			"pgbouncer.query_wait_timeout has no effect: no cell that sets it goes through PgBouncer",
			"these cells are the same, for pgbouncer.default_pool_size, pgbouncer.max_client_conn, " +
				"pgbouncer.max_db_connections, pgbouncer.max_user_connections, pgbouncer.query_wait_timeout has no effect " +
				"in them: limit=usual | limit=clients | limit=database and 2 more",
		},
	},
	{
		name: "who gets into a pooler",
		file: "pooler-limits",
		old:  "pgbouncer.max_client_conn: 50",
		by:   "pgbouncer.auth_type: any",
		want: `7:15: "pgbouncer.auth_type" is not for a spec to set: the lab chooses where it listens and who gets in`,
	},
	{name: "idle connections are ended", file: "idle-ended", cells: 5},
	{name: "prepared statements through a pooler", file: "prepared", cells: 6},
	{
		name: "a mode that there is not",
		file: "prepared",
		old:  "describe_exec",
		by:   "describe",
		want: `10:27: exec_mode must be one of `,
	},
	{
		name: "quiet mistakes, all at once",
		file: "quiet-mistakes",
		want: `7:47: scenario.SLOW_SHARE 0.1 must be 0 without app.APP_SLOW_ROUTE on (in cell mistake=slow-without-route)
8:43: scenario.HTTP_TIMEOUT must be a duration above 0, such as 10s (a number with ms, s or m), not "0s"
9:40: scenario.AUTHORS must be a whole number from 1 to 1000, which are all that the data set has, not "1000000"
10:95: scenario.SLOW_TIME 90s must be shorter than scenario.HTTP_TIMEOUT 10s (in cell mistake=slow-too-long)`,
	},
}

// What people bring becomes a plan, or is refused with the place of each mistake.
func TestWhatPeopleBring(t *testing.T) {
	taken := make(map[string]bool)
	for _, tt := range brought {
		taken[tt.file+".yaml"] = true
		t.Run(tt.name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", "brought", tt.file+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), tt.old) {
				t.Fatalf("the spec holds no %q", tt.old)
			}
			there := service.Inventory(backends.Default(), "storm", "mixed")
			there.CPUs = "0-1"
			if tt.cpus != "" {
				there.CPUs = tt.cpus
			}
			spec, err := matrix.Parse([]byte(strings.Replace(string(text), tt.old, tt.by, 1)), there)
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("diagnostics:\n%v\nwant\n%s", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			plan := spec.Plan()
			if err := errors.Join(plan.Validate(), plan.Runnable(there)); err != nil {
				t.Error(err)
			}
			if len(plan.Cells) != tt.cells {
				t.Errorf("%d cells, want %d", len(plan.Cells), tt.cells)
			}
			if diff := cmp.Diff(tt.warnings, plan.WarnOfIdle(there.Services)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
	files, err := os.ReadDir(filepath.Join("testdata", "brought"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !taken[file.Name()] {
			t.Errorf("nothing is said of %s", file.Name())
		}
	}
}
