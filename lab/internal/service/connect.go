package service

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/stack/proc"
)

// noTLS completes the settings of the lab's own connections, whose servers are on this machine.
const noTLS = "sslmode=disable"

// SocketURL is the superuser's way in. The role has the parameters of the lab's own sessions, but for one that only the
// start of a session takes.
func (l Layout) SocketURL(addr, dbname string) string {
	const own = "-c post_auth_delay=0"
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s connect_timeout=3 %s application_name=stormwave options=%s",
		quoteConninfo(l.PGSockets()), portOf(addr), superuser, dbname, noTLS, quoteConninfo(own))
}

// loopback is the way in of a role with a password.
func loopback(addr, role, dbname string) string {
	return fmt.Sprintf("host=127.0.0.1 port=%s user=%s dbname=%s connect_timeout=3 %s", portOf(addr), role, dbname, noTLS)
}

// parse returns the settings of a connection, which are those that are written there, and no others: pgx would take
// what is not said, and more, from the caller's PG* variables and from the service file that they name.
func parse(conninfo string) (*pgx.ConnConfig, error) {
	proc.Forget("PG")
	return pgx.ParseConfig(conninfo)
}

// Dial opens a connection with the settings that are written there, and no others.
func Dial(ctx context.Context, conninfo string) (*pgx.Conn, error) {
	config, err := parse(conninfo)
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, config)
}
