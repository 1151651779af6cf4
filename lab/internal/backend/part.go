package backend

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"stormwave/lab/internal/strict"
)

func (p *parser) build(what string, n *yaml.Node) {
	b := &p.b.Build
	version := regexp.MustCompile(`^v?[0-9]+(\.[0-9]+)*([-+.][0-9A-Za-z.+-]+)?$`)
	given := p.object(n, what, map[string]reader{
		"go":       p.matching(&b.Go, regexp.MustCompile(`^[a-z0-9][A-Za-z0-9./_~-]*$`), "a package of Go"),
		"npm":      p.matching(&b.NPM, regexp.MustCompile(`^(@[a-z0-9-]+/)?[a-z0-9][a-z0-9._-]*$`), "a package of npm"),
		"package":  p.matching(&b.Package, regexp.MustCompile(`^\./[a-z0-9/_-]+$`), "a package of this checkout, as ./app"),
		"path":     p.text(&b.Path),
		"version":  p.matching(&b.Version, version, "one version, as v1.2.3"),
		"with":     p.words(&b.With),
		"program":  p.matching(&b.Program, regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`), "the name of a file"),
		"sha256":   p.matching(&b.SHA256, regexp.MustCompile(`^[0-9a-f]{64}$`), "64 hexadecimal digits"),
		"requires": p.matching(&b.Requires, regexp.MustCompile(`^[a-z0-9-]+$`), "the name of a program"),
	})
	p.only(n, what, given, "go", "npm", "package", "path")
	for key, of := range map[string][]string{
		"version": {"go", "npm"},
		"with":    {"npm"},
		"sha256":  {"path"},
		"program": {"go", "npm", "package"},
	} {
		fits := slices.ContainsFunc(of, func(way string) bool { return given[way] != nil })
		switch {
		case given[key] != nil && !fits && len(given) > 0:
			p.Diagnose(given[key], "%s %s goes with %s only", what, key, strings.Join(of, " and "))
		case given[key] == nil && fits && (key == "version" || key == "program"):
			p.Diagnose(n, "%s needs %s", what, key)
		}
	}
}

func (p *parser) ports(what string, n *yaml.Node) {
	for _, item := range p.List(n, what) {
		name := ""
		p.matching(&name, portText, "a name of a-z and 0-9")(what, item)
		if slices.Contains(p.b.Ports, name) {
			p.Diagnose(item, "%s names %s twice", what, strict.Quote(name))
		}
		p.b.Ports = append(p.b.Ports, name)
	}
}

func (p *parser) command(into *Command) reader {
	return func(what string, n *yaml.Node) {
		p.object(n, what, map[string]reader{
			"args": func(what string, n *yaml.Node) {
				for _, item := range p.List(n, what) {
					if text, ok := p.Scalar(item, what); ok {
						into.Args = append(into.Args, text)
						p.texts = append(p.texts, item)
					}
				}
			},
			"env": func(what string, n *yaml.Node) {
				for _, f := range p.Mapping(n, what) {
					if !p.isVariable(f.Key, what) {
						continue
					}
					if text, ok := p.Scalar(f.Value, what+" "+f.Key.Value); ok {
						into.Env = append(into.Env, Variable{f.Key.Value, text})
						p.texts = append(p.texts, f.Value)
					}
				}
			},
		})
	}
}

func (p *parser) isVariable(n *yaml.Node, what string) bool {
	if !variableText.MatchString(n.Value) {
		p.Diagnose(n, "%s: %s is no name of a variable: A-Z, 0-9 and _", what, strict.Quote(n.Value))
		return false
	}
	return true
}

func (p *parser) seed(what string, n *yaml.Node) {
	s := &p.b.Seed
	given := p.object(n, what, map[string]reader{
		"prints": p.words(&s.Prints),
		"sql":    p.file(&s.SQL, false),
		"k6":     p.file(&s.K6, false),
	})
	p.only(n, what, given, "prints", "sql", "k6")
}

func (p *parser) ready(what string, n *yaml.Node) {
	r := &p.b.Ready
	given := p.object(n, what, map[string]reader{
		"http":   p.path(&r.HTTP),
		"status": p.number(&r.Status, 100, 599),
		"tcp":    p.flag(&r.TCP),
		"within": p.wait(&r.Within),
	})
	p.only(n, what, given, "http", "tcp")
	if given["status"] != nil && given["http"] == nil {
		p.Diagnose(given["status"], "%s status goes with http only", what)
	}
	if r.HTTP != "" && r.Status == 0 {
		r.Status = 200
	}
}

func (p *parser) stop(what string, n *yaml.Node) {
	s := &p.b.Stop
	p.object(n, what, map[string]reader{
		"signal": p.one(&s.Signal, "INT", "TERM"),
		"within": p.wait(&s.Within),
	})
}

func (p *parser) sessions(what string, n *yaml.Node) {
	text, ok := p.Scalar(n, what)
	if !ok {
		return
	}
	p.b.Sessions = Expression(text)
	names, err := p.b.Sessions.names()
	if err != nil {
		p.Diagnose(n, "%s %s: %v; write it as pool_size * (1 + replica)", what, strict.Quote(text), err)
		return
	}
	p.last = append(p.last, func() {
		allowed := []string{replicaWord}
		for _, s := range p.b.Settings {
			if s.Kind == Limit || s.Kind == Count {
				allowed = append(allowed, s.Name)
			}
		}
		for _, name := range names {
			if !slices.Contains(allowed, name) {
				p.Diagnose(n, "%s has %s, which is no number among the settings of the manifest: %s",
					what, strict.Quote(name), strict.Suggest(name, allowed))
			}
		}
	})
}

func (p *parser) metrics(what string, n *yaml.Node) {
	m := &p.b.Metrics
	preset := ""
	names := make(map[string]string)
	given := p.object(n, what, map[string]reader{
		"path":   p.path(&m.Path),
		"port":   p.text(&m.Port),
		"preset": p.one(&preset, slices.Sorted(maps.Keys(presets))...),
		"names": func(what string, n *yaml.Node) {
			allowed := slices.Sorted(maps.Keys(presets["lab"]))
			for _, f := range p.Mapping(n, what) {
				name := seriesPrefix + f.Key.Value
				if !slices.Contains(allowed, name) {
					short := make([]string, len(allowed))
					for i := range allowed {
						short[i] = strings.TrimPrefix(allowed[i], seriesPrefix)
					}
					p.Diagnose(f.Key, "unknown metric %s in %s: %s", strict.Quote(f.Key.Value), what,
						strict.Suggest(f.Key.Value, short))
					continue
				}
				var own string
				p.matching(&own, regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`), "the name of a metric")(
					what+" "+f.Key.Value, f.Value)
				names[name] = own
			}
		},
	})
	m.Names = maps.Clone(presets[preset])
	if m.Names == nil {
		m.Names = make(map[string]string)
	}
	maps.Copy(m.Names, names)
	if given["path"] == nil && n.Kind == yaml.MappingNode {
		p.Diagnose(n, "%s needs path; a program that shows none has no key metrics", what)
	}
	p.last = append(p.last, func() {
		if m.Port != "" && !slices.Contains(p.b.Ports, m.Port) {
			p.Diagnose(given["port"], "%s port %s is not among ports: %s", what, strict.Quote(m.Port),
				strict.Suggest(m.Port, p.b.Ports))
		}
	})
}

func (p *parser) outcome(what string, n *yaml.Node) {
	o := &p.b.Outcome
	p.object(n, what, map[string]reader{
		"success":  p.statuses(&o.Success),
		"overload": p.statuses(&o.Overload),
		"failed":   p.text(&o.Failed),
	})
}

func (p *parser) statuses(into *[]int) reader {
	return func(what string, n *yaml.Node) {
		for _, item := range p.List(n, what) {
			status := 0
			p.number(&status, 100, 599)(what, item)
			*into = append(*into, status)
		}
	}
}

func (p *parser) variables(what string, n *yaml.Node) {
	p.b.Variables = make(map[string][]string)
	for _, f := range p.Mapping(n, what) {
		if !p.isVariable(f.Key, what) {
			continue
		}
		var values []string
		if f.Value.Kind != yaml.ScalarNode || f.Value.Value != "any" {
			p.words(&values)(what+" "+f.Key.Value, f.Value)
		}
		p.b.Variables[f.Key.Value] = values
	}
}

func (p *parser) load(what string, n *yaml.Node) {
	l := &p.b.Load
	p.object(n, what, map[string]reader{
		"rows":    p.number(&l.Rows, 1, 1_000_000),
		"authors": p.number(&l.Authors, 1, MaxCount),
		"slow": func(what string, n *yaml.Node) {
			fields := p.Mapping(n, what)
			if len(fields) != 1 && n.Kind == yaml.MappingNode {
				p.Diagnose(n, "%s must be one variable and its value", what)
				return
			}
			for _, f := range fields {
				l.Slow.Name = f.Key.Value
				p.text(&l.Slow.Value)(what+" "+f.Key.Value, f.Value)
				p.last = append(p.last, func() {
					if values, ok := p.b.Variables[l.Slow.Name]; !ok || !slices.Contains(values, l.Slow.Value) {
						p.Diagnose(f.Key, "%s: %s=%s is not among variables", what, l.Slow.Name, l.Slow.Value)
					}
				})
			}
		},
	})
}

func (p *parser) reset(what string, n *yaml.Node) {
	r := &p.b.Reset
	given := p.object(n, what, map[string]reader{
		"proof":   p.text(&r.Proof),
		"remove":  p.text(&r.Remove),
		"restart": p.text(&r.Restart),
		"tidy":    p.words(&r.Tidy),
	})
	if n.Kind == yaml.MappingNode && given["proof"] == nil {
		p.Diagnose(n, "%s needs proof: SQL that tells the data set in one line of text, the same before every trial", what)
	}
	for _, key := range []string{"restart", "tidy"} {
		if given[key] != nil && given["remove"] == nil {
			p.Diagnose(given[key], "%s %s comes after remove, which is not there", what, key)
		}
	}
}

func (p *parser) faults(what string, n *yaml.Node) {
	p.object(n, what, map[string]reader{"lock": p.text(&p.b.Faults.Lock), "table": p.text(&p.b.Faults.Table)})
}
