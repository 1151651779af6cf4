package service

import (
	"fmt"

	"stormwave/app/contract"
	"stormwave/lab/internal/matrix"
)

// Exec modes that execMode chooses from.
const (
	cacheStatement = "cache_statement" // prepared once for each connection
	cacheDescribe  = "cache_describe"  // described once, then sent unnamed
)

// execMode is the exec mode of a cell; matrix.ExecAuto is the fastest that works on its
// way to the databases. A transaction pooler gives each transaction another
// connection, on which a prepared statement is known only if the pooler keeps track
// of it, which PgBouncer does from 1.21 on, unless it is told not to.
func (e *Env) execMode(settings matrix.Settings) string {
	mode := settings[matrix.ExecMode]
	if mode != matrix.ExecAuto {
		return mode
	}
	pooler := overlay(pgbouncerFamily, settings)
	switch {
	case !settings.Route().Through(PgBouncer), valueOf(pooler, "pool_mode") == "session":
		return cacheStatement
	case tracksPrepared(e.Tools["pgbouncer"].Version) && valueOf(pooler, "max_prepared_statements") != "0":
		return cacheStatement
	}
	return cacheDescribe
}

// tracksPrepared says whether that PgBouncer knows of prepared statements.
func tracksPrepared(version string) bool {
	var major, minor int
	n, err := fmt.Sscanf(version, "%d.%d", &major, &minor)
	return err == nil && n == 2 && (major > 1 || minor >= 21)
}

func valueOf(keys []keyValue, name string) string {
	for _, key := range keys {
		if key.Name == name {
			return key.Value
		}
	}
	return ""
}

// readBackExecMode names what the backend really does. The mode that auto has come to
// is told beside it, as the variable of the backend that carries it.
func (e *Env) readBackExecMode(attested matrix.Settings) {
	seen := attested[matrix.ExecMode]
	if e.Settings[matrix.ExecMode] == matrix.ExecAuto && seen == e.execMode(e.Settings) {
		attested[matrix.ExecMode] = matrix.ExecAuto
		attested[matrix.AppPrefix+contract.EnvExecMode] = seen
	}
}
