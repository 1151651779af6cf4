package cli

import (
	"os"
	"slices"
	"testing"
)

func TestPsqlHasTheTerminalAndNothingThatLeadsElsewhere(t *testing.T) {
	before := psqlEnviron()
	for name, value := range map[string]string{
		"PGHOST": "elsewhere", "PGHOSTADDR": "192.0.2.1", "PGSERVICE": "prod", "PGSSLMODE": "verify-full",
		"PGOPTIONS":            "-c x=y",
		"PGTARGETSESSIONATTRS": "read-write",
		"PSQLRC":               "/nowhere",
		"LC_ALL":               "tlh",
		"TZ":                   "Mars/Olympus",
	} {
		t.Setenv(name, value)
	}
	if now := psqlEnviron(); !slices.Equal(now, before) {
		t.Errorf("psql is told %q; want %q", now, before)
	}
	t.Setenv("TERM", "vt100")
	t.Setenv("PSQL_PAGER", "cat")
	for _, want := range []string{"TERM=vt100", "PSQL_PAGER=cat", "LC_ALL=C.UTF-8", "HOME=" + os.Getenv("HOME")} {
		if !slices.Contains(psqlEnviron(), want) {
			t.Errorf("psql is told %q; want %s in it", psqlEnviron(), want)
		}
	}
}
