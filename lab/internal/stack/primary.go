package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/stack/proc"
)

func (s *Stack) primary() service {
	return service{
		name: Primary, program: "postgres",
		prepare: func(ctx context.Context) error {
			if err := s.copyTemplate(ctx); err != nil {
				return err
			}
			return s.writePostgresConf(Primary)
		},
		spec:  func() proc.Spec { return s.postgresSpec(Primary) },
		ready: s.primaryReady,
	}
}

// copyTemplate gives the primary its data, unless it has some already: then it
// was only restarted.
func (s *Stack) copyTemplate(ctx context.Context) error {
	data := s.layout.data(Primary)
	if _, err := os.Lstat(filepath.Join(data, "PG_VERSION")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	from, made, err := s.template(ctx)
	if err != nil {
		return err
	}
	s.tell(func() { s.figures.TemplateMade = s.figures.TemplateMade || made })
	return s.servant.Do(func() error { return copyTree(ctx, from, data) })
}

// primaryReady connects, and gives the roles the passwords of this up.
func (s *Stack) primaryReady(ctx context.Context) error {
	conn, err := s.admin(ctx, Primary)
	if err != nil {
		return err
	}
	for role, password := range s.secrets {
		if role == poolerAdmin {
			continue // known to PgBouncer alone
		}
		// Not logged: the statement holds the password.
		sql := fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'", pgx.Identifier{role}.Sanitize(), password)
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("set password of %s: %w", role, err)
		}
	}
	return nil
}
