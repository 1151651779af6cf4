package store

import (
	"crypto/sha256"
	"sync"
)

// Token is the SHA-256 of a session's token. It is all that is kept of one.
type Token = [sha256.Size]byte

// Session is a user who is logged in.
type Session struct {
	User  int64
	token Token
}

// written remembers what each session wrote last, so that it reads its own writes.
// It is of this process alone: behind several backends a session must stay with one.
type written struct {
	mu       sync.Mutex
	sessions map[Token]lastWrite
	floor    lastWrite // what sessions that are forgotten wrote last, at most
}

// lastWrite is the last that a session wrote.
type lastWrite struct {
	position int64 // in the WAL, behind it; of a write whose position is known
	beat     int64 // of the primary: where the WAL ends then is behind a write whose position is not; 0: there is none
	post     int64 // id; 0 if it was none
}

// horizon is what the probe has seen last.
type horizon struct {
	beats    int64 // how often it has asked the primary where its WAL ends
	end      int64 // what the last answer was
	replayed int64 // how far the replica was
}

// keptSessions is how many sessions are remembered at most. Those are forgotten first
// that the replica has; if it stands still, all are, and whoever is not remembered
// counts as one that wrote last.
const keptSessions = 10_000

func newWritten() *written { return &written{sessions: make(map[Token]lastWrite)} }

// wrote remembers a write. One whose position is not known is behind the end of the WAL that the probe sees
// next but one: it may be asking just now.
func (w *written) wrote(session Token, position int64, seen horizon) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.sessions) >= keptSessions {
		for token, last := range w.sessions {
			if last.at(seen).position <= seen.replayed {
				delete(w.sessions, token)
			}
		}
	}
	if len(w.sessions) >= keptSessions {
		for _, last := range w.sessions {
			w.floor.position, w.floor.beat = max(w.floor.position, last.position), max(w.floor.beat, last.beat)
		}
		clear(w.sessions)
	}
	last := w.sessions[session].known(seen)
	if position == unknownPosition {
		last.beat = seen.beats + 2
	} else {
		last.position = max(last.position, position)
	}
	w.sessions[session] = last
}

// known takes the end of the WAL for the position of a write, once the probe has seen one that is behind it.
func (l lastWrite) known(seen horizon) lastWrite {
	if l.beat > 0 && seen.beats >= l.beat {
		l.position, l.beat = max(l.position, seen.end), 0
	}
	return l
}

// at is the write with the position that the replica must reach, as far as that is known.
func (l lastWrite) at(seen horizon) lastWrite {
	if l = l.known(seen); l.beat > 0 {
		l.position = unknownPosition
	}
	return l
}

// posted remembers the id of the session's newest post.
func (w *written) posted(session Token, post int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last, ok := w.sessions[session]; ok {
		last.post = max(last.post, post)
		w.sessions[session] = last
	}
}

// last is what the session wrote last. Its position is how far a server must be to have all that the session
// wrote: 0 if any is far enough, unknownPosition if that is not known yet.
func (w *written) last(session Token, seen horizon) lastWrite {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.floor = w.floor.known(seen)
	last, ok := w.sessions[session]
	if last = last.known(seen); ok {
		w.sessions[session] = last
	}
	last = last.at(seen)
	last.position = max(last.position, w.floor.at(seen).position)
	return last
}

// newest is the id of the session's newest post, 0 if there is none.
func (w *written) newest(session Token) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sessions[session].post
}
