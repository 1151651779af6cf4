package service

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/route"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack/proc"
)

// App is the backend.
const App = route.Backend

func app() Service {
	return Service{
		Name:     App,
		Title:    "the backend",
		Needs:    []string{Primary, Replica, FaultProxy},
		PerCell:  true,
		Quota:    true,
		Scrape:   Scrape{Job: "app"},
		Settings: appFamily,
		Process: func(e *Env) proc.Spec {
			return proc.Spec{Path: e.Layout.Backend(e.Settings[matrix.Backend]), Env: e.appEnvironment(e.Settings)}
		},
		Ready:    answers(App, backend.Bundled.Ready),
		ReadBack: readBackApp,
	}
}

var appFamily = matrix.Family{
	Prefix:  matrix.AppPrefix,
	Member:  "<ENV>",
	Names:   variable,
	Meaning: "environment variable of the backend",
	Refused: []matrix.Refusal{
		{Names: regexp.MustCompile(`^` + backend.Bundled.Variables.Addr + `$`), Why: "the lab chooses the address"},
		{
			Names: regexp.MustCompile(
				`^(` + backend.Bundled.Variables.PrimaryURL + `|` + backend.Bundled.Variables.ReplicaURL + `)$`,
			),
			Why: "use " + matrix.Topology,
		},
		{Names: regexp.MustCompile(`^PG.*$`), Why: "it leads the backend to another database"},
		{Names: ofRuntime, Why: "it steers the program's runtime and files, not the backend"},
	},
}

// AppURL is where the backend listens.
func (e *Env) AppURL() string { return e.URL(App) }

func (e *Env) appEnvironment(settings matrix.Settings) []string {
	variables := backend.Bundled.Variables
	env := []string{variables.Addr + "=" + e.Addrs[App]}
	primary, replica := e.appURLs(settings.Route(), settings[matrix.SSLMode])
	env = append(env, variables.PrimaryURL+"="+primary)
	if replica != "" {
		env = append(env, variables.ReplicaURL+"="+replica)
	}
	for name, variable := range matrix.OfBackend() {
		value, set := settings[name]
		if name == matrix.ExecMode {
			value = e.execMode(settings)
		}
		if set && !slices.Contains(roleLimits, name) {
			env = append(env, variable+"="+value)
		}
	}
	for name, value := range settings {
		if own, ok := strings.CutPrefix(name, matrix.AppPrefix); ok {
			env = append(env, own+"="+value)
		}
	}
	return env
}

// appURLs are the ways to the databases on a route; replica is empty where
// the backend does not know of one.
func (e *Env) appURLs(r route.Route, sslmode string) (primary, replica string) {
	addr := e.Addrs[r.Writes[1]]
	if _, delayed := e.Settings[matrix.FaultDelay]; delayed {
		addr = e.Addrs[FaultProxy]
	}
	primary = e.RoleURL(addr, sslmode).String()
	if !r.ReadsFrom(Replica) {
		return primary, ""
	}
	way := e.RoleURL(e.Addrs[r.Reads[1]], sslmode)
	if r.Reads[1] != Replica {
		Find(r.Reads[1]).ToReplica(way)
	}
	return primary, way.String()
}

// RoleURL is the backend's way to an address, with its password.
func (e *Env) RoleURL(addr, sslmode string) *url.URL {
	return &url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(AppRole, e.secrets[AppRole]),
		Host:     addr,
		Path:     "/" + Database,
		RawQuery: "sslmode=" + sslmode,
	}
}

// SetRoleLimits sets the server's own time limits for the backend. The replica
// gets them by replication.
func (e *Env) SetRoleLimits(ctx context.Context, settings matrix.Settings) error {
	conn, err := e.Admin(ctx, Primary)
	if err != nil {
		return err
	}
	for _, limit := range roleLimits {
		value := settings[limit]
		if value == "" || value == backend.None {
			value = "0"
		}
		if _, err := conn.Exec(ctx, fmt.Sprintf("ALTER ROLE %s SET %s = '%s'", AppRole, limit, value)); err != nil {
			return fmt.Errorf("set %s = %s: %w", limit, value, err)
		}
	}
	return e.CatchUp(ctx)
}

// roleLimits are the settings that are set on the backend's role instead of in
// its environment: through a pooler no client can set them, and cells must differ
// by topology alone.
var roleLimits = []string{matrix.StatementTimeout, matrix.LockTimeout}

// readBackApp asks the backend for its own configuration, and for what the servers tell it over its own path. Whether
// it reads from the replica or through a pooler is seen from the addresses that it talks to.
func readBackApp(ctx context.Context, e *Env, into *setting.Reading) error {
	effective := make(matrix.Settings)
	body, err := e.askApp(ctx, backend.Bundled.ReadBack)
	if err != nil {
		return fmt.Errorf("read the backend's configuration: %w", err)
	}
	var config backend.Config
	if err := json.Unmarshal([]byte(body), &config); err != nil {
		return fmt.Errorf("read the backend's configuration: %w", err)
	}
	for name, variable := range matrix.OfBackend() {
		if value, ok := config.Settings[variable]; ok && !slices.Contains(roleLimits, name) {
			effective[name] = value
		}
	}
	e.readBackVariables(config, into)
	e.readBackExecMode(effective)
	effective[matrix.Topology] = e.topologyOf(config)
	effective[matrix.SSLMode] = agreed(config, func(p backend.Pool) string { return p.SSLMode })
	effective[matrix.StatementTimeout] = agreed(config, func(p backend.Pool) string { return p.StatementTimeout })
	effective[matrix.LockTimeout] = agreed(config, func(p backend.Pool) string { return p.LockTimeout })
	err = e.readBackCommit(effective)
	for name, value := range effective {
		into.Note(name, App, value, e.Settings[name] == value)
	}
	return err
}

// appPatience bounds how long the backend is asked for its configuration. In a cell that ends connections while they
// idle, each question that fails takes one of those out of its pool.
const appPatience = 5 * time.Second

func (e *Env) askApp(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, appPatience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var why error // of the last answer, which says more than that the time is over
	for {
		body, err := Get(ctx, e.AppURL()+path)
		if err == nil {
			return body, nil
		}
		if why == nil || ctx.Err() == nil {
			why = err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", why
		}
	}
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

// topologyOf names the topology by where the backend's pools really lead to.
func (e *Env) topologyOf(config backend.Config) string {
	variables := backend.Bundled.Variables
	leadsTo := func(env, service string) bool {
		u, err := url.Parse(config.Settings[env])
		if err == nil && u.Host == e.Addrs[FaultProxy] {
			return service == e.Settings.Route().Writes[1]
		}
		return err == nil && u.Host == e.Addrs[service]
	}
	replica, reads := config.Pools[backend.Bundled.Labels.Replica]
	if reads && !replica.InRecovery {
		return "reads go to a server that is no standby"
	}
	for _, topology := range Catalog().Topologies() {
		r := route.Of(topology)
		if r.ReadsFrom(Replica) == reads && leadsTo(variables.PrimaryURL, r.Writes[1]) &&
			(!reads || leadsTo(variables.ReplicaURL, r.Reads[1])) {
			return topology
		}
	}
	return fmt.Sprintf("writes to %s, reads to %s",
		config.Settings[variables.PrimaryURL], config.Settings[variables.ReplicaURL])
}

// agreed is a server-side limit as every pool's session shows it, or all that are
// shown.
func agreed(config backend.Config, limit func(backend.Pool) string) string {
	seen := make(map[string]bool)
	for _, pool := range config.Pools {
		value := limit(pool)
		if value == "0" {
			value = backend.None
		}
		seen[value] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(seen)), ", ")
}
