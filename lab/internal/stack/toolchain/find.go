package toolchain

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// Find looks for every program, the services' included, and installs nothing: first on PATH, then among
// what Setup has built for the checkout at root, then where the distribution
// keeps versions beside each other. It returns what does not do as missing.
func Find(ctx context.Context, root string, services []Requirement) (Set, []Missing) {
	return newFinder(root).find(ctx, catalog(services))
}

// systemDirs hold servers, and are not on every user's PATH.
var systemDirs = []string{"/usr/local/sbin", "/usr/sbin", "/sbin"}

type finder struct {
	path  []string // directories, in order
	tools tools
	seen  *inspections
}

func newFinder(root string) finder {
	t := toolsOf(root)
	return finder{
		path:  append(filepath.SplitList(os.Getenv("PATH")), systemDirs...),
		tools: t, seen: loadInspections(t.file("inspected.json")),
	}
}

func (f finder) find(ctx context.Context, all []Requirement) (Set, []Missing) {
	set := make(Set)
	var missing []Missing
	for _, r := range all {
		programs, refused := f.lookFor(ctx, r, set["go"].Version)
		for _, p := range programs {
			set[p.Name] = p
		}
		if len(programs) == 0 && r.Role != Optional {
			missing = append(missing, Missing{Name: r.Name, Need: r.need(), Role: r.Role, Refused: refused})
		}
	}
	f.seen.save()
	return set, append(missing, missingAxe(f.tools.root)...)
}

// lookFor returns the first candidate that does, with the programs beside it. A
// built one does only as long as what it was built from stays the same.
func (f finder) lookFor(ctx context.Context, r Requirement, goVersion string) (programs []Program, refused []string) {
	for _, c := range f.candidates(r) {
		programs, err := f.check(ctx, r, c)
		if err == nil && c.source == FromTools {
			err = f.tools.check(programs[0], f.tools.recipes(r, goVersion))
		}
		if err == nil {
			return programs, nil
		}
		refused = append(refused, err.Error())
	}
	return nil, refused
}

type candidate struct {
	path   string // links resolved
	dir    string // where it was found, before links were resolved
	source Source
}

// candidates lists the files that have one of the program's names, best first
// and each once.
func (f finder) candidates(r Requirement) []candidate {
	var all []candidate
	add := func(dir, name string, source Source) {
		path, err := resolve(filepath.Join(dir, name))
		if err != nil || slices.ContainsFunc(all, func(c candidate) bool { return c.path == path }) {
			return
		}
		if _, err := fingerprintOf(path); err == nil {
			all = append(all, candidate{path: path, dir: dir, source: source})
		}
	}
	if r.file != "" {
		add(filepath.Dir(f.tools.file(r.file)), filepath.Base(r.file), FromTools)
		return all
	}
	for _, dir := range f.path {
		for _, name := range append([]string{r.Name}, r.Others...) {
			if filepath.IsAbs(dir) {
				add(dir, name, FromPath)
			}
		}
	}
	if home := os.Getenv(r.Home); home != "" {
		add(filepath.Join(home, "bin"), r.Name, FromPath)
	}
	add(f.tools.bin(), r.Name, FromTools)
	for _, dir := range newestFirst(r.Apart) {
		add(dir, r.Name, FromDistribution)
	}
	return all
}

// check returns the candidate and what belongs to it, or says why it does not do.
func (f finder) check(ctx context.Context, r Requirement, c candidate) ([]Program, error) {
	found, err := f.seen.inspect(ctx, c.path, &r)
	if err != nil {
		return nil, err
	}
	v, err := ParseVersion(found.Version)
	if err != nil {
		return nil, err
	}
	if r.Min != nil && v.Less(r.Min) || r.Below != nil && !v.Less(r.Below) {
		return nil, fmt.Errorf("%s %s at %s: need %s", r.Name, v, c.path, r.need())
	}
	programs := []Program{newProgram(r.Name, c.path, found.Version, found.SHA256, c.source)}
	for _, name := range append(slices.Clone(r.Beside), r.Maybe...) {
		path, err := besideOf(c, name)
		if err != nil && slices.Contains(r.Maybe, name) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s at %s: %w", r.Name, v, c.path, err)
		}
		other, err := f.seen.inspect(ctx, path, nil)
		if err != nil {
			return nil, err
		}
		programs = append(programs, newProgram(name, path, found.Version, other.SHA256, c.source))
	}
	return programs, nil
}

// besideOf looks where the candidate really is, and then where its link was: a
// wrapper of another version may stand beside the link.
func besideOf(c candidate, name string) (string, error) {
	for _, dir := range []string{filepath.Dir(c.path), c.dir} {
		path, err := resolve(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		if _, err := fingerprintOf(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no %s beside it", name)
}

// resolve follows links, but not to a program of another name: such a one acts
// by the name that it is called by (snap, busybox).
func resolve(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	if filepath.Base(target) != filepath.Base(path) {
		return path, nil
	}
	return target, nil
}

var storePath = regexp.MustCompile(`^/nix/store/[0-9a-z]{32}-[^/]+`)

func newProgram(name, path, version, sum string, source Source) Program {
	return Program{
		Name:     name,
		Path:     path,
		Version:  version,
		SHA256:   sum,
		NixStore: storePath.FindString(path),
		Source:   source,
	}
}

// newestFirst lists directories such as /usr/lib/postgresql/15/bin by their number.
func newestFirst(pattern string) []string {
	dirs, _ := filepath.Glob(pattern)
	number := func(dir string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		return n
	}
	slices.SortFunc(dirs, func(a, b string) int { return number(b) - number(a) })
	return dirs
}

// onPath returns the path of a program of the system, "" when it is not there.
func onPath(name string) string {
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), systemDirs...) {
		path := filepath.Join(dir, name)
		if _, err := fingerprintOf(path); err == nil && filepath.IsAbs(path) {
			return path
		}
	}
	return ""
}
