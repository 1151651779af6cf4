package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// FaultProxy is the proxy that delays what goes to the database, where a cell asks for that.
const FaultProxy = "fault-proxy"

// LabExporter is the supervisor's own exporter, no process of its own.
const LabExporter = "lab"

// Config is what the services are started with in a cell.
type Config struct {
	Backend  *backend.Backend
	Settings matrix.Settings
	CPUs     matrix.CPUs
	Conf     map[string]GUCs // of each PostgreSQL server
}

// NewConfig returns that of a cell for which a spec sets nothing.
func NewConfig(b *backend.Backend) *Config {
	settings := Catalog(b).Defaults()
	conf := make(map[string]GUCs)
	for _, server := range Servers {
		conf[server] = GUCsOf(settings)
	}
	return &Config{Backend: b, Settings: settings, Conf: conf}
}

// Env is where the services of one checkout live, and what they are started with.
type Env struct {
	Layout Layout
	Tools  toolchain.Set
	Addrs  map[string]string // of each service, host:port
	*Config
	Archive bool                  // Prometheus only shows what a run has kept
	Blind   bool                  // Prometheus scrapes nothing, because the cell asks for that
	Running func() map[string]int // process ids of the services that run

	TemplateMade atomic.Bool // the data set was made, not copied
	templateDir  string      // that the primary's data is copied from
	servant      proc.Account
	secrets      secrets
	verifiers    map[string]string // what servers keep of them, by role
	home         io.Closer         // the lock of the servers' directories; nil: not taken yet
	adminsMu     sync.Mutex
	admins       map[string]*pgx.Conn // held since the server started, by service
}

// NewEnv chooses the account of the servers, and draws the passwords.
func NewEnv(layout Layout, tools toolchain.Set, addrs map[string]string, b *backend.Backend) (*Env, error) {
	servant, err := serviceAccount()
	if err != nil {
		return nil, err
	}
	passwords := newSecrets()
	verifiers, err := newVerifiers(passwords)
	if err != nil {
		return nil, err
	}
	return &Env{
		Layout:    layout,
		Tools:     tools,
		Addrs:     addrs,
		Config:    NewConfig(b),
		servant:   servant,
		secrets:   passwords,
		verifiers: verifiers,
		admins:    make(map[string]*pgx.Conn),
	}, nil
}

// NewArchive is where a Prometheus lives that only shows what a run has kept, and a Grafana beside it.
func NewArchive(layout Layout, tools toolchain.Set, addrs map[string]string) *Env {
	return &Env{Layout: layout, Tools: tools, Addrs: addrs, Config: &Config{}, Archive: true, secrets: newSecrets()}
}

// Prepare makes the directories and the files that outlast a start of single services, and removes what an earlier
// stack has left.
func (e *Env) Prepare() error {
	if proc.IsRoot() {
		sweepHomes(rootHomes)
	}
	if err := errors.Join(e.Layout.Create(), e.claimHome()); err != nil {
		return err
	}
	if err := errors.Join(e.makeServantDirs(), e.ownPrograms()); err != nil {
		return err
	}
	if err := e.RemoveData(); err != nil {
		return fmt.Errorf("remove old data: %w", err)
	}
	return writePrivate(e.Layout.passfile(), e.secrets.passfile(AppRole, monitorRole, poolerAdmin))
}

// RemoveData removes the data of both servers, and what services have left in shared memory. None of them runs.
func (e *Env) RemoveData() error {
	errs := []error{sweepServices(e.Layout.dataDir(), func(Service) bool { return true })}
	for _, server := range Servers {
		errs = append(errs, removeData(e.Layout.data(server)))
	}
	return errors.Join(errs...)
}

// Process is what the service's process is started as.
func (e *Env) Process(s Service) proc.Spec {
	spec := s.Process(e)
	spec.Name, spec.Log = s.Name, e.Layout.Log(s.Name)
	spec.CPUs = e.CPUs.Of(s.Name, s.Group)
	spec.Quota = e.quota(s.Name)
	spec.Env = append(e.BaseEnv(), spec.Env...)
	if spec.Path == "" {
		spec.Path = e.Tools.Path(s.Program.Name)
	}
	return spec
}

// quota is the CPUs that a service may use at most; 0: all.
func (e *Env) quota(service string) float64 {
	v, err := strconv.ParseFloat(e.Settings[matrix.FaultCPU(service)], 64)
	if err != nil {
		return 0
	}
	return v
}

// BaseEnv is what the services are told besides what every program gets.
func (e *Env) BaseEnv() []string { return []string{"HOME=" + e.Layout.Home} }

// Port is where a service listens.
func (e *Env) Port(service string) uint64 {
	port, _ := strconv.ParseUint(portOf(e.Addrs[service]), 10, 16)
	return port
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// URL is where a service listens for HTTP, with the password if it asks for one: for the lab alone.
func (e *Env) URL(service string) string {
	u := url.URL{Scheme: "http", Host: e.Addrs[service]}
	if service == Prometheus {
		u.User = url.UserPassword(prometheusUser, e.secrets[prometheusUser])
	}
	return u.String()
}

// Get returns the body of a page, which must be answered with 200.
func Get(ctx context.Context, address string) (string, error) {
	return getWith(ctx, address, http.StatusOK)
}

// getWith is Get of a page that is answered with another status.
func getWith(ctx context.Context, address string, status int) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != status {
		err = fmt.Errorf("%s answers %s: %.200s", req.URL.Redacted(), resp.Status, body)
	}
	return string(body), err
}

// answers is ready where a path of the service is answered with 200.
func answers(service, path string) func(context.Context, *Env) error {
	return func(ctx context.Context, e *Env) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		_, err := Get(ctx, e.URL(service)+path)
		return err
	}
}
