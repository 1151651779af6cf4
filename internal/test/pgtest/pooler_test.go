//go:build services

package pgtest

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// connect opens a connection to url, which the end of the test closes.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, conn)
	return conn
}

// setting asks PgBouncer's console.
func setting(t *testing.T, b *PgBouncer, name string) string {
	t.Helper()
	rows, err := b.Console(t).Query(t.Context(), "SHOW CONFIG")
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToMap)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range all {
		if row["key"] == name {
			return row["value"].(string)
		}
	}
	t.Fatalf("there is no %s", name)
	return ""
}

func TestPgBouncerLeadsToBothServers(t *testing.T) {
	r := StartReplica(t)
	b := StartPgBouncer(t, r, "default_pool_size=2")
	for _, role := range []string{"app", "owner", superuser} {
		for url, want := range map[string]string{b.URL(role): "false", b.ReplicaURL(role): "true"} {
			conn := connect(t, url) // whose prepared statements live through transaction pooling
			for range 3 {
				if got := ask(t, conn, "select pg_is_in_recovery()::text"); got != want {
					t.Errorf("%s: in recovery is %s, want %s", url, got, want)
				}
			}
			if got := ask(t, conn, "select current_user::text"); got != role {
				t.Errorf("%s is %s, want %s", url, got, role)
			}
		}
	}
	if got := setting(t, b, "pool_mode"); got != "transaction" {
		t.Errorf("pool_mode = %s, want transaction", got)
	}
	if got := setting(t, b, "default_pool_size"); got != "2" {
		t.Errorf("default_pool_size = %s, want what the test set", got)
	}
}

func TestPgBouncerEndsAndComesBack(t *testing.T) {
	b := StartPgBouncer(t, nil)
	for _, end := range []struct {
		name string
		do   func(testing.TB)
	}{{"stop", b.Stop}, {"kill", b.Kill}} {
		t.Run(end.name, func(t *testing.T) {
			conn := connect(t, b.URL("app")) // a client does not keep it from ending
			end.do(t)
			if err := conn.Ping(t.Context()); err == nil {
				t.Error("an open connection still works")
			}
			refuses(t, b.URL("app"))
			b.Start(t)
			if n := count(t, connect(t, b.URL("app")), "nothing"); n != 0 {
				t.Errorf("it shows %d notes, want 0", n)
			}
		})
	}
}

func TestFrozenPgBouncerIsSilent(t *testing.T) {
	b := StartPgBouncer(t, nil)
	conn := connect(t, b.URL("app"))
	b.Freeze(t)
	silent(t, conn, b.URL("app"))
	b.Thaw(t)
	if got := ask(t, connect(t, b.URL("app")), "select current_user::text"); got != "app" {
		t.Errorf("after the thaw: user %s", got)
	}
}

// What dies by itself is a failure of the test, though the test does not look.
func TestUnexpectedEndIsToldAtStop(t *testing.T) {
	b := StartPgBouncer(t, nil)
	if err := b.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := awaitState(b.cmd.Process.Pid, 'Z'); err != nil {
		t.Fatal(err)
	}
	if err := b.stop(); err == nil || !strings.Contains(err.Error(), "stop pgbouncer") {
		t.Errorf("stop = %v, want to hear that it was gone", err)
	}
}
