package service

import (
	"stormwave/lab/internal/matrix"
)

// Exec modes that matrix.ExecAuto comes to.
const (
	cacheStatement = "cache_statement" // prepared once for each connection
	cacheDescribe  = "cache_describe"  // described once, then sent unnamed
)

// execMode is the exec mode of a cell; matrix.ExecAuto is the fastest that works on its
// way to the databases.
func (e *Env) execMode(settings matrix.Settings) string {
	if mode := settings[matrix.ExecMode]; mode != matrix.ExecAuto {
		return mode
	}
	for _, pooler := range settings.Route().Poolers() {
		if s := Find(pooler); s.ExecMode != nil {
			return s.ExecMode(e, settings)
		}
	}
	return cacheStatement
}

// readBackExecMode names what the backend really does. The mode that auto has come to
// is told beside it, as the variable of the backend that carries it.
func (e *Env) readBackExecMode(effective matrix.Settings) {
	seen := effective[matrix.ExecMode]
	if e.Settings[matrix.ExecMode] == matrix.ExecAuto && seen == e.execMode(e.Settings) {
		effective[matrix.ExecMode] = matrix.ExecAuto
		effective[matrix.AppPrefix+matrix.OfBackend()[matrix.ExecMode]] = seen
	}
}
