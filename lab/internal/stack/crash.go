package stack

import (
	"context"
	"fmt"
	"strings"
	"time"

	"stormwave/lab/internal/service"
)

// A PostgreSQL server of which one process is killed ends all the others and begins
// anew. Its first process, the one that the supervisor owns, stays: nobody sees a death.
// That the checkpointer is another one than before the load tells.

const generationSQL = "SELECT backend_start FROM pg_stat_activity WHERE backend_type = 'checkpointer'"

// noteGenerations notes when the processes of both servers began.
func (s *Stack) noteGenerations(ctx context.Context) error {
	s.generations = make(map[string]time.Time)
	for _, server := range service.Servers {
		began, err := s.generation(ctx, server)
		if err != nil {
			return err
		}
		s.generations[server] = began
	}
	return nil
}

func (s *Stack) generation(ctx context.Context, server string) (began time.Time, err error) {
	conn, err := s.Admin(ctx, server)
	if err == nil {
		err = conn.QueryRow(ctx, generationSQL).Scan(&began)
	}
	if err != nil {
		return began, fmt.Errorf("ask when the processes of %s began: %w", server, err)
	}
	return began, nil
}

// lookForCrash adds the death of a server that has begun anew since it was noted.
func (s *Stack) lookForCrash(ctx context.Context, server string) error {
	before, noted := s.generations[server]
	if !noted {
		return nil
	}
	began, err := s.generation(ctx, server)
	if err != nil || began.Equal(before) {
		return err
	}
	s.generations[server] = began
	s.members.addDeath(Death{
		Service: server,
		At:      began.UTC(),
		How:     "a crash of one of its processes, and began anew",
		Log:     s.members.said(server, "was terminated by", "crash"),
	})
	return nil
}

// said returns the last lines of a service's log that hold one of the texts.
func (m *members) said(name string, texts ...string) string {
	m.mu.Lock()
	member := m.running[name]
	m.mu.Unlock()
	if member == nil {
		return ""
	}
	const far = 200 // lines back
	var found []string
	for line := range strings.Lines(member.Tail(far)) {
		for _, text := range texts {
			if strings.Contains(line, text) {
				found = append(found, strings.TrimSpace(line))
				break
			}
		}
	}
	return strings.Join(found[max(0, len(found)-deathLines):], "\n")
}
