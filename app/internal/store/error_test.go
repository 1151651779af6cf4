package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// ended returns a context whose deadline has passed for the given cause.
func ended(t *testing.T, cause error) context.Context {
	ctx, cancel := context.WithDeadlineCause(t.Context(), time.Unix(0, 0), cause)
	t.Cleanup(cancel)
	return ctx
}

func TestClassify(t *testing.T) {
	alive := t.Context()
	gone, cancel := context.WithCancel(alive)
	cancel()
	// A client that goes away ends the query's context too, before its own deadline.
	goneInQuery, cancel2 := context.WithTimeoutCause(gone, time.Hour, ErrQueryTimeout)
	defer cancel2()
	pg := func(code string) error { return fmt.Errorf("connect: %w", &pgconn.PgError{Code: code}) }
	_, refused := pgconn.Connect(alive, "postgres://app@127.0.0.1:1/lab?sslmode=disable") // nothing listens on port 1
	reset := &net.OpError{Op: "read", Err: syscall.ECONNRESET}

	tests := []struct {
		name  string
		ctx   context.Context
		err   error
		kind  Kind
		state string
	}{
		{"too many connections", alive, pg("53300"), Unavailable, "53300"},
		{"server is starting", alive, pg("57P03"), Unavailable, "57P03"},
		{"server is stopping", alive, pg("57P01"), Unavailable, "57P01"},
		{"pooler's queue timeout", alive, pg("08P01"), Unavailable, "08P01"},
		{"connection failure", alive, pg("08006"), Unavailable, "08006"},
		{"ended while it idled", alive, pg("57P05"), Unavailable, "57P05"},
		{"transaction timeout", alive, pg("25P04"), Timeout, "25P04"},
		{"unlisted connection exception", alive, pg("08007"), Unavailable, "other"},
		{"unlisted lack of a resource", alive, pg("53400"), Unavailable, "other"},
		{"conflict on a standby", alive, pg("40001"), Unavailable, "40001"},
		{"statement timeout", alive, pg("57014"), Timeout, "57014"},
		{"lock timeout", alive, pg("55P03"), Timeout, "55P03"},
		{"unique violation", alive, pg("23505"), Conflict, "23505"},
		{"write on a standby", alive, pg("25006"), Internal, "25006"},
		{"unlisted SQLSTATE", alive, pg("XX000"), Internal, "other"},
		{"acquire timeout", ended(t, ErrAcquireTimeout), context.DeadlineExceeded, Unavailable, "acquire_timeout"},
		{"query timeout", ended(t, ErrQueryTimeout), context.DeadlineExceeded, Timeout, "query_timeout"},
		{"budget spent", ended(t, ErrBudget), context.DeadlineExceeded, Timeout, "http_timeout"},
		{"a caller's deadline", ended(t, nil), context.DeadlineExceeded, Timeout, "http_timeout"},
		{"client gone", gone, context.Canceled, Canceled, "canceled"},
		{"client gone in a query", goneInQuery, context.Canceled, Canceled, "canceled"},
		{"the server's word goes first", ended(t, ErrQueryTimeout), pg("53300"), Unavailable, "53300"},
		{"connect failure", alive, refused, Unavailable, "connect"},
		{"connection reset", alive, fmt.Errorf("read: %w", reset), Unavailable, "network"},
		{"server hung up", alive, io.ErrUnexpectedEOF, Unavailable, "network"},
		{"pool closed", alive, puddle.ErrClosedPool, Unavailable, "network"},
		{"anything else", alive, errors.New("cannot scan"), Internal, "other"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kind, state := classify(tt.ctx, tt.err)
			if kind != tt.kind || state != tt.state {
				t.Errorf("classify(%v) = %v, %q, want %v, %q", tt.err, kind, state, tt.kind, tt.state)
			}
			if _, ok := states[state]; !ok {
				t.Errorf("state %q is not among the listed ones: its metric is unbounded", state)
			}
		})
	}
}

// That a server, or the pooler before it, has too much to do does not make it gone.
func TestIsGone(t *testing.T) {
	pooler := func(message string) error { return &pgconn.PgError{Code: "08P01", Message: message} }
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"the pooler's queue", pooler("query_wait_timeout"), false},
		{"the pooler's clients", pooler("no more connections allowed (max_client_conn)"), false},
		{"the pooler's patience", pooler("client_idle_timeout"), false},
		{"behind the pooler", pooler("server login has been failing, cached error: connect failed"), true},
		{"not behind the pooler", pooler("pgbouncer cannot connect to server"), true},
		{"stops", &pgconn.PgError{Code: "57P01"}, true},
		{"too many connections", &pgconn.PgError{Code: "53300"}, false},
		{"ended while it idled", &pgconn.PgError{Code: "57P05"}, false},
		{"hung up", io.ErrUnexpectedEOF, true},
		{"slow", &pgconn.PgError{Code: "57014"}, false},
	} {
		kind, state := classify(t.Context(), tt.err)
		if got := isGone(&Error{Kind: kind, State: state, err: tt.err}); got != tt.want {
			t.Errorf("%s: gone is %t; want %t", tt.name, got, tt.want)
		}
	}
}
