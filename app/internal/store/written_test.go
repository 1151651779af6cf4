package store

import (
	"encoding/binary"
	"testing"
)

// However many sessions write, and however far behind the replica is, no session reads
// what is older than its own last write, and memory stays bounded.
func TestWrittenIsBoundedAndForgetsNoPosition(t *testing.T) {
	token := func(n int) (session Token) {
		binary.BigEndian.PutUint64(session[:], uint64(n))
		return session
	}
	for name, c := range map[string]struct {
		replayed func(n int) int64
		exact    int // of the last so many sessions the own position must be known still
	}{
		"a replica close behind":      {func(n int) int64 { return int64(n) - 100 }, 100},
		"a replica that stands still": {func(int) int64 { return 0 }, 1},
	} {
		w := newWritten()
		const sessions = 3*keptSessions + 7
		for n := 1; n <= sessions; n++ {
			w.wrote(token(n), int64(n), c.replayed(n))
			if len(w.sessions) > keptSessions {
				t.Fatalf("%s: %d sessions are remembered; want at most %d", name, len(w.sessions), keptSessions)
			}
		}
		for n := 1; n <= sessions; n++ {
			got := w.position(token(n))
			if got < int64(n) && int64(n) > c.replayed(sessions) {
				t.Fatalf("%s: session %d wrote at %d, and may read at %d", name, n, n, got)
			}
			if n > sessions-c.exact && got != int64(n) {
				t.Errorf("%s: session %d must wait for %d; it wrote at %d", name, n, got, n)
			}
		}
		if got, most := w.position(token(sessions+1)), int64(sessions); got > most {
			t.Errorf("%s: one who never wrote must wait for %d; nobody wrote beyond %d", name, got, most)
		}
	}
}
