//go:build services

package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"stormwave/app/contract"
	"stormwave/app/internal/config"
	"stormwave/app/internal/telemetry"
	"stormwave/internal/test/pgtest"
)

// open returns a store on the test database and its metrics.
func open(t *testing.T, env map[string]string) (*Store, *telemetry.Metrics) {
	t.Helper()
	return openAt(t, pgtest.URL("app"), env)
}

func openAt(t *testing.T, primary string, env map[string]string) (*Store, *telemetry.Metrics) {
	t.Helper()
	cfg, err := config.Load(func(name string) string {
		if name == contract.EnvPrimaryURL {
			return primary
		}
		return env[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	metrics := telemetry.New()
	s, err := Open(t.Context(), cfg, metrics)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s, metrics
}

// value returns a series' value, or a histogram's count.
func value(t *testing.T, m *telemetry.Metrics, name string, labels map[string]string) float64 {
	t.Helper()
	families, err := prometheus.Gatherers{m.Registry()}.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.Metric {
			if !matches(metric, labels) {
				continue
			}
			switch {
			case metric.Histogram != nil:
				return float64(metric.Histogram.GetSampleCount())
			case metric.Counter != nil:
				return metric.Counter.GetValue()
			}
			return metric.Gauge.GetValue()
		}
	}
	t.Fatalf("there is no %s%v", name, labels)
	return 0
}

func matches(metric *dto.Metric, labels map[string]string) bool {
	found := 0
	for _, pair := range metric.Label {
		if labels[pair.GetName()] == pair.GetValue() {
			found++
		}
	}
	return found == len(labels)
}

// await polls for what other goroutines bring about.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out: %s", what)
		}
	}
}

// read reads a feed as nobody in particular.
func read(ctx context.Context, s *Store, author int64) error {
	return s.Feed(ctx, Session{}, author, func() {}, func(*Post) {})
}

func token(text string) Token { return sha256.Sum256([]byte(text)) }

// unique makes a name that no earlier run of the test has put into the database.
func unique(name string) string { return name + "-" + rand.Text() }

func TestTimeoutsAreToldApart(t *testing.T) {
	tests := []struct {
		name    string
		env     map[string]string
		budget  time.Duration // of the caller; 0: none
		kind    Kind
		state   string
		acquire string // outcome that is counted
		within  time.Duration
	}{
		{"lock timeout", map[string]string{
			"APP_LOCK_TIMEOUT":      "50ms",
			"APP_STATEMENT_TIMEOUT": "2s",
			"APP_QUERY_TIMEOUT":     "3s",
		}, 0, Timeout, "55P03", "ok", time.Second},
		{"statement timeout", map[string]string{
			"APP_STATEMENT_TIMEOUT": "50ms",
			"APP_QUERY_TIMEOUT":     "3s",
		}, 0, Timeout, "57014", "ok", time.Second},
		{"query timeout", map[string]string{
			"APP_QUERY_TIMEOUT":     "50ms",
			"APP_STATEMENT_TIMEOUT": "3s",
		}, 0, Timeout, "query_timeout", "ok", time.Second},
		{"budget", map[string]string{"APP_QUERY_TIMEOUT": "3s"}, 50 * time.Millisecond, Timeout, "http_timeout", "ok",
			time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, metrics := open(t, tt.env)
			unlock := pgtest.LockPosts(t)
			defer unlock()
			ctx := t.Context()
			if tt.budget > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeoutCause(ctx, tt.budget, ErrBudget)
				defer cancel()
			}
			start := time.Now()
			err := read(ctx, s, 0)
			if took := time.Since(start); took < 50*time.Millisecond || took > tt.within {
				t.Errorf("took %v, want 50ms to %v", took, tt.within)
			}
			failed, ok := errors.AsType[*Error](err)
			if !ok || failed.Kind != tt.kind || failed.State != tt.state || failed.Target != "primary" ||
				failed.Statement != "select_feed" {
				t.Fatalf("got %v, want kind %v and state %s", err, tt.kind, tt.state)
			}
			if n := value(
				t, metrics, contract.MetricQueryErrors, map[string]string{"target": "primary", "sqlstate": tt.state},
			); n != 1 {
				t.Errorf("%s counted %v times, want 1", tt.state, n)
			}
			if n := value(
				t, metrics, contract.MetricAcquireDuration, map[string]string{"target": "primary", "outcome": tt.acquire},
			); n != 1 {
				t.Errorf("outcome %s counted %v times, want 1", tt.acquire, n)
			}
			if n := value(
				t, metrics, contract.MetricQueryDuration, map[string]string{"target": "primary", "statement": "select_feed"},
			); n != 1 {
				t.Errorf("select_feed counted %v times, want 1", n)
			}
		})
	}
}

func TestRefusedConnectionIsUnavailable(t *testing.T) {
	nobody := "postgres://app:" + pgtest.Password + "@127.0.0.1:1/lab?sslmode=disable"
	s, metrics := openAt(t, nobody, nil)
	err := read(t.Context(), s, 0)
	failed, ok := errors.AsType[*Error](err)
	if !ok || failed.Kind != Unavailable || failed.State != "connect" || failed.Target != "primary" {
		t.Fatalf("got %v, want the primary to be unavailable", err)
	}
	if strings.Contains(err.Error(), pgtest.Password) {
		t.Errorf("password shown: %v", err)
	}
	if n := value(
		t, metrics, contract.MetricAcquireDuration, map[string]string{"target": "primary", "outcome": "error"},
	); n != 1 {
		t.Errorf("outcome error counted %v times, want 1", n)
	}
}

// A connection that the server has ended while it idled is none of the client's doing: it is told to come again, and
// then is served.
func TestSessionThatWasEndedWhileItIdledIsUnavailable(t *testing.T) {
	s, metrics := openAt(t, pgtest.URL("app")+"&idle_session_timeout=100", map[string]string{"APP_POOL_SIZE": "1"})
	if err := read(t.Context(), s, 1); err != nil {
		t.Fatal(err)
	}
	time.Sleep(400 * time.Millisecond)
	err := read(t.Context(), s, 1)
	failed, ok := errors.AsType[*Error](err)
	if !ok || failed.Kind != Unavailable || failed.State != "57P05" {
		t.Errorf("a query on it: %v; want it unavailable (57P05)", err)
	}
	if n := value(
		t, metrics, contract.MetricQueryErrors, map[string]string{"target": "primary", "sqlstate": "57P05"},
	); n != 1 {
		t.Errorf("%v of them are counted, want 1", n)
	}
	if err := read(t.Context(), s, 1); err != nil {
		t.Errorf("the next query: %v", err)
	}
}

func TestFeedsUseAnIndex(t *testing.T) {
	conn := pgtest.Connect(t, "app")
	for _, tt := range []struct {
		st   statement
		args []any
	}{{selectFeed, nil}, {selectAuthorFeed, []any{1}}, {selectPost, []any{1}}} {
		rows, err := conn.Query(t.Context(), "explain "+tt.st.sql, tt.args...)
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			plan.WriteString(line + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if got := plan.String(); !strings.Contains(got, "Index Scan") || strings.Contains(got, "Sort") ||
			strings.Contains(got, "Seq Scan") {
			t.Errorf("%s is planned as\n%s", tt.st.name, got)
		}
	}
}

func TestSessionsExpireAndAreCleared(t *testing.T) {
	s, _ := open(t, nil)
	ctx := t.Context()
	expired, alive := token(unique("expired")), token(unique("alive"))
	user, err := s.CreateUser(ctx, unique("expiry"), "hash")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateSession(ctx, user, expired, -time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(ctx, expired); !errors.Is(err, ErrNotFound) {
		t.Errorf("an expired session is answered with %v, want ErrNotFound", err)
	}
	if _, err := s.CreateSession(ctx, user, alive, time.Hour); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Session(ctx, alive); err != nil || got.User != user {
		t.Errorf("session of user %d, %v, want %d", got.User, err, user)
	}
	var left int
	if err := pgtest.Connect(t, "owner").QueryRow(
		ctx, "select count(*) from sessions where user_id = $1", user,
	).Scan(&left); err != nil || left != 1 {
		t.Errorf("%d sessions are kept, %v, want 1", left, err)
	}
}

func TestMetricsAreWellFormed(t *testing.T) {
	_, metrics := open(t, map[string]string{contract.EnvReplicaURL: pgtest.URL("app")})
	problems, err := testutil.GatherAndLint(metrics.Registry())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
