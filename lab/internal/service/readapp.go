package service

import (
	"context"
	"fmt"
	"strings"
	"syscall"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack/proc"
)

// signals are those that a manifest can name; the zero value leaves the choice to proc.
var signals = map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}

// readBackApp reads from the running backend what is really set, each setting by the way that its manifest names. What
// it cannot tell is asked, not confirmed.
func readBackApp(ctx context.Context, e *Env, into *setting.Reading) error {
	effective := make(matrix.Settings)
	var config backend.Config
	if path := e.Backend.Config; path != "" {
		if err := e.page(ctx, path, &config); err != nil {
			return err
		}
		effective[matrix.Topology] = e.topologyOf(config)
		effective[matrix.SSLMode] = agreed(config, func(p backend.Pool) string { return p.SSLMode })
		effective[matrix.StatementTimeout] = agreed(config, func(p backend.Pool) string { return p.StatementTimeout })
		effective[matrix.LockTimeout] = agreed(config, func(p backend.Pool) string { return p.LockTimeout })
	} else {
		into.Unconfirm(matrix.Topology)
		into.Unconfirm(matrix.SSLMode)
		if err := e.readRoleLimits(ctx, effective); err != nil {
			return err
		}
	}
	for _, s := range e.Backend.Settings {
		if _, set := e.Settings[s.Name]; !set || s.OnRole() {
			continue
		}
		word, told, err := e.readSetting(ctx, s, config)
		if err != nil {
			return err
		}
		if !told {
			into.Unconfirm(s.Name)
			continue
		}
		effective[s.Name] = s.Meant(word)
	}
	e.readBackVariables(config, into)
	e.readBackExecMode(effective)
	err := e.readBackCommit(effective)
	for name, value := range effective {
		into.Note(name, App, value, e.Settings[name] == value)
	}
	return err
}

// readSetting returns the program's word for a setting. told is false where the manifest names no way to ask, and
// where the program does not answer it that way.
func (e *Env) readSetting(
	ctx context.Context, s backend.Setting, config backend.Config,
) (word string, told bool, err error) {
	switch {
	case s.Read.Config:
		word, told = config.Settings[s.Env]
	case s.Read.Environ:
		environment, err := proc.Environment(e.Running()[App])
		if err != nil {
			return "", false, fmt.Errorf("read the backend's environment: %w", err)
		}
		word, told = environment[s.Env]
	case s.Read.Metric != "":
		body, err := Get(ctx, e.metricsURL())
		if err != nil {
			return "", false, fmt.Errorf("read the backend's metrics: %w", err)
		}
		word, told = sample(body, s.Read.Metric)
	case s.Read.HTTP != "":
		var document any
		if err := e.page(ctx, s.Read.HTTP, &document); err != nil {
			return "", false, err
		}
		word, told = backend.At(document, s.Read.Pointer)
	}
	return word, told, nil
}

// metricsURL is the page of the backend's metrics.
func (e *Env) metricsURL() string {
	return "http://" + e.Addrs[e.metricsAddr()] + e.Backend.Metrics.Path
}

// metricsAddr is the name of the address that serves the backend's metrics.
func (e *Env) metricsAddr() string {
	if port := e.Backend.Metrics.Port; port != "" {
		return backendPort(port)
	}
	return App
}

// sample returns the value of a sample, named with its labels as the page has it.
func sample(page, name string) (value string, ok bool) {
	for line := range strings.Lines(page) {
		if rest, found := strings.CutPrefix(line, name+" "); found {
			value, _, _ = strings.Cut(strings.TrimSpace(rest), " ") // a time may follow
			return value, true
		}
	}
	return "", false
}

// readRoleLimits reads the limits that a new session of the backend's role gets from the server.
func (e *Env) readRoleLimits(ctx context.Context, effective matrix.Settings) error {
	conn, err := e.Admin(ctx, Primary)
	if err != nil {
		return err
	}
	for _, limit := range roleLimits {
		var value string
		err := conn.QueryRow(ctx, `SELECT coalesce((SELECT split_part(c, '=', 2) FROM pg_db_role_setting,
			unnest(setconfig) c WHERE setrole = $1::text::regrole AND c LIKE $2 || '=%'), '0')`, AppRole, limit).Scan(&value)
		if err != nil {
			return fmt.Errorf("read %s of the backend's role: %w", limit, err)
		}
		if value == "0" {
			value = backend.None
		}
		effective[limit] = value
	}
	return nil
}

// readBackVariables tells the backend's own variables as it tells them; what it does not tell, as the kernel has
// its process' environment.
func (e *Env) readBackVariables(config backend.Config, into *setting.Reading) {
	environment, err := proc.Environment(e.Running()[App])
	for name, asked := range e.Settings {
		variable, ok := strings.CutPrefix(name, matrix.AppPrefix)
		if !ok {
			continue
		}
		if value, told := config.Settings[variable]; told {
			into.Note(name, App, value, setting.Same(asked, value))
		} else if value, set := environment[variable]; set && err == nil {
			into.Note(name, App, value, value == asked)
		} else {
			into.Unconfirm(name)
		}
	}
}
