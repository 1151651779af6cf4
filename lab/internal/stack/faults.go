package stack

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
)

// Faults that a cell asks for (matrix.FaultPrefix) are brought about here: by helper
// processes, by SQL, by a quota on a service, by a signal. They are undone when the
// load is over, and once more before the next cell: a trial may end early.

// Helper processes, services of their own.
const (
	faultHog   = "fault-hog"
	faultEvict = "fault-evict"
	faultLock  = "fault-lock"
	faultView  = "fault-view"
)

var helpers = []string{faultHog, service.FaultProxy, faultEvict, faultLock, faultView}

// helperServices are those that the settings ask for.
func (s *Stack) helperServices() []service.Service {
	var all []service.Service
	add := func(setting, name string, ready func(context.Context) error, needs []string, args ...string) {
		if _, asked := s.Settings[setting]; !asked {
			return
		}
		all = append(all, service.Service{
			Name:  name,
			Needs: needs,
			Ready: func(ctx context.Context, _ *service.Env) error { return ready(ctx) },
			Process: func(*service.Env) proc.Spec {
				return proc.Spec{Path: s.Layout.Bin("lab"), Args: append([]string{"fault"}, args...)}
			},
		})
	}
	running := func(context.Context) error { return nil }
	behind := s.Settings.Route().Writes[1] // that the backend's writes go to
	primary := []string{service.Primary}
	add(matrix.FaultHog, faultHog, running, nil, "hog", s.Settings[matrix.FaultHog])
	add(matrix.FaultDelay, service.FaultProxy, s.proxyReady, []string{service.Primary, behind},
		"proxy", s.Addrs[service.FaultProxy], s.Addrs[behind], s.Settings[matrix.FaultDelay])
	add(matrix.FaultEvict, faultEvict, running, primary, "evict", s.Layout.PrimaryTables())
	add(matrix.FaultLock, faultLock, s.lockReady, primary,
		"lock", s.Layout.SocketURL(s.Addrs[service.Primary], service.Database), s.Settings[matrix.FaultLock],
		s.Backend.Faults.Lock)
	add(matrix.FaultViewers, faultView, running, nil, "view", s.pageURL(), s.Settings[matrix.FaultViewers])
	return all
}

// proxyReady means: a server answers through it.
func (s *Stack) proxyReady(ctx context.Context) error {
	url := s.RoleURL(s.Addrs[service.FaultProxy], "disable").String()
	conn, err := service.Dial(ctx, url)
	if err != nil {
		return errors.New("the proxy leads to no server yet") // the URL holds the password
	}
	return conn.Close(ctx)
}

// lockReady means: its session is there.
func (s *Stack) lockReady(ctx context.Context) error {
	conn, err := s.Connect(ctx, service.Primary)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var there bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity
		WHERE query LIKE '%FOR UPDATE%' AND pid <> pg_backend_pid() AND usename = current_user)`).Scan(&there)
	if err != nil {
		return err
	}
	if !there {
		return errors.New("no session locks users yet")
	}
	return nil
}

// injection is a fault by SQL on the primary, and what undoes it: also where it was not
// done, or is undone already.
type injection struct {
	do   []string
	undo []string
}

// burnSQL is a function that uses the CPU for a while, for each row that it is asked about.
const burnSQL = `CREATE OR REPLACE FUNCTION public.fault_burn(microseconds int) RETURNS bool
	LANGUAGE plpgsql VOLATILE AS $$
DECLARE until timestamptz := clock_timestamp() + microseconds * interval '1 microsecond';
BEGIN
	WHILE clock_timestamp() < until LOOP END LOOP;
	RETURN true;
END $$`

// injections are the faults by SQL that the settings ask for.
func (s *Stack) injections(ctx context.Context, primary *pgx.Conn) ([]injection, error) {
	var all []injection
	if value, asked := s.Settings[matrix.FaultRowCPU]; asked {
		d, err := time.ParseDuration(value)
		if err != nil {
			return nil, err
		}
		table := s.Backend.Faults.Table
		all = append(all, injection{
			do: []string{
				burnSQL, "ALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY",
				fmt.Sprintf("CREATE POLICY fault ON %s USING (public.fault_burn(%d))", table, d.Microseconds()),
			},
			undo: []string{
				"DROP POLICY IF EXISTS fault ON " + table, "ALTER TABLE " + table + " DISABLE ROW LEVEL SECURITY",
				"DROP FUNCTION IF EXISTS public.fault_burn(int)",
			},
		})
	}
	if index, asked := s.Settings[matrix.FaultIndex]; asked {
		var definition string
		name := pgx.Identifier{index}.Sanitize()
		err := primary.QueryRow(ctx, "SELECT pg_get_indexdef($1::regclass)", name).Scan(&definition)
		if err != nil {
			return nil, fmt.Errorf("find index %s: %w; see `lab psql primary -- -c '\\di'`", index, err)
		}
		all = append(all, injection{
			do:   []string{"DROP INDEX " + name},
			undo: []string{strings.Replace(definition, "INDEX ", "INDEX IF NOT EXISTS ", 1)},
		})
	}
	return all, nil
}

// inject does the faults by SQL, each as a whole or not at all.
func (s *Stack) inject(ctx context.Context) error {
	primary, err := s.Admin(ctx, service.Primary)
	if err != nil {
		return err
	}
	all, err := s.injections(ctx, primary)
	if err != nil {
		return err
	}
	for _, i := range all {
		s.injected = append(s.injected, i) // first: who is cut off in a COMMIT does not know what became of it
		if err := atOnce(ctx, primary, i.do); err != nil {
			return fmt.Errorf("inject a fault: %w", err)
		}
	}
	if len(all) > 0 {
		return s.CatchUp(ctx)
	}
	return nil
}

// undoByQuery undoes the faults by SQL, the last first, and forgets each that is undone. Where the
// primary has been made anew meanwhile there is nothing to undo.
func (s *Stack) undoByQuery(ctx context.Context) error {
	if len(s.injected) == 0 {
		return nil
	}
	primary, err := s.Admin(ctx, service.Primary)
	if err != nil {
		return err
	}
	for len(s.injected) > 0 {
		last := len(s.injected) - 1
		if err := atOnce(ctx, primary, s.injected[last].undo); err != nil {
			return fmt.Errorf("undo a fault: %w; make the data anew: lab down, then lab up", err)
		}
		s.injected = s.injected[:last]
	}
	return s.CatchUp(ctx)
}

// atOnce runs the statements in one transaction.
func atOnce(ctx context.Context, conn *pgx.Conn, statements []string) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, sql := range statements {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// StartFaults begins the faults that come with the load: a replica that stops to replay,
// a service that is killed. It returns at once.
func (s *Stack) StartFaults(ctx context.Context) error {
	if _, asked := s.Settings[matrix.FaultScrapes]; asked {
		if err := s.scrape(ctx, false); err != nil {
			return err
		}
	}
	if _, asked := s.Settings[matrix.FaultReplay]; asked {
		replica, err := s.Connect(ctx, service.Replica)
		if err != nil {
			return err
		}
		defer func() { _ = replica.Close(context.WithoutCancel(ctx)) }()
		if _, err := replica.Exec(ctx, "SELECT pg_wal_replay_pause()"); err != nil {
			return fmt.Errorf("pause replay: %w", err)
		}
	}
	if victim, after, ok := matrix.Kill(s.Settings[matrix.FaultKill]); ok {
		id, found := proc.Identify(s.members.pids()[victim])
		if !found {
			return fmt.Errorf("kill %s: it does not run", victim)
		}
		s.killing = time.AfterFunc(after, func() {
			if id.Alive() {
				_ = syscall.Kill(id.PID, syscall.SIGKILL)
			}
		})
	}
	return nil
}

// StopFaults ends the faults that end with the load.
func (s *Stack) StopFaults(ctx context.Context) error {
	if s.Blind {
		return s.scrape(ctx, true)
	}
	return nil
}

// UndoFaults removes every injected fault. It is safe to call when none is active.
func (s *Stack) UndoFaults(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.undoFaults(ctx)
}

func (s *Stack) undoFaults(ctx context.Context) error {
	if s.killing != nil {
		s.killing.Stop()
		s.killing = nil
	}
	if err := s.StopFaults(ctx); err != nil {
		return err
	}
	if err := s.stop(ctx, helpers...); err != nil {
		return err
	}
	if _, asked := s.Settings[matrix.FaultReplay]; asked && s.members.runs(service.Replica) {
		replica, err := s.Admin(ctx, service.Replica)
		if err != nil {
			return err
		}
		if _, err := replica.Exec(ctx, "SELECT pg_wal_replay_resume()"); err != nil {
			return fmt.Errorf("resume replay: %w", err)
		}
	}
	return s.undoByQuery(ctx)
}

// readBackFaults reads back which faults are in force. Those that begin with the load
// are not yet.
func (s *Stack) readBackFaults(ctx context.Context, effective matrix.Settings) error {
	for setting, name := range map[string]string{
		matrix.FaultHog:     faultHog,
		matrix.FaultDelay:   service.FaultProxy,
		matrix.FaultEvict:   faultEvict,
		matrix.FaultLock:    faultLock,
		matrix.FaultViewers: faultView,
	} {
		if value, asked := s.Settings[setting]; asked && s.members.runs(name) {
			effective[setting] = value
		}
	}
	pids := s.members.pids()
	for _, name := range service.Names() {
		setting := matrix.FaultCPU(name)
		if _, asked := s.Settings[setting]; asked {
			if limit, ok := proc.Quota(pids[name]); ok {
				effective[setting] = strconv.FormatFloat(limit, 'f', -1, 64)
			}
		}
	}
	primary, err := s.Admin(ctx, service.Primary)
	if err != nil {
		return err
	}
	if value, asked := s.Settings[matrix.FaultRowCPU]; asked {
		var there bool
		const enabledSQL = "SELECT relrowsecurity FROM pg_class WHERE oid = $1::regclass"
		err := primary.QueryRow(ctx, enabledSQL, s.Backend.Faults.Table).Scan(&there)
		if err != nil {
			return fmt.Errorf("read back a fault: %w", err)
		}
		if there {
			effective[matrix.FaultRowCPU] = value
		}
	}
	if value, asked := s.Settings[matrix.FaultIndex]; asked {
		var gone bool
		if err := primary.QueryRow(ctx, "SELECT to_regclass($1) IS NULL", value).Scan(&gone); err != nil {
			return fmt.Errorf("read back a fault: %w", err)
		}
		if gone {
			effective[matrix.FaultIndex] = value
		}
	}
	return nil
}
