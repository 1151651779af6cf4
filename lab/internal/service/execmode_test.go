package service

import (
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/stack/toolchain"
)

func TestExecModeIsOneThatWorks(t *testing.T) {
	for _, tt := range []struct {
		name, version string
		settings      matrix.Settings
		want          string
	}{
		{"given", "1.24.1", matrix.Settings{"exec_mode": "exec", "topology": "pgbouncer"}, "exec"},
		{"direct", "1.18.0", matrix.Settings{"topology": "direct"}, "cache_statement"},
		{"replica", "1.18.0", matrix.Settings{"topology": "replica"}, "cache_statement"},
		{"pooler that keeps track", "1.21.0", matrix.Settings{"topology": "pgbouncer"}, "cache_statement"},
		{"pooler of the next major", "2.0.1", matrix.Settings{"topology": "pgbouncer+replica"}, "cache_statement"},
		{"pooler that does not", "1.18.0", matrix.Settings{"topology": "pgbouncer"}, "cache_describe"},
		{"pooler that was told not to", "1.24.1", matrix.Settings{
			"topology":                          "pgbouncer",
			"pgbouncer.max_prepared_statements": "0",
		}, "cache_describe"},
		{"session pooling", "1.18.0", matrix.Settings{
			"topology":            "pgbouncer",
			"pgbouncer.pool_mode": "session",
		}, "cache_statement"},
		{"unknown version", "", matrix.Settings{"topology": "pgbouncer"}, "cache_describe"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.settings["exec_mode"] == "" {
				tt.settings["exec_mode"] = matrix.ExecAuto
			}
			s := &Env{Tools: toolchain.Set{"pgbouncer": {Version: tt.version}}}
			if got := s.execMode(tt.settings); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
