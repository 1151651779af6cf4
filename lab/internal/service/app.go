package service

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/route"
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
		Prepare: func(_ context.Context, e *Env) error {
			_, err := e.backendProcess()
			return err
		},
		Process: func(e *Env) proc.Spec {
			spec, _ := e.backendProcess() // Prepare has told the error
			return spec
		},
		Ready:    func(ctx context.Context, e *Env) error { return e.backendReady(ctx) },
		Within:   func(e *Env) time.Duration { return e.Backend.Ready.Within },
		ReadBack: readBackApp,
	}
}

var appFamily = matrix.Family{
	Prefix:  matrix.AppPrefix,
	Member:  "<ENV>",
	Names:   variable,
	Meaning: "environment variable of the backend",
	Refused: []matrix.Refusal{
		{Names: regexp.MustCompile(`^PG.*$`), Why: "it leads the backend to another database"},
		{Names: ofRuntime, Why: "it steers the program's runtime and files, not the backend"},
	},
}

// AppURL is where the backend listens.
func (e *Env) AppURL() string { return e.URL(App) }

// backendProcess is what the backend is started as with the settings of the cell.
func (e *Env) backendProcess() (proc.Spec, error) {
	settings := maps.Clone(e.Settings)
	if _, told := settings[matrix.ExecMode]; told {
		settings[matrix.ExecMode] = e.execMode(e.Settings)
	}
	env, args, parameters, err := e.Backend.Told(settings)
	if err != nil {
		return proc.Spec{}, err
	}
	primary, replica := e.appURLs(e.Settings.Route(), e.Settings[matrix.SSLMode])
	ofRun, set := e.Backend.Run.Filled(e.holes(withParameters(primary, parameters), withParameters(replica, parameters)))
	env = slices.Concat(e.backendEnv(), set, env)
	for name, value := range e.Settings {
		if own, ok := strings.CutPrefix(name, matrix.AppPrefix); ok {
			env = append(env, own+"="+value)
		}
	}
	stop := e.Backend.Stop
	return proc.Spec{
		Path:        e.Layout.Backend(e.Backend, e.Settings[matrix.Commit]),
		Args:        append(ofRun, args...),
		Env:         env,
		StopSignal:  signals[stop.Signal],
		StopTimeout: stop.Within,
	}, nil
}

// holes are the values of the placeholders of a backend's commands.
func (e *Env) holes(primary, replica string) map[string]string {
	addr := e.Addrs[App]
	host, port, _ := net.SplitHostPort(addr)
	holes := map[string]string{
		backend.HoleAddr:    addr,
		backend.HoleHost:    host,
		backend.HolePort:    port,
		backend.HolePrimary: primary,
		backend.HoleReplica: replica,
		backend.HoleDir:     e.Backend.Dir,
	}
	for _, name := range e.Backend.Ports {
		holes[backend.HolePort+"."+name] = portOf(e.Addrs[backendPort(name)])
	}
	return holes
}

// backendPort is the name of the address of a further port of the backend.
func backendPort(name string) string { return App + "." + name }

// BackendPorts are the names of the addresses of all further ports of a backend.
func BackendPorts(b *backend.Backend) []string {
	var names []string
	for _, port := range b.Ports {
		names = append(names, backendPort(port))
	}
	return names
}

// withParameters adds parameters to a URL, unless it is empty.
func withParameters(way *url.URL, parameters map[string]string) string {
	if way == nil {
		return ""
	}
	query := way.Query()
	for name, value := range parameters {
		query.Set(name, value)
	}
	way.RawQuery = query.Encode()
	return way.String()
}

// appURLs are the ways to the databases on a route; replica is nil where
// the backend does not know of one.
func (e *Env) appURLs(r route.Route, sslmode string) (primary, replica *url.URL) {
	addr := e.Addrs[r.Writes[1]]
	if _, delayed := e.Settings[matrix.FaultDelay]; delayed {
		addr = e.Addrs[FaultProxy]
	}
	primary = e.RoleURL(addr, sslmode)
	if !r.ReadsFrom(Replica) {
		return primary, nil
	}
	way := e.RoleURL(e.Addrs[r.Reads[1]], sslmode)
	if r.Reads[1] != Replica {
		Find(r.Reads[1]).ToReplica(way)
	}
	return primary, way
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

// backendReady is nil once the backend can serve.
func (e *Env) backendReady(ctx context.Context) error {
	if ready := e.Backend.Ready; ready.HTTP != "" {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		_, err := getWith(ctx, e.AppURL()+ready.HTTP, ready.Status)
		return err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", e.Addrs[App])
	if err != nil {
		return err
	}
	return conn.Close()
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

// appPatience bounds how long the backend is asked for a page. In a cell that ends connections while they
// idle, each question that fails takes one of those out of its pool.
const appPatience = 5 * time.Second

// page gets a page of the backend.
func (e *Env) page(ctx context.Context, path string, into any) error {
	body, err := e.askApp(ctx, path)
	if err == nil {
		err = json.Unmarshal([]byte(body), into)
	}
	if err != nil {
		return fmt.Errorf("read the backend's configuration: %w", err)
	}
	return nil
}

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

// topologyOf names the topology by where the backend's pools really lead to.
func (e *Env) topologyOf(config backend.Config) string {
	leadsTo := func(hole, service string) bool {
		u, err := url.Parse(config.Settings[e.variableOf(hole)])
		if err == nil && u.Host == e.Addrs[FaultProxy] {
			return service == e.Settings.Route().Writes[1]
		}
		return err == nil && u.Host == e.Addrs[service]
	}
	replica, reads := config.Pools[backend.Replica]
	if reads && !replica.InRecovery {
		return "reads go to a server that is no standby"
	}
	for _, topology := range Catalog(e.Backend).Topologies() {
		r := route.Of(topology)
		if r.ReadsFrom(Replica) == reads && leadsTo(backend.HolePrimary, r.Writes[1]) &&
			(!reads || leadsTo(backend.HoleReplica, r.Reads[1])) {
			return topology
		}
	}
	return fmt.Sprintf("writes to %s, reads to %s",
		config.Settings[e.variableOf(backend.HolePrimary)], config.Settings[e.variableOf(backend.HoleReplica)])
}

// variableOf is the variable that carries a placeholder.
func (e *Env) variableOf(hole string) string {
	i := slices.IndexFunc(e.Backend.Run.Env, func(v backend.Variable) bool { return backend.Has(v.Value, hole) })
	if i < 0 {
		return ""
	}
	return e.Backend.Run.Env[i].Name
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
