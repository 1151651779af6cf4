package backend

import (
	"regexp"
	"slices"
	"strings"
)

// Placeholders of the arguments and the environment of a Command.
const (
	HoleAddr    = "addr"    // host:port of the first port
	HoleHost    = "host"    // its host
	HolePort    = "port"    // its port; {port.NAME} is that of one in Backend.Ports
	HolePrimary = "primary" // URL of the server, or pooler, that takes writes
	HoleReplica = "replica" // of the one that takes reads; what has it is left out where the primary does
	HoleDir     = "dir"     // of the manifest
)

var holes = []string{HoleAddr, HoleHost, HolePort, HolePrimary, HoleReplica, HoleDir}

var holeText = regexp.MustCompile(`\{([a-z][a-z0-9_.-]*)\}`)

// holesOf are the placeholders of a text.
func holesOf(text string) []string {
	var names []string
	for _, match := range holeText.FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	return names
}

// Has says whether a text has a placeholder.
func Has(text, hole string) bool { return slices.Contains(holesOf(text), hole) }

// Filled returns the arguments and the environment with their placeholders filled in; what has one that is empty, or
// that is not given, is left out.
func (c Command) Filled(with map[string]string) (args, env []string) {
	for _, arg := range c.Args {
		if text, ok := fill(arg, with); ok {
			args = append(args, text)
		}
	}
	for _, v := range c.Env {
		if text, ok := fill(v.Value, with); ok {
			env = append(env, v.Name+"="+text)
		}
	}
	return args, env
}

func fill(text string, with map[string]string) (string, bool) {
	for _, hole := range holesOf(text) {
		if with[hole] == "" {
			return "", false
		}
		text = strings.ReplaceAll(text, "{"+hole+"}", with[hole])
	}
	return text, true
}
