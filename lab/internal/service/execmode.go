package service

import (
	"slices"

	"stormwave/lab/internal/matrix"
)

// Exec modes that matrix.ExecAuto comes to.
const (
	cacheStatement = "cache_statement" // prepared once for each connection
	cacheDescribe  = "cache_describe"  // described once, then sent unnamed
)

// execMode is the exec mode of a cell; matrix.ExecAuto is the fastest that works on its
// way to the databases, of those that the backend has.
func (e *Env) execMode(settings matrix.Settings) string {
	if mode := settings[matrix.ExecMode]; mode != matrix.ExecAuto {
		return mode
	}
	mode := cacheStatement
	for _, pooler := range settings.Route().Poolers() {
		if s := Find(pooler); s.ExecMode != nil {
			mode = s.ExecMode(e, settings)
			break
		}
	}
	has := e.Backend.Setting(matrix.ExecMode).Values
	for _, mode := range []string{mode, "exec", "simple_protocol"} { // the others keep nothing on a connection
		if slices.Contains(has, mode) {
			return mode
		}
	}
	return has[0]
}

// readBackExecMode names what the backend really does. The mode that auto has come to
// is told beside it, as the variable of the backend that carries it.
func (e *Env) readBackExecMode(effective matrix.Settings) {
	seen := effective[matrix.ExecMode]
	if e.Settings[matrix.ExecMode] == matrix.ExecAuto && seen == e.execMode(e.Settings) {
		effective[matrix.ExecMode] = matrix.ExecAuto
		if variable := e.Backend.Setting(matrix.ExecMode).Env; variable != "" {
			effective[matrix.AppPrefix+variable] = seen
		}
	}
}
