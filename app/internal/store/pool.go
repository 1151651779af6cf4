package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"stormwave/app/contract"
	"stormwave/app/internal/telemetry"
)

const (
	connectTimeout = 3 * time.Second
	// cancelRequest is the value of cancel that asks the server to cancel a query,
	// cancelTimeout how long it may take to do so before the connection is closed.
	cancelRequest = "cancel_request"
	cancelTimeout = time.Second
	// unlimitedConns never binds: the pool allocates nothing by its maximum, and
	// no server takes as many.
	unlimitedConns = 1_000_000
	// undisturbed is longer than any measurement: no connection is renewed in the
	// middle of one.
	undisturbed = 24 * time.Hour
	// refillEvery is the pause between two looks at whether the pool holds its minimum:
	// after many queries were cancelled at once, it does not.
	refillEvery = time.Second
)

// execModes maps the values of exec_mode to pgx's.
var execModes = map[string]pgx.QueryExecMode{
	"cache_statement": pgx.QueryExecModeCacheStatement,
	"cache_describe":  pgx.QueryExecModeCacheDescribe,
	"describe_exec":   pgx.QueryExecModeDescribeExec,
	"exec":            pgx.QueryExecModeExec,
	"simple_protocol": pgx.QueryExecModeSimpleProtocol,
}

// pool is the connections to one server.
type pool struct {
	target         string
	conns          *pgxpool.Pool
	min            int
	acquireTimeout time.Duration // 0: none
	queryTimeout   time.Duration // 0: none
	meter          *telemetry.Pool
}

func openPool(
	ctx context.Context, target, url string, cfg contract.Settings, metrics *telemetry.Metrics,
) (*pool, error) {
	pc, err := poolConfig(url, cfg)
	if err != nil {
		return nil, fmt.Errorf("open %s pool: %w", target, err)
	}
	names := make([]string, len(statements))
	for i, st := range statements {
		names[i] = st.name
	}
	meter := metrics.Pool(target, names, slices.Collect(maps.Keys(states)))
	pc.BeforeClose = func(*pgx.Conn) { meter.Closed() }
	conns, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open %s pool: %w", target, err)
	}
	metrics.WatchPool(target, conns.Stat)
	return &pool{
		target:         target,
		conns:          conns,
		min:            cfg.PoolMin,
		acquireTimeout: cfg.AcquireTimeout,
		queryTimeout:   cfg.QueryTimeout,
		meter:          meter,
	}, nil
}

// poolConfig sets all that would make one measurement differ from the next.
func poolConfig(url string, cfg contract.Settings) (*pgxpool.Config, error) {
	pc, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	pc.MaxConns = unlimitedConns
	if cfg.PoolSize > 0 {
		pc.MaxConns = int32(cfg.PoolSize)
	}
	pc.MinConns = int32(cfg.PoolMin)
	pc.MinIdleConns = 0
	pc.MaxConnLifetime = undisturbed
	pc.MaxConnLifetimeJitter = 0
	pc.MaxConnIdleTime = undisturbed
	pc.HealthCheckPeriod = refillEvery
	// pgx would ping a connection that idled for a second: a round trip that only some requests pay.
	pc.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }

	conn := pc.ConnConfig
	conn.ConnectTimeout = connectTimeout
	conn.DefaultQueryExecMode = execModes[cfg.ExecMode]
	if cfg.Cancel == cancelRequest {
		conn.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
			return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelTimeout}
		}
	}
	if _, ok := conn.RuntimeParams["application_name"]; !ok {
		conn.RuntimeParams["application_name"] = "app"
	}
	// Only when set: a pooler refuses start-up parameters that it does not know.
	setTimeout(conn.RuntimeParams, "statement_timeout", cfg.StatementTimeout)
	setTimeout(conn.RuntimeParams, "lock_timeout", cfg.LockTimeout)
	return pc, nil
}

func setTimeout(params map[string]string, name string, d time.Duration) {
	if d > 0 {
		params[name] = strconv.FormatInt(d.Milliseconds(), 10)
	}
}

// query runs st and calls scan for each row.
func (p *pool) query(ctx context.Context, st *statement, scan func(pgx.Rows) error, args ...any) error {
	return p.run(ctx, st, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, st.sql, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// queryRow runs st and scans its only row into dest, or returns ErrNotFound.
func (p *pool) queryRow(ctx context.Context, st *statement, dest []any, args ...any) error {
	return p.run(ctx, st, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, st.sql, args...).Scan(dest...)
	})
}

// patient is the same connections, without the limits of a request: to ask whether the backend is ready, and
// how it is set, must not fail by what the load is to meet.
func (p *pool) patient() *pool {
	unhurried := *p
	unhurried.acquireTimeout, unhurried.queryTimeout = 0, 0
	return &unhurried
}

// run acquires a connection and calls f with it, each under a deadline of its own:
// a full pool and a slow query are different problems.
func (p *pool) run(ctx context.Context, st *statement, f func(context.Context, *pgxpool.Conn) error) error {
	conn, err := p.acquire(ctx, st)
	if err != nil {
		return err
	}
	defer conn.Release()
	if p.queryTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, p.queryTimeout, ErrQueryTimeout)
		defer cancel()
	}
	start := time.Now()
	err = f(ctx, conn)
	took := time.Since(start)
	absent := errors.Is(err, pgx.ErrNoRows) // an answer, and no failure
	p.meter.Queried(st.name, took, err == nil || absent)
	if err != nil && ctx.Err() != nil {
		p.meter.Canceled()
	}
	switch {
	case err == nil:
		return nil
	case absent:
		return ErrNotFound
	}
	return p.failure(ctx, st, err)
}

func (p *pool) acquire(ctx context.Context, st *statement) (*pgxpool.Conn, error) {
	ctx, cancel := p.acquireContext(ctx)
	defer cancel()
	p.meter.Wait()
	start := time.Now()
	conn, err := p.conns.Acquire(ctx)
	took := time.Since(start)
	if err == nil {
		p.meter.Acquired(contract.OutcomeOK, took)
		return conn, nil
	}
	failed := p.failure(ctx, st, err)
	p.meter.Acquired(outcome(failed), took)
	return nil, failed
}

// acquireContext bounds the wait for a connection.
func (p *pool) acquireContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if p.acquireTimeout == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, p.acquireTimeout, ErrAcquireTimeout)
}

func outcome(f *Error) string {
	switch f.State {
	case contract.StateAcquireTimeout:
		return contract.OutcomeTimeout
	case contract.StateBudget, contract.StateCanceled:
		return contract.OutcomeCanceled
	}
	return contract.OutcomeError
}

func (p *pool) failure(ctx context.Context, st *statement, err error) *Error {
	kind, state := classify(ctx, err)
	p.meter.Failed(state)
	return &Error{Kind: kind, Statement: st.name, Target: p.target, State: state, err: err}
}

// warm returns nil once the pool holds its minimum. pgxpool opens it in the
// background when it starts and after it lost a connection; where that failed it
// waits for the next health check, so warm opens what is missing.
func (p *pool) warm(ctx context.Context) error {
	stat := p.conns.Stat()
	established := int(stat.TotalConns() - stat.ConstructingConns())
	if established < p.min && stat.ConstructingConns() == 0 {
		if err := p.fill(ctx); err != nil {
			return err
		}
		stat = p.conns.Stat()
		established = int(stat.TotalConns() - stat.ConstructingConns())
	}
	if established < p.min {
		return fmt.Errorf("%s pool: %d of %d connections are open", p.target, established, p.min)
	}
	return nil
}

// fill holds the minimum at once, which makes the pool open it.
func (p *pool) fill(ctx context.Context) error {
	held := make([]*pgxpool.Conn, 0, p.min)
	defer func() {
		for _, conn := range held {
			conn.Release()
		}
	}()
	for range p.min {
		conn, err := p.acquire(ctx, &fillPool)
		if err != nil {
			return err
		}
		held = append(held, conn)
	}
	return nil
}

// sslMode names how pgx opens a connection: with "prefer", libpq's default, it
// first asks for TLS, and connects a second time where the server has none.
func sslMode(config *pgx.ConnConfig) string {
	switch {
	case config.TLSConfig == nil:
		return "disable"
	case slices.ContainsFunc(config.Fallbacks, func(f *pgconn.FallbackConfig) bool { return f.TLSConfig == nil }):
		return "prefer"
	}
	return "require"
}
