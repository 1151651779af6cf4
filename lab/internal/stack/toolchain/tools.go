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

// recipe returns what the program would be built from now.
func (t tools) recipe(r requirement, goVersion string) recipe {
	if r.module == "" {
		return pgbouncerRecipe()
	}
	return t.goRecipe(goVersion)
}

// errStale says that a built program is to be built again.
var errStale = errors.New("was built from something else than what is asked for now")

// check reports whether the program is what the recipe makes. Where there is no
// Go to build it again with, any Go may have built it.
func (t tools) check(p Program, now recipe) error {
	text, err := os.ReadFile(t.file(p.Name + ".json"))
	if err != nil {
		return fmt.Errorf("%s at %s is not built to its end: %w", p.Name, p.Path, err)
	}
	var s stamp
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%s at %s is not built to its end: %w", p.Name, p.Path, err)
	}
	if now.Go == "" {
		now.Go = s.Go
	}
	if s != (stamp{recipe: now, SHA256: p.SHA256}) {
		return fmt.Errorf("%s at %s %w", p.Name, p.Path, errStale)
	}
	return nil
}

// adopt moves a program that was built elsewhere to its place, and stamps it.
func (t tools) adopt(name, built string, from recipe) error {
	sum, err := sha256Of(built)
	if err != nil {
		return err
	}
	if err := os.Chmod(built, 0o755); err != nil {
		return fmt.Errorf("adopt %s: %w", name, err)
	}
	if err := os.Rename(built, filepath.Join(t.bin(), name)); err != nil {
		return fmt.Errorf("adopt %s: %w", name, err)
	}
	text, err := json.Marshal(stamp{recipe: from, SHA256: sum})
	if err != nil {
		return fmt.Errorf("adopt %s: %w", name, err)
	}
	if err := renameio.WriteFile(t.file(name+".json"), text, 0o644); err != nil {
		return fmt.Errorf("adopt %s: %w", name, err)
	}
	return nil
}

// digest is a checksum over texts, each kept apart from the next.
func digest(texts ...string) string {
	sum := sha256.New()
	for _, text := range texts {
		_, _ = fmt.Fprintf(sum, "%d %s\n", len(text), text)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
