// Package toolchain finds the programs that the lab runs, and gets those that
// are missing: from the machine where they are new enough, else built into the
// checkout's .lab/tools or installed from the distribution.
package toolchain

import (
	"fmt"
	"strings"
)

// Source says where a program comes from.
type Source string

// The three sources, in the order in which they are looked at.
const (
	FromPath         Source = "path"         // a directory of PATH, or a system directory beside it
	FromTools        Source = "tools"        // built into the checkout's .lab/tools
	FromDistribution Source = "distribution" // a place where only the distribution's packages install
)

// Program is a program that was found and is new enough.
type Program struct {
	Name     string `json:"name"`
	Path     string `json:"path"`                // absolute, links resolved
	Version  string `json:"version"`             // numbers only: "15.18"
	SHA256   string `json:"sha256"`              // of the file at Path, hexadecimal
	NixStore string `json:"nix_store,omitempty"` // "/nix/store/<hash>-<name>"; empty: not from Nix
	Source   Source `json:"source"`
}

// Set maps the name of a program to the program.
type Set map[string]Program

// Path returns the absolute path of the named program, "" when it is not there.
func (s Set) Path(name string) string { return s[name].Path }

// Role says what a program is needed for.
type Role string

// The roles. An optional program is used where it is there and never missing.
const (
	ForLab   Role = "lab"
	ForTests Role = "tests"
	Optional Role = "optional"
)

// Missing is a program that is not there, or not in a version that works.
type Missing struct {
	Name    string
	Need    string   // the versions that work: "≥ 1.21"
	Role    Role     // ForLab or ForTests
	Refused []string // what was found instead, and why it does not do
}

func (m Missing) String() string {
	text := strings.TrimSpace(fmt.Sprintf("%s %s", m.Name, m.Need))
	if len(m.Refused) > 0 {
		return fmt.Sprintf("%s (%s)", text, strings.Join(m.Refused, "; "))
	}
	return text
}
