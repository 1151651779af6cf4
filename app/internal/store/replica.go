package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"stormwave/app/contract"
	"stormwave/app/internal/telemetry"
)

const (
	probeEvery   = 200 * time.Millisecond
	awaitEvery   = 5 * time.Millisecond   // between two looks at the replica's position while somebody waits for it
	probeTimeout = 400 * time.Millisecond // of one look

	// Hysteresis: one bad look is an accident, and one good look no recovery.
	looksToRefuse = 2
	looksToTrust  = 3
)

// replica is the standby, and what the probe has found out about it.
type replica struct {
	pool   *pool
	maxLag time.Duration // 0: none
	wait   time.Duration // 0: not at all
	meter  *telemetry.Replica

	stop    context.CancelFunc
	stopped chan struct{}
	wake    chan struct{} // somebody waits

	mu       sync.Mutex
	looked   bool   // at least once
	why      string // not to read from it; "" if one may
	against  int    // looks in a row that speak for another why
	replayed int64  // position in the WAL
	beats    int64  // of the primary's heart
	end      int64  // of its WAL at the last of them
	waiters  int
	moved    chan struct{} // closed when replayed moves
}

// watchReplica begins to look after the replica behind the pool; close ends it.
func watchReplica(p *pool, cfg contract.Settings, meter *telemetry.Replica) *replica {
	ctx, stop := context.WithCancel(context.Background())
	r := &replica{
		pool: p, maxLag: cfg.ReplicaMaxLag, wait: cfg.ReplicaWait, meter: meter,
		stop: stop, stopped: make(chan struct{}), wake: make(chan struct{}, 1), moved: make(chan struct{}),
		why: contract.FallbackGone, against: looksToTrust - 1, // the first look decides
	}
	probe := &probe{
		primary: side{url: cfg.PrimaryURL, target: contract.TargetPrimary},
		replica: side{url: cfg.ReplicaURL, target: contract.TargetReplica},
		meter:   meter,
	}
	go func() {
		defer close(r.stopped)
		r.watch(ctx, probe)
	}()
	return r
}

func (r *replica) close() {
	r.stop()
	<-r.stopped
}

func (r *replica) watch(ctx context.Context, p *probe) {
	defer p.close()
	for {
		seen, err := p.look(ctx)
		if ctx.Err() != nil {
			return
		}
		r.learn(seen, err)
		pause := time.NewTimer(r.pause())
		select {
		case <-ctx.Done():
		case <-pause.C:
		case <-r.wake:
		}
		pause.Stop()
	}
}

func (r *replica) pause() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiters > 0 && r.why == "" {
		return awaitEvery
	}
	return probeEvery
}

// learn takes in what a look has shown.
func (r *replica) learn(seen sight, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looked = true
	r.beats, r.end = seen.beats, seen.end
	why := ""
	switch limit := r.maxLag; {
	case err != nil:
		why = contract.FallbackGone
	case limit == 0:
	case r.why == contract.FallbackLate && seen.lag > limit/2, seen.lag > limit:
		why = contract.FallbackLate
	}
	r.turn(why)
	if err != nil {
		r.meter.Unseen()
	} else {
		r.meter.Behind(seen.lag, seen.bytes)
		// Lower too: a standby that crashed may come back with less than it had.
		if seen.replayed != r.replayed {
			r.replayed = seen.replayed
			close(r.moved)
			r.moved = make(chan struct{})
		}
	}
}

// turn changes what is thought of the replica, when enough looks in a row ask for it.
func (r *replica) turn(why string) {
	if why == r.why {
		r.against = 0
		return
	}
	r.against++
	enough := looksToRefuse
	if why == "" {
		enough = looksToTrust
	}
	if r.against >= enough {
		if r.why == contract.FallbackGone {
			r.pool.conns.Reset() // what idles in it may lead to a server that is no more
		}
		r.why, r.against = why, 0
	}
	r.meter.Usable(r.why == "")
}

// broke takes a read that broke for as good as all the looks it takes.
func (r *replica) broke() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.why, r.against = contract.FallbackGone, 0
	r.meter.Usable(false)
}

// refused says why the replica is not to be read from, "" if it may be.
func (r *replica) refused() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.why
}

// ready says whether it is known how the replica is.
func (r *replica) ready() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.looked
}

// horizon is what the probe has seen last.
func (r *replica) horizon() horizon {
	r.mu.Lock()
	defer r.mu.Unlock()
	return horizon{r.beats, r.end, r.replayed}
}

// await waits until the replica has replayed the WAL up to the position, and
// reports whether it has. It does not wait longer than the replica is worth it.
func (r *replica) await(ctx context.Context, position int64) bool {
	if position == 0 || r.horizon().replayed >= position {
		return true
	}
	if r.wait == 0 || position == unknownPosition {
		return false
	}
	late := time.NewTimer(r.wait)
	defer late.Stop()
	r.join(1)
	defer r.join(-1)
	select {
	case r.wake <- struct{}{}:
	default: // it is awake
	}
	for {
		r.mu.Lock()
		done, moved := r.replayed >= position, r.moved
		r.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-moved:
		case <-late.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

func (r *replica) join(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiters += n
}

// probe looks at both servers over connections of its own: a pool that is busy
// says nothing about the replica.
type probe struct {
	primary, replica side
	meter            *telemetry.Replica
	beat             time.Time // the primary's newest heartbeat, by its own clock
	beaten           time.Time // when that was, by ours
	end              int64     // of the primary's WAL then
	beats            int64     // how many there were
}

// sight is what one look has shown.
type sight struct {
	lag      time.Duration // by which the replica's newest heartbeat is older than the primary's
	bytes    int64         // of WAL between the two
	replayed int64         // position in the WAL

	// Of the primary's last heartbeat, also where the replica was not seen.
	beats, end int64
}

// look reads the replica's position and heartbeat, and then lets the primary's heart
// beat for the next look, if it is time: so a replica that is up to date has no lag.
// A primary that does not answer is not the replica's fault.
func (p *probe) look(ctx context.Context) (sight, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var s sight
	var beat time.Time
	p.meter.Probed(contract.TargetReplica)
	err := p.replica.ask(ctx, selectHeartbeat.sql, &s.replayed, &beat)
	if err == nil && !p.beat.IsZero() {
		s.lag, s.bytes = max(0, p.beat.Sub(beat)), max(0, p.end-s.replayed)
	}
	if time.Since(p.beaten) >= probeEvery {
		p.meter.Probed(contract.TargetPrimary)
		if p.primary.ask(ctx, updateHeartbeat.sql, &p.beat, &p.end) == nil {
			p.beaten = time.Now()
			p.beats++
		}
	}
	s.beats, s.end = p.beats, p.end
	return s, err
}

func (p *probe) close() {
	p.primary.close()
	p.replica.close()
}

// side is the probe's connection to one server.
type side struct {
	url, target string
	conn        *pgx.Conn
}

// ask runs a query that returns one row, and connects first where needed.
func (s *side) ask(ctx context.Context, sql string, dest ...any) error {
	if s.conn == nil {
		conn, err := s.connect(ctx)
		if err != nil {
			return err
		}
		s.conn = conn
	}
	err := s.conn.QueryRow(ctx, sql).Scan(dest...)
	if err != nil {
		s.close()
	}
	return err
}

func (s *side) connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := probeConfig(s.url)
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, config)
}

// probeConfig keeps an application_name of the URL: a pooler may choose the server by it.
func probeConfig(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	// The one mode that every pooler understands.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	if _, ok := config.RuntimeParams["application_name"]; !ok {
		config.RuntimeParams["application_name"] = "app probe"
	}
	return config, nil
}

func (s *side) close() {
	if s.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	_ = s.conn.Close(ctx) // nothing is to be kept
	s.conn = nil
}
