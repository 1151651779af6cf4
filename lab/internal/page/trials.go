package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"time"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/record"
)

// trialsShown is how many trials the page lists, the newest ones: a night's run has more
// than a browser likes to lay out anew.
const trialsShown = 500

// row is a finished trial. What could not be measured is nil.
type row struct {
	N, Block, Attempt int
	Cell, Scenario    string
	Verdict           record.Verdict
	Reasons           []string
	Start, End        time.Time
	Requests          *int64
	Failed            *float64 // share of the requests, 0…1
	Goodput, P99      *float64 // requests per second, milliseconds
	Superseded        bool     // its block was interrupted and rerun
}

func newRow(rec record.Record) row {
	r := row{
		N:        rec.N,
		Block:    rec.Block,
		Attempt:  max(1, rec.Attempt),
		Cell:     rec.Cell,
		Scenario: analysis.ScenarioOf(&rec).String(),
		Verdict:  rec.Verdict,
		Reasons:  rec.Reasons,
		Start:    rec.Start,
		End:      rec.End,
	}
	if l := rec.Load; l != nil {
		r.Requests, r.Failed, r.Goodput, r.P99 = &l.Requests, &l.ErrorRatio, &l.GoodputRPS, &l.Latency.P99
	}
	return r
}

// trials follows the records of a run while they are appended: what was read once is
// not read again.
type trials struct {
	mu         sync.Mutex
	path       string
	offset     int64
	rows       []row
	unreadable int // lines that are no record
}

// table is the finished trials of a run, the newest first.
type table struct {
	Version    string // of what it shows
	Rows       []row
	Total      int // records, those that are not shown included
	Done       int // of them, those whose block was not rerun
	Unreadable int // records that could not be read
	Err        error
}

// read returns the trials that are recorded at path. A file that is not there has none.
func (s *trials) read(path string) table {
	s.mu.Lock()
	defer s.mu.Unlock()
	if path == "" {
		return table{Version: "none"}
	}
	err := s.follow(path)
	t := table{Total: len(s.rows), Unreadable: s.unreadable, Err: err}
	attempts := analysis.Attempts{}
	for _, r := range s.rows {
		attempts.Note(r.Block, r.Attempt)
	}
	for i := len(s.rows) - 1; i >= 0; i-- {
		r := s.rows[i]
		r.Superseded = attempts.Superseded(r.Block, r.Attempt)
		if !r.Superseded {
			t.Done++
		}
		if len(t.Rows) < trialsShown {
			t.Rows = append(t.Rows, r)
		}
	}
	t.Version = fmt.Sprintf("%d-%d-%t", s.offset, len(s.rows), err != nil)
	return t
}

// Hidden is how many trials are not shown.
func (t table) Hidden() int { return t.Total - len(t.Rows) }

// maxAtOnce bounds what one look reads of the records, in bytes. The next one goes on.
const maxAtOnce = 32 << 20

// follow reads the lines that were appended since the last time, whole ones only.
func (s *trials) follow(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		s.forget(path)
		return nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no plain file", path) // to open a pipe could take for ever
	}
	if err != nil {
		return fmt.Errorf("read the finished trials: %w", err)
	}
	if path != s.path || info.Size() < s.offset { // another run, or a torn line that was cut off
		s.forget(path)
	}
	if info.Size() == s.offset {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read the finished trials: %w", err)
	}
	defer func() { _ = file.Close() }()
	fresh, err := io.ReadAll(io.NewSectionReader(file, s.offset, min(maxAtOnce, info.Size()-s.offset)))
	if err != nil {
		return fmt.Errorf("read the finished trials: %w", err)
	}
	whole := fresh[:bytes.LastIndexByte(fresh, '\n')+1]
	if len(whole) == 0 && len(fresh) == maxAtOnce {
		return fmt.Errorf(
			"read the finished trials: %s has a line of more than %d MB, which no run writes", path, maxAtOnce>>20,
		)
	}
	for line := range bytes.Lines(whole) {
		var rec record.Record
		if err := json.Unmarshal(line, &rec); err != nil || rec.Validate() != nil {
			s.unreadable++
			continue
		}
		s.rows = append(s.rows, newRow(rec))
	}
	s.offset += int64(len(whole))
	return nil
}

func (s *trials) forget(path string) {
	s.path, s.offset, s.rows, s.unreadable = path, 0, nil, 0
}

// latest says what came of the newest trial.
func (t table) latest() string {
	if len(t.Rows) == 0 {
		return ""
	}
	r := t.Rows[0]
	return "Trial " + strconv.Itoa(r.N) + " is finished: " + string(r.Verdict)
}

// since returns the trials that began at or after a time, in their order.
func (s *trials) since(t time.Time) []row {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := len(s.rows)
	for i > 0 && !s.rows[i-1].Start.Before(t) {
		i--
	}
	return append([]row(nil), s.rows[i:]...)
}
