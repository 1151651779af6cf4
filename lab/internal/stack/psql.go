package stack

import "fmt"

// PsqlTargets are what psql can be opened on.
var PsqlTargets = []string{Primary, Replica, PgBouncer, "admin"}

// Psql returns the connection string of a target, without its password, and the
// environment that lets libpq find that.
func (l Layout) Psql(target string, addrs map[string]string) (conninfo string, env []string) {
	env = []string{"PGPASSFILE=" + l.passfile()}
	switch target {
	case PgBouncer:
		return fmt.Sprintf("host=127.0.0.1 port=%s user=%s dbname=%s", portOf(addrs[PgBouncer]), appRole, database), env
	case "admin":
		return fmt.Sprintf("host=127.0.0.1 port=%s user=%s dbname=pgbouncer", portOf(addrs[PgBouncer]), poolerAdmin), env
	default:
		return l.socketURL(addrs[target], database), env
	}
}
