// Package backend says what the lab knows of the backend under test: how it is built, seeded, started, told each
// setting, read back, measured and reset. All of that is in a manifest, backend.yaml, which Parse reads; no other
// part of the lab knows one backend from another.
package backend

import "time"

// Role is whom the program logs in as, whichever it is: the lab gives it the rights.
const Role = "app"

// Backend is a program that the lab can build, start, set, load, measure and reset.
type Backend struct {
	Name  string // as a spec names it
	Title string // in sentences
	Dir   string // of its manifest on this machine, with the files that the manifest names; empty: it is read of a run

	Source []byte // the manifest

	Build    Build
	Ports    []string // names of the ports that it listens on besides its first
	Run      Command
	Migrate  Command // makes the schema, as the owner of the database; without arguments: there is nothing to do
	Seed     Seed
	Ready    Ready
	Stop     Stop
	Settings []Setting         // that it can be told, in the order of the manifest
	Cannot   map[string]string // settings that it cannot be told → why
	SSLMode  string            // prefer or disable, which its driver must know; empty: prefer
	Sessions Expression        // most sessions of its pools on all servers; zero: not known
	Config   string            // path of its Config; empty: it has none
	Metrics  Metrics
	Outcome  Outcome

	Scenarios string              // directory of its k6 scripts, in Dir; empty: those of the lab
	Variables map[string][]string // variables that a spec may set by their own names → values; no values: any
	Load      Load
	Reset     Reset
	Faults    Faults
}

// Build is the way to the program. One of its first four fields is set.
type Build struct {
	Go       string   // package, installed at Version through the Go module proxy
	NPM      string   // package, installed at Version
	Package  string   // of Go in the checkout of the lab: it is there, in bin
	Path     string   // of a program that is there: absolute, or in Dir
	Version  string   // of Go and NPM
	With     []string // packages of npm, each with its version, that are installed beside it
	Program  string   // name of the program's file
	SHA256   string   // of the file at Path; empty: any
	Requires string   // program that must be on PATH to run it, such as node; empty: none
}

// Command is how the program is called, with placeholders.
type Command struct {
	Args []string
	Env  []Variable
}

// Variable is one of the program's environment.
type Variable struct{ Name, Value string }

// Seed fills the database, which Migrate has prepared. At most one of its first three fields is set.
type Seed struct {
	Prints []string // arguments with which the program prints SQL, which is run as the owner
	SQL    string   // file of SQL in Dir, which is run as the owner
	K6     string   // script of k6 in Dir, which is run against the running program
}

// Ready is how the lab sees that the program can serve. One of HTTP, TCP is set.
type Ready struct {
	HTTP   string        // path of a page
	Status int           // that it is answered with
	TCP    bool          // it takes connections on its first port
	Within time.Duration // of its start; 0: the lab's own bound
}

// Stop ends the program.
type Stop struct {
	Signal string        // INT or TERM; empty: the lab's own
	Within time.Duration // then it is killed; 0: the lab's own bound
}

// Outcome says what an answer means.
type Outcome struct {
	Success  []int  // statuses
	Overload []int  // statuses of an answer that turns a request away, for want of a connection or of room
	Failed   string // text in the body of an answer which makes it a failure whatever its status; empty: no such text
}

// Load is what the lab knows of the requests.
type Load struct {
	Rows    int // of the longest answer; 0: not known
	Authors int // in the data set, whom loads ask for; 0: the scripts ask for nobody
	Slow    Variable
}

// Reset is how the data set is told apart and brought back, in SQL.
type Reset struct {
	Proof   string   // one line of text, the same before every trial
	Remove  string   // deletes what a load has written; empty: it writes nothing
	Restart string   // in the same transaction: what is written next begins behind the data set
	Tidy    []string // statements, each alone, that give back the room of what was deleted
}

// Faults are where the lab injects some. A fault whose place is not named cannot be asked for.
type Faults struct {
	Lock  string // SQL that locks what writes of the load need
	Table string // whose rows are made dear to read
}

// Config is what a backend that has such a page tells of itself, as JSON at Backend.Config.
type Config struct {
	Settings map[string]string `json:"settings"` // by environment variable; URLs without user and password
	Pools    map[string]Pool   `json:"pools"`    // by target: Primary, Replica
}

// Pool is what a live session of a pool tells of itself, to be held against what was asked for.
type Pool struct {
	MaxConns         int32  `json:"max_conns"`
	TotalConns       int32  `json:"total_conns"`
	ServerVersion    string `json:"server_version"`
	InRecovery       bool   `json:"in_recovery"`       // the session is on a standby
	StatementTimeout string `json:"statement_timeout"` // as SHOW prints it
	LockTimeout      string `json:"lock_timeout"`      // as SHOW prints it
	SSLMode          string `json:"sslmode"`           // how connections are opened: disable, prefer or require
}

// Setting returns the setting of a name, nil if the backend cannot be told it.
func (b *Backend) Setting(name string) *Setting {
	for i := range b.Settings {
		if b.Settings[i].Name == name {
			return &b.Settings[i]
		}
	}
	return nil
}
