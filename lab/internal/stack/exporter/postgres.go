package exporter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/series"
)

const (
	// patience is how long a scrape waits for a reading: a scrape may take a second.
	patience = 900 * time.Millisecond
	// readingTimeout ends a reading for good. It is much longer, for it costs the
	// connection, and in a storm there may be no other.
	readingTimeout = 20 * time.Second
)

var (
	serverUpDesc    = prometheus.NewDesc(series.PGUp, "Whether the server could be read.", []string{"server"}, nil)
	connectionsDesc = prometheus.NewDesc(
		series.PGConnections, "Client sessions by state, the lab's own excluded.", []string{"server", "state"}, nil,
	)
	maxConnectionsDesc = prometheus.NewDesc(
		series.PGMaxConnections, "As many sessions as there may be.", []string{"server"}, nil,
	)
	waitingDesc = prometheus.NewDesc(
		series.PGWaiting, "Active client sessions by what they wait for.", []string{"server", "event"}, nil,
	)
	lockDesc = prometheus.NewDesc(
		series.PGLockWaiting, "Client sessions that wait for a lock.", []string{"server"}, nil,
	)
	backendDesc = prometheus.NewDesc(
		series.PGBackend, "Client sessions of the backend's role.", []string{"server"}, nil,
	)
	lagBytesDesc = prometheus.NewDesc(
		series.PGReplicaLagBytes, "WAL that the replica has not replayed yet; absent without a replica.", nil, nil,
	)
	lagSecondsDesc = prometheus.NewDesc(
		series.PGReplicaLagSeconds, "Time from flush on the primary to replay on the replica, measured last.", nil, nil,
	)
)

// counters are read in one row, in this order.
var counters = []struct {
	desc *prometheus.Desc
	sql  string
}{
	{desc(
		series.PGStatements, "Statements of the backend that ended without an error.",
	), "(SELECT coalesce(sum(calls), 0) FROM statements)"},
	{desc(
		series.PGStatementSeconds, "Time spent executing them.",
	), "(SELECT coalesce(sum(total_exec_time), 0) / 1000 FROM statements)"},
	{desc(series.PGBlocksHit, "Blocks found in shared buffers."), "blks_hit"},
	{desc(series.PGBlocksRead, "Blocks asked of the operating system."), "blks_read"},
	{desc(series.PGRowsReturned, "Rows read by sequential scans and entries by index scans."), "tup_returned"},
	{desc(series.PGRowsFetched, "Rows fetched by index scans."), "tup_fetched"},
	{desc(series.PGRowsInserted, "Rows inserted."), "tup_inserted"},
	{desc(series.PGRowsUpdated, "Rows updated."), "tup_updated"},
	{desc(series.PGRowsDeleted, "Rows deleted."), "tup_deleted"},
	{desc(series.PGWAL, "WAL that the primary has written, or the replica replayed."), walSQL},
}

func desc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"server"}, nil)
}

// walSQL is how far a server is in the WAL, in bytes.
const walSQL = `pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ` +
	`ELSE pg_current_wal_lsn() END, '0/0')`

// countersSQL reads every counter. pg_stat_statements is asked without its texts,
// which are in a file.
var countersSQL = func() string {
	sql := `WITH statements AS MATERIALIZED (SELECT calls, total_exec_time FROM pg_stat_statements(false)` +
		` WHERE userid = '` + backend.Role + `'::regrole) SELECT `
	for i, c := range counters {
		if i > 0 {
			sql += ", "
		}
		sql += "(" + c.sql + ")::float8"
	}
	return sql + ` FROM pg_stat_database WHERE datname = current_database()`
}()

// sessionsSQL counts client sessions by state and wait event, and of them those of the backend. The others are of
// exporters: three a server.
const sessionsSQL = `
SELECT CASE WHEN state IN ('active', 'idle') THEN state
		WHEN state LIKE 'idle in transaction%' THEN 'idle_in_transaction' ELSE 'other' END,
	CASE WHEN state = 'active' AND wait_event IS NOT NULL THEN wait_event_type || ':' || wait_event ELSE '' END,
	count(*)::float8, count(*) FILTER (WHERE usename = '` + backend.Role + `')::float8
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND usename <> current_user
GROUP BY 1, 2`

// lagSQL reads the replica's distance from the primary's side. When nothing is
// written for a while the server clears the time: then there is no delay.
const lagSQL = `
SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8, coalesce(extract(epoch FROM replay_lag), 0)::float8
FROM pg_stat_replication WHERE application_name = 'replica'`

// server collects from one PostgreSQL server.
type server struct {
	name   string
	source Source

	mu   sync.Mutex // held by a reading
	conn *pgx.Conn
}

// Describe implements prometheus.Collector; what is collected is known only then.
func (s *server) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector. A reading that fails, or takes longer
// than a scrape may, is left out.
func (s *server) Collect(ch chan<- prometheus.Metric) {
	var reading []prometheus.Metric
	if s.mu.TryLock() { // else the one before still goes on
		done := make(chan []prometheus.Metric, 1)
		go func() {
			defer s.mu.Unlock()
			done <- s.read()
		}()
		select {
		case reading = <-done:
		case <-time.After(patience):
		}
	}
	up := 0.0
	if reading != nil {
		up = 1
	}
	ch <- prometheus.MustNewConstMetric(serverUpDesc, prometheus.GaugeValue, up, s.name)
	for _, metric := range reading {
		ch <- metric
	}
}

// read returns one reading, nil when it fails; it connects first where needed.
func (s *server) read() []prometheus.Metric {
	ctx, cancel := context.WithTimeout(context.Background(), readingTimeout)
	defer cancel()
	var reading metrics
	for _, part := range []func(context.Context, *metrics) error{s.connect, s.readCounters, s.readSessions, s.readLag} {
		if err := part(ctx, &reading); err != nil {
			s.drop(ctx)
			return nil
		}
	}
	return reading
}

// metrics is a reading in progress.
type metrics []prometheus.Metric

func (m *metrics) add(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
	*m = append(*m, prometheus.MustNewConstMetric(desc, kind, value, labels...))
}

func (s *server) connect(ctx context.Context, _ *metrics) error {
	if s.conn != nil && !s.conn.IsClosed() {
		return nil
	}
	conn, err := s.source.Connect(ctx, s.name)
	s.conn = conn
	return err
}

func (s *server) readCounters(ctx context.Context, m *metrics) error {
	values := make([]float64, len(counters))
	into := make([]any, len(counters))
	for i := range values {
		into[i] = &values[i]
	}
	if err := s.conn.QueryRow(ctx, countersSQL).Scan(into...); err != nil {
		return fmt.Errorf("read counters of %s: %w", s.name, err)
	}
	for i, c := range counters {
		m.add(c.desc, prometheus.CounterValue, values[i], s.name)
	}
	return nil
}

func (s *server) readSessions(ctx context.Context, m *metrics) error {
	rows, err := s.conn.Query(ctx, sessionsSQL)
	if err != nil {
		return fmt.Errorf("read sessions of %s: %w", s.name, err)
	}
	states := map[string]float64{"active": 0, "idle": 0, "idle_in_transaction": 0, "other": 0}
	waits := make(map[string]float64)
	var locks, ofBackend float64
	var state, event string
	var count, own float64
	if _, err := pgx.ForEachRow(rows, []any{&state, &event, &count, &own}, func() error {
		states[state] += count
		ofBackend += own
		if event != "" {
			waits[event] += count
		}
		if strings.HasPrefix(event, "Lock:") {
			locks += count
		}
		return nil
	}); err != nil {
		return fmt.Errorf("read sessions of %s: %w", s.name, err)
	}
	var limit float64
	if err := s.conn.QueryRow(ctx, "SELECT current_setting('max_connections')::float8").Scan(&limit); err != nil {
		return fmt.Errorf("read sessions of %s: %w", s.name, err)
	}
	m.add(maxConnectionsDesc, prometheus.GaugeValue, limit, s.name)
	for state, n := range states {
		m.add(connectionsDesc, prometheus.GaugeValue, n, s.name, state)
	}
	for event, n := range waits {
		m.add(waitingDesc, prometheus.GaugeValue, n, s.name, event)
	}
	m.add(lockDesc, prometheus.GaugeValue, locks, s.name)
	m.add(backendDesc, prometheus.GaugeValue, ofBackend, s.name)
	return nil
}

func (s *server) readLag(ctx context.Context, m *metrics) error {
	if s.name != "primary" {
		return nil
	}
	var bytes, seconds float64
	err := s.conn.QueryRow(ctx, lagSQL).Scan(&bytes, &seconds)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read replication: %w", err)
	}
	m.add(lagBytesDesc, prometheus.GaugeValue, bytes)
	m.add(lagSecondsDesc, prometheus.GaugeValue, seconds)
	return nil
}

func (s *server) drop(ctx context.Context) {
	if s.conn != nil {
		_ = s.conn.Close(ctx)
		s.conn = nil
	}
}

func (s *server) close(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(ctx)
}
