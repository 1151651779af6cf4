package backend

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"stormwave/lab/internal/strict"
)

// Files tells of a path in the directory of a manifest whether it is there, and whether it is a directory. Nil: what a
// manifest names is not looked for.
type Files func(path string) (isDir, found bool)

var required = []string{"name", "build", "run", "ready", "reset"}

var (
	nameText     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	variableText = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,99}$`)
	portText     = regexp.MustCompile(`^[a-z][a-z0-9]{0,31}$`)
)

// Parse reads a manifest. The error is strict.Diagnostics: everything that is wrong, each with its line and column.
func Parse(src []byte, files Files) (*Backend, error) {
	p := &parser{
		Reader: strict.Reader{What: "the manifest", Kind: "a manifest", Need: strings.Join(required, ", ")},
		files:  files,
	}
	if err := p.Read(src, p.top); err != nil {
		return nil, err
	}
	p.b.Source = src
	return &p.b, nil
}

// parser collects a manifest and its diagnostics.
type parser struct {
	strict.Reader
	files Files
	b     Backend
	texts []*yaml.Node // that may hold placeholders
	last  []func()     // checks of what refers to other keys
}

// reader reads the value of a key.
type reader func(what string, n *yaml.Node)

// object reads a map whose keys are known, and returns those that are given.
func (p *parser) object(n *yaml.Node, what string, readers map[string]reader) map[string]*yaml.Node {
	given := make(map[string]*yaml.Node)
	allowed := slices.Sorted(maps.Keys(readers))
	for _, f := range p.Mapping(n, what) {
		key := f.Key.Value
		read, ok := readers[key]
		if !ok {
			p.Diagnose(f.Key, "unknown key %s in %s: %s", strict.Quote(key), what, strict.Suggest(key, allowed))
			continue
		}
		given[key] = f.Value
		read(what+" "+key, f.Value)
	}
	return given
}

func (p *parser) top(root *yaml.Node) {
	b := &p.b
	given := p.object(root, "the manifest", map[string]reader{
		"name":      p.matching(&b.Name, nameText, "up to 64 of a-z, 0-9 and -"),
		"title":     p.text(&b.Title),
		"build":     p.build,
		"ports":     p.ports,
		"run":       p.command(&b.Run),
		"migrate":   p.command(&b.Migrate),
		"seed":      p.seed,
		"ready":     p.ready,
		"stop":      p.stop,
		"settings":  p.settings,
		"cannot":    p.cannot,
		"sslmode":   p.one(&b.SSLMode, "prefer", "disable"),
		"sessions":  p.sessions,
		"config":    p.path(&b.Config),
		"metrics":   p.metrics,
		"outcome":   p.outcome,
		"scenarios": p.file(&b.Scenarios, true),
		"variables": p.variables,
		"load":      p.load,
		"reset":     p.reset,
		"faults":    p.faults,
	})
	for _, key := range required {
		if root.Kind == yaml.MappingNode && given[key] == nil {
			p.Diagnose(root, "key %q is missing", key)
		}
	}
	if b.Title == "" {
		b.Title = b.Name
	}
	if b.Outcome.Success == nil {
		b.Outcome.Success = []int{200, 201}
	}
	p.onRole()
	for _, check := range p.last {
		check()
	}
	p.placeholders()
}

// onRole adds the limits that any program has, for they are set on its role.
func (p *parser) onRole() {
	for _, s := range vocabulary {
		if s.OnRole() && p.b.Setting(s.Name) == nil {
			s.Spec = unset[s.Kind]
			p.b.Settings = append(p.b.Settings, s)
		}
	}
}

// text reads a single value.
func (p *parser) text(into *string) reader {
	return func(what string, n *yaml.Node) { *into, _ = p.Scalar(n, what) }
}

// matching reads a single value that must match.
func (p *parser) matching(into *string, pattern *regexp.Regexp, allowed string) reader {
	return func(what string, n *yaml.Node) {
		text, ok := p.Scalar(n, what)
		if ok && !pattern.MatchString(text) {
			p.Diagnose(n, "%s must be %s, not %s", what, allowed, strict.Quote(text))
			return
		}
		*into = text
	}
}

// path reads the path of a page.
func (p *parser) path(into *string) reader {
	return p.matching(into, regexp.MustCompile(`^/[!-~]*$`), "a path that begins with /")
}

// one reads one of some words.
func (p *parser) one(into *string, allowed ...string) reader {
	return func(what string, n *yaml.Node) {
		text, ok := p.Scalar(n, what)
		if ok && !slices.Contains(allowed, text) {
			p.Diagnose(n, "%s must be one of %s, not %s", what, strings.Join(allowed, ", "), strict.Quote(text))
			return
		}
		*into = text
	}
}

// words reads a list of single values.
func (p *parser) words(into *[]string) reader {
	return func(what string, n *yaml.Node) {
		for _, item := range p.List(n, what) {
			if text, ok := p.Scalar(item, what); ok {
				*into = append(*into, text)
			}
		}
	}
}

// number reads a whole number.
func (p *parser) number(into *int, least, most int) reader {
	return func(what string, n *yaml.Node) {
		text, ok := p.Scalar(n, what)
		if !ok {
			return
		}
		v, err := strconv.Atoi(text)
		if err != nil || v < least || v > most {
			p.Diagnose(n, "%s must be a whole number from %d to %d, not %s", what, least, most, strict.Quote(text))
		}
		*into = v
	}
}

// flag reads a key whose only value is true: what is not so is left out.
func (p *parser) flag(into *bool) reader {
	return func(what string, n *yaml.Node) {
		text, ok := p.Scalar(n, what)
		if ok && text != "true" {
			p.Diagnose(n, "%s must be true, or be left out, not %s", what, strict.Quote(text))
		}
		*into = ok
	}
}

// maxWait bounds what a manifest may let the lab wait for: a cell is brought up in two minutes, or not.
const maxWait = 100 * time.Second

func (p *parser) wait(into *time.Duration) reader {
	return func(what string, n *yaml.Node) {
		text, ok := p.Scalar(n, what)
		if !ok {
			return
		}
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 || d > maxWait {
			p.Diagnose(n, "%s must be a duration up to %s, such as 20s, not %s", what, maxWait, strict.Quote(text))
		}
		*into = d
	}
}

// file reads the path of a file, or of a directory, in the directory of the manifest.
func (p *parser) file(into *string, dir bool) reader {
	return func(what string, n *yaml.Node) {
		text, ok := p.Scalar(n, what)
		if !ok {
			return
		}
		*into = text
		if text != path.Clean(text) || path.IsAbs(text) || text == ".." || strings.HasPrefix(text, "../") {
			p.Diagnose(n, "%s must lie in the directory of the manifest, written from there, not %s", what, strict.Quote(text))
			return
		}
		if p.files == nil {
			return
		}
		kind := map[bool]string{true: "directory", false: "file"}[dir]
		if isDir, found := p.files(text); !found || isDir != dir {
			p.Diagnose(n, "%s: there is no %s %s beside the manifest", what, kind, strict.Quote(text))
		}
	}
}

// only diagnoses a map that does not have exactly one of some keys.
func (p *parser) only(n *yaml.Node, what string, given map[string]*yaml.Node, keys ...string) {
	var there []string
	for _, key := range keys {
		if given[key] != nil {
			there = append(there, key)
		}
	}
	if len(there) == 1 || n.Kind != yaml.MappingNode {
		return
	}
	has := "none"
	if len(there) > 1 {
		has = strings.Join(there, " and ")
	}
	p.Diagnose(n, "%s must have one of %s; it has %s", what, strings.Join(keys, ", "), has)
}

// placeholders checks those of all texts, when the ports are known.
func (p *parser) placeholders() {
	allowed := slices.Clone(holes)
	for _, port := range p.b.Ports {
		allowed = append(allowed, HolePort+"."+port)
	}
	for _, n := range p.texts {
		for _, hole := range holesOf(n.Value) {
			if !slices.Contains(allowed, hole) {
				p.Diagnose(n, "unknown placeholder %s: %s", fmt.Sprintf("{%s}", hole), strict.Suggest(hole, allowed))
			}
		}
	}
}
