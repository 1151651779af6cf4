package matrix

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/route"
)

// Inventory is what there is for a spec to name.
type Inventory struct {
	Scenarios []string // names of the scripts
	Missing   error    // why the backend that the spec names cannot be had; nil: it is that of Services
	Services  *Catalog
	Causes    []string // that a cell may be expected to be limited by
	CPUs      string   // of the machine that the spec is to run on, as Linux writes a list; empty: any
}

// Service is what those know of a service that do not run it: what a spec can say of it, and how figures name it.
type Service struct {
	Name     string
	Title    string // in sentences: "PgBouncer"
	Group    string // in cpus: the name for it and its like, where it is not named itself; empty: none
	Pooler   bool   // queries can go through it
	Pool     Pool   // of a pooler
	Killable bool   // fault.kill takes it
	Quota    bool   // fault.cpu_… takes it
	Settings Family // that are its own; zero: none
	Job      string // of Prometheus, by which it is scraped; empty: it is not
}

// Family is the settings of a program that are passed on by name.
type Family struct {
	Prefix   string         // before the name: "pgbouncer."
	Member   string         // stands for the name in documents: "<key>"
	Names    *regexp.Regexp // what a name may be
	Meaning  string
	Defaults map[string]string // where a spec sets nothing and the lab does not leave it to the program
	Types    map[string]Type   // of the names whose values the lab can read; the others take any text
	Texts    []string          // the others that the program's documents list; none: that list is not here
	Refused  []Refusal
	Unquoted string // characters of which the program's file can hold none; empty: it can hold any line
}

// values are those that a member takes which the lab cannot read.
func (f Family) values() Type {
	if f.Unquoted == "" {
		return text
	}
	return Type{text.Allowed + " without any of " + f.Unquoted, func(s string) (string, bool) {
		v, ok := text.Parse(s)
		return v, ok && !strings.ContainsAny(s, f.Unquoted)
	}}
}

// Pool says how a pooler shares its connections. Keys are of its family, metrics those of a record.
type Pool struct {
	Threads int      // that serve all clients; 0: each has a process
	Queues  bool     // it lets in as many clients as it serves at once; the others wait in its socket's queue
	Size    string   // key: its connections to a server at most
	Bounds  []string // keys that bound Size too, unless they are 0
	Least   string   // key: the connections that it keeps; empty: none
	Clients string   // key: the clients that it lets in at most
	Used    string   // metric: connections in use at most
	Waiting string   // metric: clients that wait for one at most
	Wait    string   // metric: mean wait of a query in ms; empty: it is in that for the backend's own connection

	Refusal  string // SQLSTATE with which it refuses clients, and queries that wait too long; empty: none of its own
	Serving  string // metric: clients at most that it serves, besides those that wait
	Patience string // key: seconds that a query waits at most
	Idle     string // key: seconds after which it ends a client's connection that idles; it gives Refusal then

	Prepared string // key: prepared statements that it knows again on another connection; empty: it does not change it
	Mode     string // key: when it changes a client's connection
}

// IdleLimit is a setting by which a server or a pooler ends connections that idle, and the SQLSTATE that their owner
// gets then.
type IdleLimit struct{ Setting, SQLState string }

// IdleLimits are those of PostgreSQL and of the poolers.
func IdleLimits(poolers []Service) []IdleLimit {
	all := []IdleLimit{{PostgresPrefix + "idle_session_timeout", "57P05"}}
	for _, p := range poolers {
		if p.Pool.Idle != "" {
			all = append(all, IdleLimit{p.Settings.Prefix + p.Pool.Idle, p.Pool.Refusal})
		}
	}
	return all
}

// Ends says whether a value of the limit ends any connection.
func (IdleLimit) Ends(value string) bool {
	v, err := strconv.ParseFloat(value, 64)
	return value != "" && (err != nil || v != 0) // 2s, or a bare number
}

// Refusal is names that are not for a spec to set. A spec says how the programs behave. It does not say what they
// run, which files they read and write, where they listen and whom they let in: a spec from somebody else must not
// be able to do more than measure.
type Refusal struct {
	Names *regexp.Regexp
	Why   string
}

// Catalog is the services that a spec can name, the backend among them, and with them all settings.
type Catalog struct {
	services []Service
	backend  *backend.Backend
	table    []Setting
	members  map[string]Type // of the families, whose values the lab can read; the others are any text
}

// Documented are the names that the documents of programs list, where that list is here.
func (c *Catalog) Documented() Known {
	known := make(Known)
	for _, s := range c.services {
		if len(s.Settings.Texts) == 0 {
			continue
		}
		names := make(map[string]bool)
		for _, name := range slices.AppendSeq(slices.Clone(s.Settings.Texts), maps.Keys(s.Settings.Types)) {
			names[name] = true
		}
		known[s.Settings.Prefix] = names
	}
	return known
}

// NewCatalog returns the catalog of the services, in their order, with this backend.
func NewCatalog(services []Service, b *backend.Backend) *Catalog {
	c := &Catalog{services: services, backend: b, members: membersOf(b)}
	modes := []string{sslPrefer, sslDisable}
	if b.SSLMode == sslDisable {
		modes = modes[1:]
	}
	c.table = slices.Concat(ofBackend(b), []Setting{
		{
			Name:    Topology,
			Type:    choice(c.Topologies()...),
			Default: route.Direct,
			Meaning: "servers between the backend and the data",
		},
		{
			Name:    SSLMode,
			Type:    choice(modes...),
			Default: modes[0],
			Meaning: "whether the backend asks each server for TLS first, and connects again without, as URLs without " +
				"sslmode do",
		},
	})
	if b.Build.Package != "" {
		c.table = append(c.table, Setting{
			Name:    Commit,
			Type:    commit,
			Meaning: "commit of this repository whose backend runs, built for it; without one it is that of the checkout",
		})
	}
	for _, f := range c.families() {
		c.table = append(c.table, Setting{Name: f.Prefix + f.Member, Type: f.values(), Meaning: f.Meaning})
	}
	c.table = append(c.table, c.faults()...)
	return c
}

// Backend is the one under test.
func (c *Catalog) Backend() *backend.Backend { return c.backend }

// Table lists every setting, in the order that documentation shows them. It is
// the single source for names, types and defaults.
func (c *Catalog) Table() []Setting { return c.table }

// Topologies are the values of Topology, as route.Of reads them: with each pooler or without, and reads from the
// replica or not.
func (c *Catalog) Topologies() []string {
	all := []string{route.Direct, route.Replica}
	for _, s := range c.services {
		if s.Pooler {
			all = append(all, s.Name, s.Name+"+"+route.Replica)
		}
	}
	return all
}

// Services are all, in their order.
func (c *Catalog) Services() []Service { return slices.Clone(c.services) }

// Poolers are the services that queries can go through.
func (c *Catalog) Poolers() []Service {
	return slices.DeleteFunc(c.Services(), func(s Service) bool { return !s.Pooler })
}

// families are those of the services that have settings of their own.
func (c *Catalog) families() []Family {
	var all []Family
	for _, s := range c.services {
		if s.Settings.Prefix != "" {
			all = append(all, s.Settings)
		}
	}
	return all
}

// pinned are the names that cpus takes.
func (c *Catalog) pinned() []string {
	var names []string
	for _, s := range c.services {
		if s.Group != "" && !slices.Contains(names, s.Group) {
			names = append(names, s.Group)
		}
		names = append(names, s.Name)
	}
	return names
}

// CPUs returns the list of each service that is pinned, by its own name or its group's.
func (c *Catalog) CPUs(given CPUs) CPUs {
	all := CPUs{}
	for _, s := range c.services {
		if list := given.Of(s.Name, s.Group); list != "" {
			all[s.Name] = list
		}
	}
	return all
}

// longestMember is far above the longest name of a PostgreSQL parameter.
const longestMember = 100

// Lookup finds the setting of a name; for a member of a family, its name is the
// one asked for. The error says which names there are.
func (c *Catalog) Lookup(name string) (Setting, error) {
	variable, ofApp := strings.CutPrefix(name, AppPrefix)
	for _, s := range c.table {
		if s.Name == name && !strings.Contains(name, "<") {
			return s, nil
		}
		if ofApp && s.Env != "" && variable == s.Env {
			return Setting{}, fmt.Errorf("is not for a spec to set: use %s", s.Name)
		}
	}
	if ofApp {
		if why := c.backend.Sets(variable); why != "" {
			return Setting{}, fmt.Errorf("is not for a spec to set: %s", why)
		}
	}
	for _, f := range c.families() {
		if member, ok := strings.CutPrefix(name, f.Prefix); ok {
			return f.lookup(name, member, c.members)
		}
	}
	if name == formerCommit {
		return Setting{}, fmt.Errorf("is not a setting: for a commit of this repository use %s; "+
			"another backend is named by the key backend of the spec", Commit)
	}
	if backend.Knows(name) {
		return Setting{}, c.untold(name)
	}
	var names []string
	for _, s := range c.table {
		// Faults are only for who asks for one.
		if strings.HasPrefix(s.Name, FaultPrefix) == strings.HasPrefix(name, FaultPrefix) {
			names = append(names, s.Name)
		}
	}
	return Setting{}, errors.New("is not a setting: " + suggest(name, names))
}

// formerCommit is what Commit was called.
const formerCommit = "backend"

// untold says that the backend cannot be told a setting, and what it can.
func (c *Catalog) untold(name string) error {
	why := c.backend.Cannot[name]
	if why == "" {
		why = "its manifest does not say how"
	}
	var names []string
	for _, s := range c.backend.Settings {
		names = append(names, s.Name)
	}
	return fmt.Errorf("cannot be told to %s: %s; it can be told %s", c.backend.Title, why, strings.Join(names, ", "))
}

func (f Family) lookup(name, member string, members map[string]Type) (Setting, error) {
	for _, r := range f.Refused {
		if r.Names.MatchString(member) {
			return Setting{}, fmt.Errorf("is not for a spec to set: %s", r.Why)
		}
	}
	if len(member) > longestMember {
		return Setting{}, fmt.Errorf("is too long: at most %d bytes after %q", longestMember, f.Prefix)
	}
	if !f.Names.MatchString(member) {
		return Setting{}, fmt.Errorf("must match %s after %q", f.Names, f.Prefix)
	}
	kind, known := members[name]
	if !known {
		kind, known = f.Types[member]
	}
	if !known {
		kind = f.values()
	}
	return Setting{Name: name, Type: kind, Meaning: f.Meaning}, nil
}
