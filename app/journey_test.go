//go:build services

package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"stormwave/app/contract"
	"stormwave/internal/test/pgtest"
)

type post struct {
	ID      int64     `json:"id"`
	Author  int64     `json:"author_id"`
	Body    string    `json:"body"`
	Created time.Time `json:"created_at"`
}

type page struct{ Posts []post }

func TestJourney(t *testing.T) {
	a := start(t, nil)
	name := "journey-" + strings.ToLower(rand.Text())[:16]
	credentials := `{"name":"` + name + `","password":"` + password + `"}`

	var user struct {
		ID   int64
		Name string
	}
	a.want(http.StatusCreated, &user, "POST", "/api/users", "", credentials)
	if user.Name != name || user.ID <= 20 {
		t.Errorf("signed up as %+v", user)
	}
	var session struct {
		Token   string
		Expires time.Time `json:"expires_at"`
	}
	got := a.want(http.StatusCreated, &session, "POST", "/api/sessions", "", credentials)
	if life := time.Until(session.Expires); len(session.Token) < 26 || life < 23*time.Hour || life > 25*time.Hour {
		t.Errorf("session %+v", session)
	}
	if ct := got.header.Get("Content-Type"); ct != "application/json; charset=utf-8" {
		t.Errorf("Content-Type %q", ct)
	}

	var written, read post
	a.want(http.StatusCreated, &written, "POST", "/api/posts", session.Token, `{"body":"hello \"world\" \u003c ünï\n"}`)
	if written.Author != user.ID || written.Body != "hello \"world\" < ünï\n" ||
		time.Since(written.Created).Abs() > time.Minute {
		t.Errorf("wrote %+v", written)
	}
	a.want(http.StatusOK, &read, "GET", fmt.Sprintf("/api/posts/%d", written.ID), session.Token, "")
	if read != written {
		t.Errorf("read %+v, want %+v", read, written)
	}
	var all, own page
	a.want(http.StatusOK, &all, "GET", "/api/feed", session.Token, "")
	if len(all.Posts) != contract.FeedPage || all.Posts[0] != written {
		t.Errorf("%d posts, the newest %+v", len(all.Posts), all.Posts[0])
	}
	a.want(http.StatusOK, &own, "GET", fmt.Sprintf("/api/feed?author=%d", user.ID), session.Token, "")
	if len(own.Posts) != 1 || own.Posts[0] != written {
		t.Errorf("own feed %+v", own.Posts)
	}

	// The table must not be of use to a thief.
	var stored int
	err := pgtest.Connect(t, "owner").QueryRow(t.Context(),
		`select count(*) from sessions where position($1::bytea in token_hash) > 0`, []byte(session.Token)).Scan(&stored)
	if err != nil || stored != 0 {
		t.Errorf("the token itself is stored: %d, %v", stored, err)
	}
}

func TestFeedIsTheNewestInOrder(t *testing.T) {
	a := start(t, nil)
	token := a.token()
	for _, author := range []int64{1, 2} {
		var got page
		a.want(http.StatusOK, &got, "GET", fmt.Sprintf("/api/feed?author=%d", author), token, "")
		if len(got.Posts) != contract.FeedPage {
			t.Fatalf("%d posts, want %d", len(got.Posts), contract.FeedPage)
		}
		for i, p := range got.Posts {
			// The two authors of the data set take turns: 1 has the odd posts, 2 the even ones.
			if want := int64(seededPosts) - (2 - author) - 2*int64(i); p.ID != want || p.Author != author || len(p.Body) != 160 {
				t.Fatalf("post %d of author %d is %+v, want id %d", i, author, p, want)
			}
		}
		if want := time.Date(2026, 2, 1, 0, 0, int(got.Posts[0].ID), 0, time.UTC); !got.Posts[0].Created.Equal(want) {
			t.Errorf("created %v, want %v", got.Posts[0].Created, want)
		}
	}
	if got := a.want(http.StatusOK, nil, "GET", "/api/feed?author=999999", token, ""); got.body != `{"posts":[]}` {
		t.Errorf("an unknown author's feed is %s", got.body)
	}

	// Exactly two queries a request: the session and the page.
	sessions := a.metric(contract.MetricQueryDuration, map[string]string{"statement": "select_session"})
	feeds := a.metric(contract.MetricQueryDuration, map[string]string{"statement": "select_author_feed"})
	total := a.metric(contract.MetricQueryDuration, nil)
	a.want(http.StatusOK, nil, "GET", "/api/feed?author=1", token, "")
	if s, f, n := a.metric(contract.MetricQueryDuration, map[string]string{"statement": "select_session"})-sessions,
		a.metric(contract.MetricQueryDuration, map[string]string{"statement": "select_author_feed"})-feeds,
		a.metric(contract.MetricQueryDuration, nil)-total; s != 1 || f != 1 || n != 2 {
		t.Errorf("one request ran %v session look-ups and %v feeds, %v in all", s, f, n)
	}
}

func TestBadInput(t *testing.T) {
	a := start(t, nil)
	token := a.login("bad-input")
	user := func(name, password string) string { return fmt.Sprintf(`{"name":%q,"password":%q}`, name, password) }
	long := strings.Repeat("x", 20<<10)

	tests := []struct {
		name, method, path, token, body string
		status                          int
		code                            string
	}{
		{"unknown path", "GET", "/nowhere", "", "", 404, "not_found"},
		{"unknown path, posted to", "POST", "/api", "", "{}", 404, "not_found"},
		{"wrong method", "GET", "/api/users", "", "", 405, "method_not_allowed"},
		{"made-up method", "BREW", "/api/feed", token, "", 405, "method_not_allowed"},
		{"wrong method on a page of operations", "DELETE", "/metrics", "", "", 405, "method_not_allowed"},
		{"empty body", "POST", "/api/users", "", "", 400, "bad_json"},
		{"no JSON", "POST", "/api/users", "", "name=x", 400, "bad_json"},
		{"torn JSON", "POST", "/api/users", "", `{"name":`, 400, "bad_json"},
		{"array", "POST", "/api/users", "", `[]`, 400, "bad_json"},
		{"wrong type", "POST", "/api/users", "", `{"name":1}`, 400, "bad_json"},
		{"unknown field", "POST", "/api/users", "", `{"name":"someone","password":"long enough","admin":true}`, 400,
			"bad_json"},
		{"trailing data", "POST", "/api/users", "", user("someone", "long enough") + "{}", 400, "bad_json"},
		{"trailing rubbish", "POST", "/api/users", "", user("someone", "long enough") + "x", 400, "bad_json"},
		{"too large", "POST", "/api/users", "", user("someone", long), 413, "too_large"},
		{"too large by what trails", "POST", "/api/users", "", user("someone", "long enough") +
			strings.Repeat(" ", 20<<10), 413, "too_large"},
		{"null", "POST", "/api/users", "", "null", 400, "bad_name"},
		{"short name", "POST", "/api/users", "", user("x", "long enough"), 400, "bad_name"},
		{"long name", "POST", "/api/users", "", user(strings.Repeat("x", 33), "long enough"), 400, "bad_name"},
		{"name in capitals", "POST", "/api/users", "", user("Someone", "long enough"), 400, "bad_name"},
		{"name with a line", "POST", "/api/users", "", `{"name":"some\none","password":"long enough"}`, 400, "bad_name"},
		{"short password", "POST", "/api/users", "", user("someone", "short"), 400, "bad_password"},
		{"password beyond bcrypt", "POST", "/api/users", "", user("someone", strings.Repeat("x", 73)), 400, "bad_password"},
		{"name taken", "POST", "/api/users", "", user("bad-input", "long enough"), 409, "name_taken"},
		{"log-in without a name", "POST", "/api/sessions", "", user("", password), 400, "bad_credentials"},
		{"log-in beyond bcrypt", "POST", "/api/sessions", "", user(
			"bad-input", strings.Repeat("x", 73),
		), 400, "bad_credentials"},
		{"wrong password", "POST", "/api/sessions", "", user("bad-input", "wrong horse"), 401, "wrong_credentials"},
		{"unknown user", "POST", "/api/sessions", "", user("nobody", password), 401, "wrong_credentials"},
		{"impossible user", "POST", "/api/sessions", "", `{"name":"no\u0000body","password":"` + password +
			`"}`, 401, "wrong_credentials"},
		{"user of the data set", "POST", "/api/sessions", "", user("user-1", password), 401, "wrong_credentials"},
		{"no token", "GET", "/api/feed", "", "", 401, "unauthorized"},
		{"unknown token", "GET", "/api/feed", "made-up", "", 401, "unauthorized"},
		{"huge token", "GET", "/api/feed", long[:8<<10], "", 401, "unauthorized"},
		{"post without a token", "POST", "/api/posts", "", `{"body":"x"}`, 401, "unauthorized"},
		{"author is a word", "GET", "/api/feed?author=me", token, "", 400, "bad_author"},
		{"author is zero", "GET", "/api/feed?author=0", token, "", 400, "bad_author"},
		{"author is too much", "GET", "/api/feed?author=9223372036854775808", token, "", 400, "bad_author"},
		{"unreadable query", "GET", "/api/feed?author=%zz", token, "", 400, "bad_query"},
		{"post's id is a word", "GET", "/api/posts/one", token, "", 400, "bad_id"},
		{"post's id is negative", "GET", "/api/posts/-1", token, "", 400, "bad_id"},
		{"no such post", "GET", "/api/posts/9223372036854775807", token, "", 404, "not_found"},
		{"empty post", "POST", "/api/posts", token, `{"body":""}`, 400, "bad_body"},
		{"post without a body", "POST", "/api/posts", token, `{}`, 400, "bad_body"},
		{"long post", "POST", "/api/posts", token, `{"body":"` + long[:1001] + `"}`, 400, "bad_body"},
		{"post with NUL", "POST", "/api/posts", token, `{"body":"a\u0000b"}`, 400, "bad_body"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a.t = t
			got := a.do(tt.method, tt.path, tt.token, tt.body)
			if got.status != tt.status || got.code() != tt.code {
				t.Errorf("got %d %s, want %d %s", got.status, got.code(), tt.status, tt.code)
			}
			if tt.status == 405 && got.header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
			if tt.status == 401 && got.header.Get("WWW-Authenticate") != "Bearer" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
	a.t = t
	if log := a.log.String(); strings.Contains(log, "request failed") || strings.Contains(log, "panicked") {
		t.Errorf("a client's error was logged as the backend's:\n%s", log)
	}
	if n := a.metric(contract.MetricRequests, map[string]string{"method": "other", "code": "405"}); n != 1 {
		t.Errorf("the made-up method was counted %v times as other, want 1", n)
	}
}

// Who can tell an unknown name from a wrong password can collect names.
func TestLoginTakesAsLongForAnUnknownUser(t *testing.T) {
	a := start(t, nil)
	a.login("timed")
	// The fastest of some, one after the other: whatever else runs here makes them only slower.
	fastest := map[string]time.Duration{"timed": time.Hour, "nobody": time.Hour}
	for range 10 {
		for name, best := range fastest {
			begin := time.Now()
			a.want(http.StatusUnauthorized, nil, "POST", "/api/sessions", "", `{"name":"`+name+`","password":"wrong horse"}`)
			fastest[name] = min(best, time.Since(begin))
		}
	}
	if ratio := fastest["nobody"].Seconds() / fastest["timed"].Seconds(); ratio < 0.5 || ratio > 2 {
		t.Errorf("the fastest logins took %v", fastest)
	}
}
