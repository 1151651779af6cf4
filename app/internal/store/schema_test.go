package store

import (
	"bytes"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/crypto/bcrypt"

	"stormwave/app/internal/pgtest"
)

func TestSchemaIsDeterministic(t *testing.T) {
	var first, second, other bytes.Buffer
	for _, s := range []struct {
		out          *bytes.Buffer
		users, posts int
	}{{&first, 100, 5000}, {&second, 100, 5000}, {&other, 100, 5001}} {
		if err := WriteSchema(s.out, s.users, s.posts); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same numbers gave other bytes")
	}
	if bytes.Equal(first.Bytes(), other.Bytes()) {
		t.Error("another number of posts gave the same bytes")
	}
	if strings.Contains(first.String(), "{{") {
		t.Errorf("a placeholder is left in:\n%s", first.String())
	}
}

func TestSchemaRefusesTooLittleData(t *testing.T) {
	for _, tt := range []struct {
		users, posts int
		want         string
	}{
		{0, 500, "give at least 10"},
		{9, 500, "give at least 10"},
		{-1, 500, "give at least 10"},
		{100, 499, "give at least 500"},
	} {
		err := WriteSchema(&bytes.Buffer{}, tt.users, tt.posts)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("WriteSchema(%d, %d) = %v, want %q in it", tt.users, tt.posts, err, tt.want)
		}
	}
}

func TestSchemaFillsTables(t *testing.T) {
	conn := pgtest.Connect(t, "app")
	var users, posts, authors, bytes int
	err := conn.QueryRow(t.Context(), `select (select count(*) from users where id <= $1),
		count(*), count(distinct author_id), max(length(body)) from posts where id <= $2`, testUsers, testPosts).
		Scan(&users, &posts, &authors, &bytes)
	if err != nil {
		t.Fatal(err)
	}
	if users != testUsers || posts != testPosts || authors != testUsers/10 || bytes != 160 {
		t.Errorf("got %d users, %d posts by %d authors of %d bytes", users, posts, authors, bytes)
	}
}

func TestAppRoleHasLeastRights(t *testing.T) {
	for _, sql := range []string{
		"create table mine (id int)",
		"create temporary table mine (id int)",
		"create schema mine",
		"drop table posts",
		"truncate sessions",
		"delete from users",
		"delete from posts",
		"update users set name = 'x'",
		"update posts set body = ''",
		"create role other",
	} {
		t.Run(sql, func(t *testing.T) {
			_, err := pgtest.Connect(t, "app").Exec(t.Context(), sql)
			pg, ok := err.(*pgconn.PgError)
			if !ok || pg.Code != "42501" {
				t.Errorf("got %v, want insufficient_privilege (42501)", err)
			}
		})
	}
}

// An UnusableHash that bcrypt refused would be refused at once, and so give away
// which names exist.
func TestUnusableHashCostsAsMuchAsAnyOther(t *testing.T) {
	cost, err := bcrypt.Cost([]byte(UnusableHash))
	if err != nil || cost != bcrypt.DefaultCost {
		t.Errorf("cost %d, %v, want %d", cost, err, bcrypt.DefaultCost)
	}
	if err := bcrypt.CompareHashAndPassword([]byte(UnusableHash), []byte("password")); err != bcrypt.ErrMismatchedHashAndPassword {
		t.Errorf("comparing gave %v, want a mismatch", err)
	}
}
