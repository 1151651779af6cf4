package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"stormwave/app/contract"
)

// Causes of an ended context. Whoever sets a deadline gives one of them as its
// cause, so that the deadlines that pass can be told apart.
var (
	ErrAcquireTimeout = errors.New("no pooled connection within APP_ACQUIRE_TIMEOUT")
	ErrQueryTimeout   = errors.New("query took longer than APP_QUERY_TIMEOUT")
	ErrBudget         = errors.New("request took longer than APP_HTTP_TIMEOUT")
)

// ErrNotFound is returned where one row was asked for and there is none.
var ErrNotFound = errors.New("not found")

// Kind says what a failure means to the caller.
type Kind int

const (
	Internal    Kind = iota // a bug, of ours or the set-up's
	Unavailable             // no connection, or the server is short of something: try again later
	Timeout                 // it took too long
	Canceled                // the client went away
	Conflict                // it exists already
)

// String returns the kind as a word for logs.
func (k Kind) String() string {
	return [...]string{"internal", "unavailable", "timeout", "canceled", "conflict"}[k]
}

// Error is a failed acquire or query.
type Error struct {
	Kind      Kind
	Statement string // what was to be run
	Target    string // contract.TargetPrimary or TargetReplica
	State     string // SQLSTATE, or one of the contract's State words
	err       error
}

func (f *Error) Error() string {
	return fmt.Sprintf("run %s on %s: %s (%s): %v", f.Statement, f.Target, f.Kind, f.State, f.err)
}

func (f *Error) Unwrap() error { return f.err }

// queryCanceled is the SQLSTATE of a statement that was cut short.
const queryCanceled = "57014"

// states maps each state that is counted under its own name to its kind. What is
// not here is counted as "other".
var states = map[string]Kind{
	contract.StateAcquireTimeout: Unavailable,
	contract.StateConnect:        Unavailable,
	contract.StateNetwork:        Unavailable,
	contract.StateQueryTimeout:   Timeout,
	contract.StateBudget:         Timeout,
	contract.StateCanceled:       Canceled,
	contract.StateOther:          Internal,

	"08000":       Unavailable, // connection exception
	"08001":       Unavailable, // cannot establish connection
	"08003":       Unavailable, // connection does not exist
	"08004":       Unavailable, // connection rejected
	"08006":       Unavailable, // connection failure
	"08P01":       Unavailable, // PgBouncer: query_wait_timeout, no more connections, server login failing
	"53000":       Unavailable, // insufficient resources
	"53100":       Unavailable, // disk full
	"53200":       Unavailable, // out of memory
	"53300":       Unavailable, // too many connections
	"57P01":       Unavailable, // admin shutdown
	"57P02":       Unavailable, // crash shutdown
	"57P03":       Unavailable, // cannot connect now: starting, stopping or recovering
	"57P05":       Unavailable, // idle_session_timeout has ended the session before
	"40001":       Unavailable, // serialization failure; on a standby: conflict with recovery
	"40P01":       Unavailable, // deadlock
	queryCanceled: Timeout,     // statement_timeout, or cancelled by an administrator
	"55P03":       Timeout,     // lock_timeout
	"25P03":       Timeout,     // idle in transaction for too long
	"25P04":       Timeout,     // transaction_timeout
	"23505":       Conflict,    // unique violation
	"23503":       Internal,    // foreign key violation
	"25006":       Internal,    // write on a standby
	"26000":       Internal,    // no such prepared statement: exec mode does not fit the pooler
	"28000":       Internal,    // not allowed to log in
	"28P01":       Internal,    // wrong password
	"42501":       Internal,    // no right to do this
	"42601":       Internal,    // syntax error
	"42P01":       Internal,    // no such table: schema not loaded
	"42P05":       Internal,    // prepared statement exists: exec mode does not fit the pooler
}

// classify finds the kind and the state of err, which came up under ctx. What the
// server said goes before what the clock says: both can be true at once. But when
// it was asked to cancel by ourselves, the clock says why.
func classify(ctx context.Context, err error) (Kind, string) {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && !(pg.Code == queryCanceled && ctx.Err() != nil) {
		return classifySQLState(pg.Code)
	}
	state := contract.StateOther
	if ctx.Err() != nil {
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, ErrAcquireTimeout):
			state = contract.StateAcquireTimeout
		case errors.Is(cause, ErrQueryTimeout):
			state = contract.StateQueryTimeout
		case errors.Is(cause, ErrBudget), errors.Is(cause, context.DeadlineExceeded):
			state = contract.StateBudget
		default:
			state = contract.StateCanceled
		}
	} else if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		state = contract.StateConnect
	} else if isNetwork(err) {
		state = contract.StateNetwork
	}
	return states[state], state
}

func classifySQLState(code string) (Kind, string) {
	if kind, ok := states[code]; ok {
		return kind, code
	}
	if strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") {
		return Unavailable, contract.StateOther
	}
	return Internal, contract.StateOther
}

func isNetwork(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, puddle.ErrClosedPool)
}
