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
	floor    int64 // what sessions that are forgotten wrote last, at most
}

// lastWrite is the last that a session wrote.
type lastWrite struct {
	position int64 // in the WAL, behind it
	post     int64 // id; 0 if it was none
}

// keptSessions is how many sessions are remembered at most. Those are forgotten first
// that the replica has; if it stands still, all are, and whoever is not remembered
// counts as one that wrote last.
const keptSessions = 10_000

func newWritten() *written { return &written{sessions: make(map[Token]lastWrite)} }

// wrote remembers a write; replayed is how far the replica is.
func (w *written) wrote(session Token, position, replayed int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.sessions) >= keptSessions {
		for token, last := range w.sessions {
			if last.position <= replayed {
				delete(w.sessions, token)
			}
		}
	}
	if len(w.sessions) >= keptSessions {
		for _, last := range w.sessions {
			w.floor = max(w.floor, last.position)
		}
		clear(w.sessions)
	}
	last := w.sessions[session]
	last.position = max(last.position, position)
	w.sessions[session] = last
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

// position is how far a server must be to have all that the session wrote, 0 if
// any is far enough.
func (w *written) position(session Token) int64 { return w.last(session).position }

func (w *written) last(session Token) lastWrite {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.sessions[session]
	last.position = max(last.position, w.floor)
	return last
}
