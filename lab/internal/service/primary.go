package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"stormwave/lab/internal/route"
)

// Primary is the server that takes the writes.
const Primary = route.Primary

func primary() Service {
	s := server(Primary)
	s.Settings = postgresFamily
	s.Prepare = func(ctx context.Context, e *Env) error {
		if err := e.copyTemplate(ctx); err != nil {
			return err
		}
		return e.WritePostgresConf(Primary)
	}
	s.Ready = primaryReady
	return s
}

// copyTemplate gives the primary its data, unless it has some already: then it
// was only restarted.
func (e *Env) copyTemplate(ctx context.Context) error {
	data := e.Layout.data(Primary)
	if _, err := os.Lstat(filepath.Join(data, "PG_VERSION")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	from, made, err := e.template(ctx)
	if err != nil {
		return err
	}
	if made {
		e.TemplateMade.Store(true)
	}
	return e.servant.Do(func() error { return copyTree(ctx, from, data) })
}

// primaryReady connects, and gives the roles the passwords of this up.
func primaryReady(ctx context.Context, e *Env) error {
	conn, err := e.Admin(ctx, Primary)
	if err != nil {
		return err
	}
	for _, sql := range e.passwordSQL() {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("set a password: %w", err)
		}
	}
	return nil
}
