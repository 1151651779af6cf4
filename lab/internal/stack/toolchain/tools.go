package toolchain

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// tools is the directory of what was built for one checkout:
//
//	bin/<program>     the programs
//	postgresql-18/    a second PostgreSQL, for the tests
//	axe/axe.min.js    axe-core, for the tests' browser
//	<program>.json    what each was built from; written last, so a program without one is half-built
//	inspected.json    versions and checksums of all programs, to save asking again
//	log/<step>.log    what the last set-up printed
//	lock              held while somebody sets up
type tools struct {
	root string // the checkout
	dir  string
}

func toolsOf(root string) tools {
	return tools{root: root, dir: filepath.Join(root, ".lab", "tools")}
}

func (t tools) file(name string) string { return filepath.Join(t.dir, name) }

func (t tools) bin() string { return t.file("bin") }

func (t tools) module() string { return filepath.Join(t.root, "lab", "tools") }

// create makes the directories. They can be passed through by the account that
// servers run as.
func (t tools) create() error {
	for _, dir := range []string{t.bin(), t.file("log")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("create directory for tools: %w", err)
		}
	}
	return nil
}

// stamp says what a program was built from, and how it came out.
type stamp struct {
	recipe
	SHA256 string `json:"sha256"` // of the program
}

// recipe tells one way to build a program from another.
type recipe struct {
	Sources string `json:"sources"`      // digest of pins and flags
	Go      string `json:"go,omitempty"` // version of the compiler; empty: none is there, or it is not Go's
}

// recipes returns the ways in which the program would be made now.
func (t tools) recipes(r Requirement, goVersion string) []recipe {
	var all []recipe
	if r.GoPackage != "" {
		all = append(all, t.goRecipe(goVersion))
	}
	if r.Source != nil {
		all = append(all, r.Source.recipe())
	}
	if r.Debian != nil && r.Debian.Unpack != "" {
		all = append(all, unpackedRecipe(r))
	}
	return all
}

// errStale says that a built program is to be built again.
var errStale = errors.New("was built from something else than what is asked for now")

// check reports whether the program is what one of the recipes makes. Where there is no
// Go to build it again with, any Go may have built it.
func (t tools) check(p Program, now []recipe) error {
	text, err := os.ReadFile(t.file(p.Name + ".json"))
	if err != nil {
		return fmt.Errorf("%s at %s is not built to its end: %w", p.Name, p.Path, err)
	}
	var s stamp
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%s at %s is not built to its end: %w", p.Name, p.Path, err)
	}
	for _, way := range now {
		if way.Go == "" {
			way.Go = s.Go
		}
		if s == (stamp{recipe: way, SHA256: p.SHA256}) {
			return nil
		}
	}
	return fmt.Errorf("%s at %s %w", p.Name, p.Path, errStale)
}

// place is the file of a program, below the directory of tools.
func (r Requirement) place() string {
	if r.file != "" {
		return r.file
	}
	return filepath.Join("bin", r.Name)
}

// adopt moves what was built elsewhere, a program or the directory of an installation, to
// its place, and stamps it.
func (t tools) adopt(r Requirement, built string, from recipe) error {
	if err := t.move(r, built); err != nil {
		return fmt.Errorf("adopt %s: %w", r.Name, err)
	}
	sum, err := sha256Of(t.file(r.place()))
	if err != nil {
		return fmt.Errorf("adopt %s: %w", r.Name, err)
	}
	text, err := json.Marshal(stamp{recipe: from, SHA256: sum})
	if err != nil {
		return fmt.Errorf("adopt %s: %w", r.Name, err)
	}
	if err := renameio.WriteFile(t.file(r.Name+".json"), text, 0o644); err != nil {
		return fmt.Errorf("adopt %s: %w", r.Name, err)
	}
	return nil
}

// move puts what was built into its place, without a stamp.
func (t tools) move(r Requirement, built string) error {
	if err := os.RemoveAll(t.file(r.Name + ".json")); err != nil {
		return err
	}
	if err := os.Chmod(built, 0o755); err != nil {
		return err
	}
	info, err := os.Stat(built)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return os.Rename(built, t.file(r.place()))
	}
	if err := os.RemoveAll(t.file(r.Name)); err != nil { // a rename replaces no directory that is full
		return err
	}
	return os.Rename(built, t.file(r.Name))
}

// digest is a checksum over texts, each kept apart from the next.
func digest(texts ...string) string {
	sum := sha256.New()
	for _, text := range texts {
		_, _ = fmt.Fprintf(sum, "%d %s\n", len(text), text)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
