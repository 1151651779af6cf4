package backend

import (
	"maps"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"stormwave/lab/internal/strict"
)

// settings reads how the program is told each of the lab's settings.
func (p *parser) settings(what string, n *yaml.Node) {
	for _, f := range p.Mapping(n, what) {
		s := p.known(f.Key, what)
		if s == nil {
			continue
		}
		p.setting(s, what+" "+s.Name, f.Value)
		p.b.Settings = append(p.b.Settings, *s)
	}
	p.last = append(p.last, func() { p.carriers(n, what) })
}

// known returns the lab's meaning of a setting, nil if there is none of that name.
func (p *parser) known(key *yaml.Node, what string) *Setting {
	names := make([]string, len(vocabulary))
	for i, s := range vocabulary {
		if s.Name == key.Value {
			s.Values = slices.Clone(s.Values)
			return &s
		}
		names[i] = s.Name
	}
	p.Diagnose(key, "unknown setting %s in %s: %s", strict.Quote(key.Value), what, strict.Suggest(key.Value, names))
	return nil
}

func (p *parser) setting(s *Setting, what string, n *yaml.Node) {
	given := p.object(n, what, map[string]reader{
		"env":       p.matching(&s.Env, variableText, "the name of a variable: A-Z, 0-9 and _"),
		"flag":      p.matching(&s.Flag, regexp.MustCompile(`^-{1,2}[A-Za-z0-9][A-Za-z0-9_-]*$`), "a flag, as --pool"),
		"url":       p.matching(&s.URL, regexp.MustCompile(`^[A-Za-z_]+$`), "the name of a parameter of a URL"),
		"default":   p.text(&s.Spec),
		"unit":      p.one(&s.Unit, slices.Sorted(maps.Keys(units))...),
		"unlimited": p.text(&s.Unlimited),
		"none":      p.text(&s.None),
		"values":    func(what string, n *yaml.Node) { p.spelled(s, what, n) },
		"read":      func(what string, n *yaml.Node) { p.read(s, what, n) },
	})
	if n.Kind != yaml.MappingNode {
		return
	}
	if !s.OnRole() || given["flag"] != nil || given["url"] != nil {
		p.only(n, what, given, "env", "flag", "url")
	}
	for key, fits := range map[string]bool{
		"unit":      s.isTime(),
		"none":      s.isTime(),
		"unlimited": s.Kind == Limit,
		"values":    s.Kind == Choice,
	} {
		if given[key] != nil && (!fits || s.OnRole()) {
			p.Diagnose(given[key], "%s has no %s", what, key)
		}
	}
	if s.isTime() && s.Unit == "" {
		s.Unit = unitGo
	}
	p.standard(s, what, n, given["default"])
}

// standard checks the default of a setting: the program must be able to be told it.
func (p *parser) standard(s *Setting, what string, n, given *yaml.Node) {
	if given == nil {
		s.Spec = unset[s.Kind]
		if s.Kind == Choice {
			s.Spec = s.Values[0]
		}
		given = n
	}
	if !s.takes(s.Spec) {
		p.Diagnose(given, "%s needs a default that it can have, not %s", what, strict.Quote(s.Spec))
	} else if _, err := s.Spell(s.Spec); err != nil {
		p.Diagnose(given, "%s needs another default than %s: %v", what, strict.Quote(s.Spec), err)
	}
}

var timeText = regexp.MustCompile(`^[1-9][0-9]*(ms|s|m|h)$`)

// takes says whether a value is one that a spec may give the setting.
func (s Setting) takes(value string) bool {
	number := regexp.MustCompile(`^(0|[1-9][0-9]{0,4})$`).MatchString(value)
	switch s.Kind {
	case Limit:
		return value == Unlimited || number && value != "0"
	case Count:
		return number
	case Duration, Milliseconds:
		return value == None || timeText.MatchString(value)
	}
	return slices.Contains(s.Values, value)
}

// spelled reads the program's words for the values of a choice. The others it does not have.
func (p *parser) spelled(s *Setting, what string, n *yaml.Node) {
	all := s.Values
	s.Values, s.Spelled = nil, make(map[string]string)
	for _, f := range p.Mapping(n, what) {
		value := f.Key.Value
		if !slices.Contains(all, value) {
			p.Diagnose(f.Key, "unknown value %s in %s: %s", strict.Quote(value), what, strict.Suggest(value, all))
			continue
		}
		word, _ := p.Scalar(f.Value, what+" "+value)
		s.Values, s.Spelled[value] = append(s.Values, value), word
	}
	if len(s.Values) == 0 {
		s.Values = all // a mistake of its own, or an empty map
		if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
			p.Diagnose(n, "%s is empty", what)
		}
	}
}

// read reads how a setting is read back.
func (p *parser) read(s *Setting, what string, n *yaml.Node) {
	r := &s.Read
	pointer := regexp.MustCompile(`^(/[!-~]+)+$`)
	given := p.object(n, what, map[string]reader{
		"config":  p.flag(&r.Config),
		"environ": p.flag(&r.Environ),
		"metric":  p.text(&r.Metric),
		"http":    p.path(&r.HTTP),
		"pointer": p.matching(&r.Pointer, pointer, "a JSON pointer, as /pool/max"),
	})
	p.only(n, what, given, "config", "environ", "metric", "http")
	if (given["http"] == nil) != (given["pointer"] == nil) {
		p.Diagnose(n, "%s: http names a page of JSON, and pointer where it is on it: both are needed", what)
	}
	p.last = append(p.last, func() {
		if r.Environ && s.Env == "" {
			p.Diagnose(given["environ"], "%s environ goes with env only", what)
		}
		if r.Config && (p.b.Config == "" || s.Env == "") {
			p.Diagnose(given["config"], "%s config needs env, and the key config of the manifest", what)
		}
		if r.Metric != "" && p.b.Metrics.Path == "" {
			p.Diagnose(given["metric"], "%s metric needs the key metrics of the manifest", what)
		}
	})
}

// cannot reads why the program cannot be told some settings.
func (p *parser) cannot(what string, n *yaml.Node) {
	p.b.Cannot = make(map[string]string)
	for _, f := range p.Mapping(n, what) {
		s := p.known(f.Key, what)
		if s == nil {
			continue
		}
		p.b.Cannot[s.Name], _ = p.Scalar(f.Value, what+" "+s.Name)
		p.last = append(p.last, func() {
			if p.b.Setting(s.Name) != nil {
				p.Diagnose(f.Key, "%s names %s, which settings says how to set", what, s.Name)
			}
		})
	}
}

// carriers refuses two settings that are told in the same place, and one that the command sets too.
func (p *parser) carriers(n *yaml.Node, what string) {
	taken := make(map[string]string)
	for _, v := range p.b.Run.Env {
		taken["env "+v.Name] = "run"
	}
	for _, s := range p.b.Settings {
		for carrier, name := range map[string]string{"env": s.Env, "flag": s.Flag, "url": s.URL} {
			if name == "" {
				continue
			}
			key := carrier + " " + name
			if other := taken[key]; other != "" {
				p.Diagnose(n, "%s %s and %s are told in the same place: %s", what, s.Name, other, key)
			}
			taken[key] = s.Name
		}
	}
}

// Told returns how the program is told the settings: its environment, arguments that follow the others, and parameters
// of the URLs of its servers. What is set on the role is not among them.
func (b *Backend) Told(settings map[string]string) (env, args []string, url map[string]string, err error) {
	url = make(map[string]string)
	for _, s := range b.Settings {
		value, set := settings[s.Name]
		if !set || s.OnRole() {
			continue
		}
		word, err := s.Spell(value)
		if err != nil {
			return nil, nil, nil, err
		}
		switch {
		case word == Unset:
		case s.Env != "":
			env = append(env, s.Env+"="+word)
		case s.Flag != "":
			args = append(args, s.Flag, word)
		default:
			url[s.URL] = word
		}
	}
	return env, args, url, nil
}

// Sets says why a variable of the program's environment is not for a spec to set, empty if it is.
func (b *Backend) Sets(variable string) string {
	for _, v := range b.Run.Env {
		if v.Name != variable {
			continue
		}
		for _, hole := range holesOf(v.Value) {
			switch hole {
			case HolePrimary, HoleReplica:
				return "use topology"
			case HoleDir:
			default:
				return "the lab chooses the address"
			}
		}
	}
	return ""
}

// Knows says whether the lab knows a setting, of whatever backend.
func Knows(name string) bool {
	return slices.ContainsFunc(vocabulary, func(s Setting) bool { return s.Name == name })
}
