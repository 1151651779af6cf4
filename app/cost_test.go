//go:build services

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"stormwave/app/contract"
	"stormwave/internal/test/pgtest"
)

const (
	costPool  = 8   // connections of each server
	costRate  = 300 // requests per second
	costRound = 5 * time.Second
	costPairs = 6 // rounds of each server
)

// envServer makes the test binary be a server instead of running tests: what CPU
// time it takes is then its own, and nobody else's.
const envServer = "STORMWAVE_TEST_SERVER"

// The values of envServer.
const (
	serverOurs = "ours"
	serverBare = "bare"
)

// serveInstead is the first thing that TestMain does. It returns if this process
// is to run tests.
func serveInstead() {
	switch os.Getenv(envServer) {
	case serverOurs:
		os.Args = os.Args[:1]
		main()
		os.Exit(0)
	case serverBare:
		if err := serveBare(); err != nil {
			fmt.Fprintln(os.Stderr, "bare:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// costServer is a server in a process of its own, and a client of it.
type costServer struct {
	name   string
	pid    int
	url    string
	token  string
	client *http.Client
}

// startServer starts a server on the test database. Ours has every limit on, for
// that is how it is meant to run.
func startServer(t testing.TB, name, token string) *costServer {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(),
		envServer+"="+name, contract.EnvAddr+"=127.0.0.1:0", contract.EnvPrimaryURL+"="+pgtest.URL("app"),
		"APP_POOL_SIZE="+strconv.Itoa(costPool), "APP_POOL_MIN="+strconv.Itoa(costPool),
		"APP_ACQUIRE_TIMEOUT=1s", "APP_LOCK_TIMEOUT=1s", "APP_STATEMENT_TIMEOUT=2s",
		"APP_QUERY_TIMEOUT=3s", "APP_HTTP_TIMEOUT=5s",
		"APP_MAX_INFLIGHT=100", "APP_MAX_QUEUE=100", "APP_QUEUE_TIMEOUT=1s",
	)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{addr: make(chan string, 1)}
	var reader sync.WaitGroup
	reader.Go(func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			_, _ = log.Write(append(lines.Bytes(), '\n'))
		}
	})
	s := &costServer{
		name: name, pid: cmd.Process.Pid, token: token,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: costRate}, Timeout: 10 * time.Second},
	}
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		timer := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		_ = cmd.Process.Signal(syscall.SIGTERM) // what has ended is told by Wait
		reader.Wait()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, log)
		}
	})
	select {
	case addr := <-log.addr:
		s.url = "http://" + addr + contract.RouteFeed + "?" + contract.FeedAuthor + "="
	case <-time.After(10 * time.Second):
		t.Fatalf("%s does not listen:\n%s", name, log)
	}
	return s
}

// newSession logs a user of the data set in, for whom there is no password.
func newSession(t testing.TB) (token string) {
	t.Helper()
	token = rand.Text()
	hash := sha256.Sum256([]byte(token))
	_, err := pgtest.Connect(t, "postgres").Exec(t.Context(),
		"insert into sessions (user_id, token_hash, expires_at) values (1, $1, now() + interval '1 hour')", hash[:])
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// feed returns the answer for an author's page, which is to be 200.
func (s *costServer) feed(ctx context.Context, author int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+strconv.Itoa(author), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s: %s", s.name, resp.Status, body)
	}
	return body, err
}

// costAuthors are the ids of the authors of the data set, which take turns.
var costAuthors = []int{1, 2}

// pages returns the answer for each author, and what it says.
func (s *costServer) pages(t testing.TB) (raw [][]byte, said []barePage) {
	t.Helper()
	for _, author := range costAuthors {
		body, err := s.feed(t.Context(), author)
		if err != nil {
			t.Fatal(err)
		}
		var page barePage
		if err := json.Unmarshal(body, &page); err != nil {
			t.Fatalf("%s: %v in %s", s.name, err, body)
		}
		raw, said = append(raw, body), append(said, page)
	}
	return raw, said
}

// samePages checks that the servers say the same, full pages, and returns the
// answers of each.
func samePages(t testing.TB, ours, bare *costServer) (oursRaw, bareRaw [][]byte) {
	t.Helper()
	oursRaw, oursSaid := ours.pages(t)
	bareRaw, bareSaid := bare.pages(t)
	if diff := cmp.Diff(bareSaid, oursSaid); diff != "" {
		t.Fatalf("bare (-) and ours (+) answer differently:\n%s", diff)
	}
	for i, page := range oursSaid {
		if len(page.Posts) != contract.FeedPage || page.Posts[0].Author != int64(costAuthors[i]) {
			t.Fatalf("author %d: %d posts, want %d of them", costAuthors[i], len(page.Posts), contract.FeedPage)
		}
	}
	return oursRaw, bareRaw
}

func TestBareHandlerAnswersTheSame(t *testing.T) {
	token := newSession(t)
	ours, bare := startServer(t, serverOurs, token), startServer(t, serverBare, token)
	samePages(t, ours, bare)
	for _, s := range []*costServer{ours, bare} {
		s.token = "nobody's"
		if _, err := s.feed(t.Context(), 1); err == nil {
			t.Errorf("%s answers to nobody", s.name)
		}
	}
}

// send sends requests for d at costRate, each when its time has come, and
// returns the CPU time that the server took for one. Every answer must be as in want.
func (s *costServer) send(b *testing.B, d time.Duration, want [][]byte) time.Duration {
	b.Helper()
	n := int(d.Seconds() * costRate)
	errs := make(chan error, n)
	before := cpuTime(b, s.pid)
	begin := time.Now()
	for i := range n {
		time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / costRate)))
		go func() {
			author := i % len(costAuthors)
			body, err := s.feed(b.Context(), costAuthors[author])
			if err == nil && !bytes.Equal(body, want[author]) {
				err = fmt.Errorf("%s answers author %d with %s", s.name, costAuthors[author], body)
			}
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			b.Error(err)
		}
	}
	spent := cpuTime(b, s.pid) - before
	if took := time.Since(begin); took > d+d/10 {
		b.Errorf(
			"%s took %v for %d requests, want %v: this machine is too slow or too busy for %d/s", s.name, took, n, d, costRate,
		)
	}
	if b.Failed() {
		b.FailNow()
	}
	return spent / time.Duration(n)
}

// cpuTime reads the CPU clock of a process, to the nanosecond and with the
// threads that have ended: clock_getcpuclockid(3) says how its id is made.
func cpuTime(t testing.TB, pid int) time.Duration {
	t.Helper()
	const cpuClockSched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|cpuClockSched), &ts); err != nil {
		t.Fatalf("read CPU clock of process %d: %v", pid, err)
	}
	return time.Duration(ts.Nano())
}

// BenchmarkCostPerRequest measures what the backend's metrics, limits and
// timeouts cost: its CPU time per successful request beside that of bare, in
// µs, and their ratio, the median of rounds that stand side by side. Both are
// driven at the same rate, in turns that change sides (ABBA…), so that a drift of
// the machine meets both. The target is a ratio of at most 1.25. It takes a minute:
//
//	go test -run '^$' -bench CostPerRequest ./app
func BenchmarkCostPerRequest(b *testing.B) {
	token := newSession(b)
	ours, bare := startServer(b, serverOurs, token), startServer(b, serverBare, token)
	oursWant, bareWant := samePages(b, ours, bare)
	sendOurs := func(d time.Duration) float64 { return ours.send(b, d, oursWant).Seconds() * 1e6 }
	sendBare := func(d time.Duration) float64 { return bare.send(b, d, bareWant).Seconds() * 1e6 }
	sendOurs(time.Second) // pools, plans and heaps get warm
	sendBare(time.Second)

	var oursCost, bareCost, ratios []float64
	for b.Loop() {
		for range costPairs {
			var o, r float64
			if len(ratios)%2 == 0 {
				o = sendOurs(costRound)
				r = sendBare(costRound)
			} else {
				r = sendBare(costRound)
				o = sendOurs(costRound)
			}
			oursCost, bareCost, ratios = append(oursCost, o), append(bareCost, r), append(ratios, o/r)
		}
	}
	b.ReportMetric(0, "ns/op") // the rate decides it
	b.ReportMetric(median(oursCost), "ours-us/req")
	b.ReportMetric(median(bareCost), "bare-us/req")
	b.ReportMetric(median(ratios), "ratio")
	b.Logf("ratios %.3f", ratios)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
