//go:build services

package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) {
	os.Exit(Run(m, func(w io.Writer) error {
		_, err := io.WriteString(
			w, "create table notes (n bigint generated always as identity, body text); grant select, insert on notes to app;",
		)
		return err
	}))
}

// write commits a note on the primary and returns its body, which no other has.
func write(t *testing.T) (body string) {
	t.Helper()
	body = rand.Text()
	if _, err := Connect(t, "app").Exec(t.Context(), "insert into notes (body) values ($1)", body); err != nil {
		t.Fatal(err)
	}
	return body
}

// count returns how many notes have a body.
func count(t *testing.T, conn *pgx.Conn, body string) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "select count(*) from notes where body = $1", body).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// ask reads one value as text.
func ask(t *testing.T, conn *pgx.Conn, sql string) (answer string) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

// refuses checks that nobody answers at url, and that this is told at once.
func refuses(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err == nil {
		t.Fatal("it still answers")
	}
	if conn != nil || errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want to be refused at once", err)
	}
}

// silent checks that neither an open connection nor a new one hears anything.
func silent(t *testing.T, conn *pgx.Conn, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := conn.Exec(ctx, "select 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an open connection got %v, want nothing in time", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := pgx.Connect(ctx, url); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a new connection got %v, want nothing in time", err)
	}
}
