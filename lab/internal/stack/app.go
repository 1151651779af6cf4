package stack

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"stormwave/app/contract"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/route"
	"stormwave/lab/internal/stack/proc"
)

func (s *Stack) app() service {
	return service{
		name: App, needs: []string{Primary, Replica, PgBouncer, faultProxy},
		spec: func() proc.Spec {
			return proc.Spec{
				Name: App, Path: s.layout.Backend(s.settings[matrix.Backend]), Env: append(s.serviceEnv(), s.appEnvironment(s.settings)...), Log: s.layout.Log(App), CPUs: s.cpus[App], Quota: s.quota(matrix.FaultAppCPU),
			}
		},
		ready: func(ctx context.Context) error { return answers(ctx, s.AppURL()+contract.RouteReady) },
	}
}

// AppURL is where the backend listens.
func (s *Stack) AppURL() string { return "http://" + s.addrs[App] }

func (s *Stack) appEnvironment(settings matrix.Settings) []string {
	env := []string{contract.EnvAddr + "=" + s.addrs[App]}
	primary, replica := s.appURLs(settings.Route(), settings[matrix.SSLMode])
	env = append(env, contract.EnvPrimaryURL+"="+primary)
	if replica != "" {
		env = append(env, contract.EnvReplicaURL+"="+replica)
	}
	for name, value := range settings {
		setting, err := matrix.Lookup(name)
		if name == matrix.ExecMode {
			value = s.execMode(settings)
		}
		if err == nil && setting.Env != "" && !slices.Contains(roleLimits, name) {
			env = append(env, setting.Env+"="+value)
		}
		if own, ok := strings.CutPrefix(name, matrix.AppPrefix); ok {
			env = append(env, own+"="+value)
		}
	}
	return env
}

// appURLs are the ways to the databases on a route; replica is empty where
// the backend does not know of one.
func (s *Stack) appURLs(r route.Route, sslmode string) (primary, replica string) {
	addr := s.addrs[r.Writes[1]]
	if _, delayed := s.settings[matrix.FaultDelay]; delayed {
		addr = s.addrs[faultProxy]
	}
	primary = s.roleURL(addr, database, sslmode)
	if !r.ReadsFrom(Replica) {
		return primary, ""
	}
	name := database
	if r.Reads[1] != Replica {
		name = replicaDatabase
	}
	return primary, s.roleURL(s.addrs[r.Reads[1]], name, sslmode)
}

func (s *Stack) roleURL(addr, dbname, sslmode string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(appRole, s.secrets[appRole]), Host: addr, Path: "/" + dbname, RawQuery: "sslmode=" + sslmode}
	return u.String()
}

// setRoleLimits sets the server's own time limits for the backend. The replica
// gets them by replication.
func (s *Stack) setRoleLimits(ctx context.Context, settings matrix.Settings) error {
	conn, err := s.admin(ctx, Primary)
	if err != nil {
		return err
	}
	for _, limit := range roleLimits {
		value := settings[limit]
		if value == "" || value == contract.None {
			value = "0"
		}
		if _, err := conn.Exec(ctx, fmt.Sprintf("ALTER ROLE %s SET %s = '%s'", appRole, limit, value)); err != nil {
			return fmt.Errorf("set %s = %s: %w", limit, value, err)
		}
	}
	return s.catchUp(ctx)
}

// roleLimits are the settings that are set on the backend's role instead of in
// its environment: through a pooler no client can set them, and cells must differ
// by topology alone.
var roleLimits = []string{matrix.StatementTimeout, matrix.LockTimeout}
