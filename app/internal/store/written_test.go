package store

import (
	"encoding/binary"
	"testing"
)

// However many sessions write, and however far behind the replica is, no session reads
// what is older than its own last write, and memory stays bounded.
func TestWrittenIsBoundedAndForgetsNoPosition(t *testing.T) {
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
			w.wrote(session(n), int64(n), horizon{replayed: c.replayed(n)})
			if len(w.sessions) > keptSessions {
				t.Fatalf("%s: %d sessions are remembered; want at most %d", name, len(w.sessions), keptSessions)
			}
		}
		for n := 1; n <= sessions; n++ {
			got := w.last(session(n), horizon{}).position
			if got < int64(n) && int64(n) > c.replayed(sessions) {
				t.Fatalf("%s: session %d wrote at %d, and may read at %d", name, n, n, got)
			}
			if n > sessions-c.exact && got != int64(n) {
				t.Errorf("%s: session %d must wait for %d; it wrote at %d", name, n, got, n)
			}
		}
		if got, most := w.last(session(sessions+1), horizon{}).position, int64(sessions); got > most {
			t.Errorf("%s: one who never wrote must wait for %d; nobody wrote beyond %d", name, got, most)
		}
	}
}

func session(n int) (token Token) {
	binary.BigEndian.PutUint64(token[:], uint64(n))
	return token
}

// A write whose position could not be asked is behind the end of the WAL that the probe sees next but one; until
// then no replica has it, and then its session is as any other.
func TestWriteOfUnknownPosition(t *testing.T) {
	w := newWritten()
	w.wrote(session(1), 100, horizon{beats: 4, end: 90})
	w.wrote(session(1), unknownPosition, horizon{beats: 5, end: 110})
	w.posted(session(1), 7)
	for _, step := range []struct {
		seen horizon
		want int64
	}{
		{horizon{beats: 5, end: 110}, unknownPosition},
		{horizon{beats: 6, end: 120}, unknownPosition}, // it may have asked before the write
		{horizon{beats: 7, end: 130}, 130},
		{horizon{beats: 8, end: 140}, 130},
	} {
		if got := w.last(session(1), step.seen).position; got != step.want {
			t.Errorf("after %+v the session must wait for %d; want %d", step.seen, got, step.want)
		}
	}
	if got := w.newest(session(1)); got != 7 {
		t.Errorf("its newest post is %d; want 7", got)
	}
	w.wrote(session(1), 150, horizon{beats: 9, end: 145})
	if got := w.last(session(1), horizon{beats: 9, end: 145}).position; got != 150 {
		t.Errorf("after a write that is known the session must wait for %d; want 150", got)
	}
}

// However many sessions are forgotten, one whose position is not known keeps nobody from the replica for ever.
func TestUnknownPositionIsForgottenToo(t *testing.T) {
	w := newWritten()
	before := horizon{beats: 1, end: 50}
	w.wrote(session(1), unknownPosition, before)
	for n := 2; n <= keptSessions+1; n++ {
		w.wrote(session(n), 40, before) // the replica has none of them
	}
	stranger := session(keptSessions + 2)
	if got := w.last(stranger, before).position; got != unknownPosition {
		t.Errorf("while nothing is known of it, one who never wrote must wait for %d; want an unknown position", got)
	}
	for _, after := range []horizon{{beats: 3, end: 60}, {beats: 9, end: 600}} {
		if got := w.last(stranger, after).position; got != 60 {
			t.Errorf("after %+v one who never wrote must wait for %d; want 60", after, got)
		}
	}
}
