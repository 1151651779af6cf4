package toolchain

import (
	"os"
	"strings"
)

// inherited are the variables of the caller that builds and installations get: where to
// find and to keep things, and how to reach the network. What would change what is built
// (CFLAGS, MAKEFLAGS, GOFLAGS, APT_CONFIG, …) is none of them: a recipe tells all.
var inherited = []string{
	"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TERM", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
	"http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE",
	"GOPATH", "GOMODCACHE", "GOCACHE", "GOENV", "GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOAUTH",
}

// environ is the environment of a build or an installation, with some variables set.
func environ(set ...string) []string {
	var env []string
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	for _, variable := range os.Environ() {
		if strings.HasPrefix(strings.ToLower(variable), "npm_config_") {
			env = append(env, variable)
		}
	}
	return append(env, set...)
}
