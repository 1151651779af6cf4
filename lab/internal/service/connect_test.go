package service

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stormwave/lab/internal/stack/proc"
)

// What a developer's shell may hold: each would lead elsewhere, or change a session.
var developers = map[string]string{
	"PGHOST": "elsewhere", "PGHOSTADDR": "192.0.2.1", "PGPORT": "1", "PGDATABASE": "other", "PGUSER": "other",
	"PGPASSWORD":    "x",
	"PGOPTIONS":     "-c statement_timeout=1",
	"PGTZ":          "Mars/Olympus",
	"PGAPPNAME":     "other",
	"PGSERVICE":     "prod",
	"PGSERVICEFILE": "/nowhere", "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/nowhere", "PGCONNECT_TIMEOUT": "1",
	"PGTARGETSESSIONATTRS": "read-write", "PGCHANNELBINDING": "require", "PGREQUIREAUTH": "scram-sha-256",
	"PGMINPROTOCOLVERSION": "3.2",
}

func TestConnectionsAreMadeOfTheirOwnSettings(t *testing.T) {
	const addr = "127.0.0.1:15432"
	l := Layout{Sockets: "/home/a b's/.lab/run"}
	env := &Env{secrets: newSecrets()}
	for name, test := range map[string]struct {
		conninfo             string
		host, user, database string
	}{
		"socket":   {l.SocketURL(addr, Database), l.PGSockets(), superuser, Database},
		"console":  {loopback(addr, poolerAdmin, PgBouncer), "127.0.0.1", poolerAdmin, PgBouncer},
		"backend":  {env.RoleURL(addr, "disable").String(), "127.0.0.1", AppRole, Database},
		"operator": {Find(PgBouncer).Psql[0].Conninfo(l, addr), "127.0.0.1", AppRole, Database},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := parse(test.conninfo)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range developers {
				t.Setenv(name, value)
			}
			got, err := parse(test.conninfo)
			if err != nil {
				t.Fatal(err)
			}
			if got.Host != test.host || got.Port != 15432 || got.User != test.user || got.Database != test.database {
				t.Errorf("%s@%s:%d/%s", got.User, got.Host, got.Port, got.Database)
			}
			if got.TLSConfig != nil || len(got.Fallbacks) > 0 || got.ValidateConnect != nil || got.RequireAuth != "" ||
				got.ChannelBinding != want.ChannelBinding || got.MinProtocolVersion != want.MinProtocolVersion ||
				got.ConnectTimeout != want.ConnectTimeout || got.Password != want.Password {
				t.Errorf("%+v; want no more than what is written: %+v", got.Config, want.Config)
			}
			for name, value := range got.RuntimeParams {
				if value != want.RuntimeParams[name] {
					t.Errorf("%s = %q; want %q", name, value, want.RuntimeParams[name])
				}
			}
		})
	}
}

// A socket's path holds 107 bytes, and a list of directories is parted by commas.
func TestSocketsOfAnOrdinaryUser(t *testing.T) {
	for _, c := range []struct {
		dir string
		fit bool
	}{
		{"/home/me/stormwave/.lab/run", true},
		{"/home/a b/.lab/run", false},
		{"/home/a,b/.lab/run", false},
		{"/home/it's/.lab/run", false},
		{"/home/é/.lab/run", false},
		{"/" + strings.Repeat("a", 83), true},
		{"/" + strings.Repeat("a", 84), false},
	} {
		if got := isForSockets(c.dir); got != c.fit {
			t.Errorf("%s (%d bytes): %v; want %v", c.dir, len(c.dir), got, c.fit)
		}
	}
	// The longest that fits can be listened to.
	dir, err := os.MkdirTemp(proc.TempDir, "sockets-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	longest := filepath.Join(dir, strings.Repeat("a", maxOfSocket))[:maxOfSocket]
	listener, err := net.Listen("unix", longest)
	if err != nil {
		t.Fatalf("a path of %d bytes: %v", len(longest), err)
	}
	_ = listener.Close()
	if listener, err := net.Listen("unix", longest+"a"); err == nil {
		_ = listener.Close()
		t.Errorf("a path of %d bytes can be listened to", len(longest)+1)
	}
}
