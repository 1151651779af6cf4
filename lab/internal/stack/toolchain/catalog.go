package toolchain

import (
	"context"
	"regexp"
	"slices"

	"stormwave/lab/internal/stack/proc"
)

// Requirement says how one program is recognised, and how it is got. That of a service's program is in the service's
// own file.
type Requirement struct {
	Name   string
	Others []string // names that distributions gave it, after its own
	Beside []string // programs that come in the same directory and count as one with it
	Maybe  []string // the same, but not insisted on
	Apart  string   // pattern of directories outside PATH where versions stand apart
	Home   string   // environment variable that names a directory with bin/ in it
	Role   Role
	Min    Version // oldest that works; nil: any
	Below  Version // first that no longer works; nil: none

	Module  string                // main package's module, to read the version of a Go program from its file
	Release func(Version) Version // from the module's version to the release's; nil: the same
	Ask     []string              // arguments that make it print its version
	Answer  *regexp.Regexp        // matches one line of what it prints then; the group is the version

	// Ways to get it; the first that does is taken. Without one it is only named.
	Debian    *DebianPackage
	GoPackage string // main package, in the versions that lab/tools/go.mod pins
	Source    *SourcePackage
	fetch     func(context.Context, *installer, Requirement) error // of what is no program
	npm       bool                                                 // fetch takes npm

	file string // within the directory of tools, of what stands there alone and is not looked for on PATH
}

// need is the range of versions in words.
func (r Requirement) need() string {
	text := ""
	if r.Min != nil {
		text = "≥ " + r.Min.String()
	}
	if r.Below != nil {
		text += ", < " + r.Below.String()
	}
	return text
}

// catalog lists the programs in the order in which they are set up: the services' among those that belong to none.
func catalog(services []Requirement) []Requirement {
	builders := []Requirement{
		{
			Name:   "go",
			Role:   Optional,
			Min:    Version{1, 26},
			Ask:    []string{"version"},
			Answer: regexp.MustCompile(`^go version go(\S+)`),
		},
		{
			Name:   "mage",
			Role:   Optional,
			Module: "github.com/magefile/mage",
			Ask:    []string{"-version"},
			Answer: regexp.MustCompile(`^Mage Build Tool v?(\d\S*)`),
		},
	}
	rest := []Requirement{
		{
			Name:      "k6",
			Role:      ForLab,
			Min:       Version{2, 0},
			Module:    "go.k6.io/k6/v2",
			Ask:       []string{"version"},
			Answer:    regexp.MustCompile(`^k6 v(\S+)`),
			GoPackage: "go.k6.io/k6/v2",
		},
		{
			Name:   "nix",
			Role:   ForTests,
			Min:    Version{2, 8},
			Ask:    []string{"--version"},
			Answer: regexp.MustCompile(`^nix \(Nix\) (\S+)`),
			Debian: &DebianPackage{Name: "nix-bin"},
		},
		{
			Name:   "chromium",
			Others: []string{"chromium-browser", "google-chrome"},
			Role:   ForTests,
			Ask:    []string{"--version"},
			Answer: regexp.MustCompile(`^(?:Chromium|Google Chrome) (\S+)`),
			Debian: &DebianPackage{Name: "chromium"},
		},
		{
			Name:   "git",
			Role:   ForTests,
			Ask:    []string{"--version"},
			Answer: regexp.MustCompile(`^git version (\S+)`),
			Debian: &DebianPackage{Name: "git"},
		},
		{
			// A second installation, which a test puts first on PATH. The lab never takes it.
			Name:   "postgresql-18",
			Role:   ForTests,
			Min:    Version{18},
			file:   "postgresql-18/bin/postgres",
			Ask:    []string{"--version"},
			Answer: regexp.MustCompile(`^postgres \(PostgreSQL\) (\S+)`),
			Source: postgresSource,
		},
	}
	if proc.IsRoot() && onPath("apt-get") != "" {
		// Only root can enter the bare system that it makes.
		rest = append(rest, Requirement{
			Name:   "debootstrap",
			Role:   ForTests,
			Ask:    []string{"--version"},
			Answer: regexp.MustCompile(`^debootstrap (\S+)`),
			Debian: &DebianPackage{Name: "debootstrap"},
		})
	}
	return slices.Concat(builders, services, rest)
}
