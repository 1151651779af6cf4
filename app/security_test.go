//go:build services

package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"stormwave/app/contract"
	"stormwave/internal/test/pgtest"
)

// A session ends a day after it began. The clock is the database's: the test moves the
// session instead of it.
func TestSessionExpires(t *testing.T) {
	a := start(t, nil)
	token := a.login("expiring")
	hash := sha256.Sum256([]byte(token))
	owner := pgtest.Connect(t, "owner")
	age := func(by time.Duration) {
		t.Helper()
		tag, err := owner.Exec(
			t.Context(), "update sessions set expires_at = expires_at - $2::interval where token_hash = $1", hash[:], by,
		)
		if err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("age the session: %v, %v", tag, err)
		}
	}
	a.want(http.StatusOK, nil, "GET", "/api/feed", token, "")
	age(24*time.Hour - time.Minute)
	a.want(http.StatusOK, nil, "GET", "/api/feed", token, "")
	age(time.Minute)
	for _, request := range [][3]string{
		{"GET", "/api/feed", ""}, {"GET", "/api/posts/1", ""}, {"POST", "/api/posts", `{"body":"too late"}`},
	} {
		if got := a.do(
			request[0], request[1], token, request[2],
		); got.status != http.StatusUnauthorized || got.code() != "unauthorized" {
			t.Errorf("%s %s after a day: %d %s, want 401 unauthorized", request[0], request[1], got.status, got.code())
		}
	}
	// The next log-in clears it away.
	if fresh := a.login("expiring"); fresh == token {
		t.Error("the same token was given again")
	}
	var left int
	if err := owner.QueryRow(
		t.Context(), "select count(*) from sessions where token_hash = $1", hash[:],
	).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d expired sessions are kept, %v", left, err)
	}
}

// No table holds what logs somebody in.
func TestSecretsAreStoredHashed(t *testing.T) {
	a := start(t, nil)
	token := a.login("hashed")
	super := pgtest.Connect(t, "postgres")

	var stored int
	digest := sha256.Sum256([]byte(token))
	if err := super.QueryRow(t.Context(), "select count(*) from sessions join users on users.id = user_id where name = "+
		"'hashed' and token_hash = $1",
		digest[:]).Scan(&stored); err != nil || stored != 1 {
		t.Errorf("%d sessions have the SHA-256 of the token, %v; want 1", stored, err)
	}
	var hash string
	if err := super.QueryRow(
		t.Context(), "select password_hash from users where name = 'hashed'",
	).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	if cost, err := bcrypt.Cost([]byte(hash)); err != nil || cost < 10 {
		t.Errorf("the password's hash is %q: bcrypt of cost %d, %v; want at least 10", hash, cost, err)
	}
	if err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)); err != nil {
		t.Errorf("the hash is not the password's: %v", err)
	}

	rows, err := super.Query(
		t.Context(),
		"select table_name from information_schema.tables where table_schema = 'public' and table_name <> 'posts'",
	)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil || len(tables) < 3 {
		t.Fatalf("tables %v, %v", tables, err)
	}
	secrets := map[string]string{}
	for what, secret := range map[string]string{"token": token, "password": password} {
		secrets[what] = secret
		secrets[what+" in hex"] = hex.EncodeToString([]byte(secret))
		secrets[what+" in base64"] = base64.RawStdEncoding.EncodeToString([]byte(secret))
	}
	for _, table := range tables {
		var text string
		if err := super.QueryRow(
			t.Context(), "select coalesce(string_agg(row_to_json(t)::text, ' '), '') from "+table+" t",
		).Scan(&text); err != nil {
			t.Fatal(err)
		}
		for what, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("the table %s holds the %s", table, what)
			}
		}
	}
	if log := a.log.String(); strings.Contains(log, token) || strings.Contains(log, password) {
		t.Errorf("a secret is logged:\n%s", log)
	}
}

// Whoever does not get in costs the backend one bcrypt, whether the name is known,
// unknown, impossible or nobody's. Its process's CPU time tells, since the host may be busy.
func TestFailedLoginsCostTheSame(t *testing.T) {
	start(t, nil).login("timed-often")
	server := startServer(t, serverOurs, "")
	base, _, _ := strings.Cut(server.url, contract.RouteFeed)
	attempt := func(name string) time.Duration {
		before := cpuTime(t, server.pid)
		resp, err := server.client.Post(base+"/api/sessions", "application/json",
			strings.NewReader(`{"name":"`+name+`","password":"wrong horse"}`))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusUnauthorized {
			t.Fatalf("%.40q logs in: %s, %v; want 401", name, resp.Status, err)
		}
		return cpuTime(t, server.pid) - before
	}
	names := map[string]string{
		"known":           "timed-often",
		"unknown":         "nobody-at-all",
		"of the data set": "user-1",
		"impossible":      "No Such Name!",
		"long":            strings.Repeat("x", 200),
	}
	costs := map[string][]time.Duration{}
	for range 7 {
		for kind, name := range names {
			costs[kind] = append(costs[kind], attempt(name))
		}
	}
	median := func(kind string) time.Duration { return slices.Sorted(slices.Values(costs[kind]))[len(costs[kind])/2] }
	known := median("known")
	if known < 10*time.Millisecond {
		t.Errorf("a wrong password costs %v: no bcrypt of cost 10", known)
	}
	// None and two are what this tells from one.
	for kind := range names {
		if ratio := float64(median(kind)) / float64(known); ratio < 0.6 || ratio > 1.7 {
			t.Errorf("a name that is %s costs %v, a known one %v", kind, median(kind), known)
		}
	}
}
