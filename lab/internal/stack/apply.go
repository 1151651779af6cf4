package stack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"stormwave/lab/internal/matrix"
)

// applyTimeout bounds one Apply, restarts of PostgreSQL included.
const applyTimeout = 2 * time.Minute

// Apply brings the stack to the settings of a cell and returns what is really set
// then, read back from the live programs. The backend and the pooler are always
// started anew, PostgreSQL only for a setting that needs it, and whatever has
// died or does not answer is brought back.
func (s *Stack) Apply(ctx context.Context, settings matrix.Settings, cpus matrix.CPUs) (matrix.Settings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	if err := s.stopSilent(ctx); err != nil {
		return nil, err
	}
	if err := s.stop(ctx, App, PgBouncer); err != nil {
		return nil, err
	}
	if !maps.Equal(s.cpus, cpus) {
		// What runs elsewhere than it should is started anew.
		s.cpus = maps.Clone(cpus)
		if err := s.stop(ctx, stopOrder...); err != nil {
			return nil, err
		}
	}
	if err := s.startAll(ctx, s.servers()); err != nil {
		return nil, err
	}
	if err := s.relent(ctx); err != nil {
		return nil, err
	}
	// Only now: what has died comes back as it was, for a standby with fewer connections
	// than its primary does not start.
	previous := s.settings
	s.tell(func() { s.settings = maps.Clone(settings) })
	if err := s.applyGUCs(ctx, previous); err != nil {
		return nil, err
	}
	if err := s.setRoleLimits(ctx, settings); err != nil {
		return nil, err
	}
	if err := s.inject(ctx); err != nil {
		return nil, err
	}
	if err := s.startAll(ctx, append(s.services(), s.helperServices()...)); err != nil {
		return nil, err
	}
	if err := s.noteGenerations(ctx); err != nil {
		return nil, err
	}
	return s.attest(ctx)
}

func (s *Stack) servers() []service { return []service{s.service(Primary), s.service(Replica)} }

// applyGUCs writes the configuration of both servers, reloads it, and restarts
// them where a setting asks for it.
func (s *Stack) applyGUCs(ctx context.Context, previous matrix.Settings) error {
	if !s.halfApplied && slices.Equal(overlay(defaultGUCs, previous, matrix.PostgresPrefix), overlay(defaultGUCs, s.settings, matrix.PostgresPrefix)) {
		return nil
	}
	s.halfApplied = true
	order := []string{Primary, Replica}
	if maxConnections(s.settings) > maxConnections(previous) {
		// A standby must allow at least as many connections as its primary.
		order = []string{Replica, Primary}
	}
	for _, server := range order {
		if err := s.writePostgresConf(server, s.settings); err != nil {
			return err
		}
		restart, err := s.reload(ctx, server)
		if err != nil {
			return err
		}
		if !restart {
			continue
		}
		if server == Replica && order[0] == Primary {
			if err := s.catchUp(ctx); err != nil { // it must have seen the lower value first
				return err
			}
		}
		if err := s.stop(ctx, server); err != nil {
			return err
		}
		if err := s.start(ctx, s.service(server)); err != nil {
			return err
		}
	}
	if err := s.service(Replica).awaitReady(ctx); err != nil {
		return err
	}
	s.halfApplied = false
	return nil
}

func maxConnections(settings matrix.Settings) int {
	for _, guc := range overlay(defaultGUCs, settings, matrix.PostgresPrefix) {
		if guc.Name == "max_connections" {
			n, _ := strconv.Atoi(guc.Value)
			return n
		}
	}
	return 0
}

// reload makes a server read its configuration and reports whether something in
// it waits for a restart.
func (s *Stack) reload(ctx context.Context, server string) (restart bool, err error) {
	conn, err := s.admin(ctx, server)
	if err != nil {
		return false, err
	}
	var before, after time.Time
	if err := conn.QueryRow(ctx, "SELECT pg_conf_load_time()").Scan(&before); err != nil {
		return false, fmt.Errorf("reload %s: %w", server, err)
	}
	if _, err := conn.Exec(ctx, "SELECT pg_reload_conf()"); err != nil {
		return false, fmt.Errorf("reload %s: %w", server, err)
	}
	for after = before; !after.After(before); {
		if err := conn.QueryRow(ctx, "SELECT pg_conf_load_time(), EXISTS (SELECT FROM pg_settings WHERE pending_restart)").Scan(&after, &restart); err != nil {
			return false, fmt.Errorf("reload %s: %w", server, err)
		}
	}
	var faults []string
	rows, err := conn.Query(ctx, "SELECT name || ': ' || error FROM pg_file_settings WHERE error IS NOT NULL AND error <> 'setting could not be applied'")
	if err != nil {
		return false, fmt.Errorf("reload %s: %w", server, err)
	}
	defer rows.Close()
	for rows.Next() {
		var fault string
		if err := rows.Scan(&fault); err != nil {
			return false, fmt.Errorf("reload %s: %w", server, err)
		}
		faults = append(faults, fault)
	}
	if len(faults) > 0 {
		return false, fmt.Errorf("reload %s: PostgreSQL refuses %s; correct the spec's postgres.* settings", server, strings.Join(faults, "; "))
	}
	return restart, rows.Err()
}

// awaitReady waits for a service that runs already.
func (svc service) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := svc.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", svc.name, err)
		}
	}
}
