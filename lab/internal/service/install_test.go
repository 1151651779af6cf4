package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stormwave/lab/internal/backend"
)

// Where each way of building leaves the program.
func TestProgramOfABackend(t *testing.T) {
	l := Layout{Root: "/checkout", Lab: "/checkout/.lab"}
	for _, tt := range []struct {
		build backend.Build
		want  string
	}{
		{backend.Build{Package: "./app", Program: "app"}, "/checkout/bin/app"},
		{backend.Build{Go: "example.org/x", Version: "v1.2.3", Program: "x"}, "/checkout/.lab/backends/shop@v1.2.3/bin/x"},
		{
			backend.Build{NPM: "x", Version: "1.2.3", Program: "y"},
			"/checkout/.lab/backends/shop@1.2.3/node_modules/.bin/y",
		},
		{backend.Build{Path: "/usr/bin/shop"}, "/usr/bin/shop"},
		{backend.Build{Path: "bin/shop"}, "/shop/bin/shop"},
	} {
		if got := l.Backend(&backend.Backend{Name: "shop", Dir: "/shop", Build: tt.build}, ""); got != tt.want {
			t.Errorf("%+v: %s; want %s", tt.build, got, tt.want)
		}
	}
}

// A program that is there must be the one that the manifest means; nothing is installed for it.
func TestProgramThatIsThere(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "shop")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	const sum = "a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf" // of these ten bytes
	for _, tt := range []struct {
		name  string
		build backend.Build
		want  string // "": no error
	}{
		{"any", backend.Build{Path: "shop"}, ""},
		{"this one", backend.Build{Path: "shop", SHA256: sum}, ""},
		{"another", backend.Build{Path: "shop", SHA256: strings.Repeat("0", 64)}, "its SHA-256 is " + sum},
		{"not there", backend.Build{Path: "gone"}, "no such file"},
		{"what it needs is not there", backend.Build{Path: "shop", Requires: "no-such-one"}, "Shop needs no-such-one"},
	} {
		b := &backend.Backend{Name: "shop", Title: "Shop", Dir: dir, Build: tt.build}
		err := Layout{Lab: dir}.Install(t.Context(), b, nil, func(name string) func(error) {
			t.Errorf("%s: %s is installed", tt.name, name)
			return func(error) {}
		})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		}
	}
}

// The program is started as the manifest and the cell say.
func TestProcessOfABackend(t *testing.T) {
	b, err := backend.Parse([]byte(`name: shop
build: {path: /usr/bin/shop}
ports: [metrics]
run:
  args: [serve, "--at={host}:{port}"]
  env: {DB: "{primary}", DB2: "{replica}", STATS: ":{port.metrics}", LOG: "off"}
ready: {tcp: true}
stop: {signal: INT, within: 20s}
settings:
  pool_size: {flag: --pool, default: 30}
  http_timeout: {env: TIMEOUT, unit: s, default: 3s}
  acquire_timeout: {url: wait, unit: ms, none: "0"}
reset: {proof: SELECT 1}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	e := &Env{Config: NewConfig(b), secrets: secrets{AppRole: "secret"}, Addrs: map[string]string{
		App: "127.0.0.1:1", "app.metrics": "127.0.0.1:2", Primary: "p:3", Replica: "r:4",
	}}
	e.Settings["pool_size"], e.Settings["acquire_timeout"], e.Settings["app.LOG"] = "8", "500ms", "on"
	spec, err := e.backendProcess()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(spec.Args, " "); got != "serve --at=127.0.0.1:1 --pool 8" {
		t.Errorf("arguments %s", got)
	}
	want := "HOME= DB=postgres://app:secret@p:3/stormwave?sslmode=prefer&wait=500 STATS=:2 LOG=off TIMEOUT=3 LOG=on"
	if got := strings.Join(spec.Env, " "); got != want {
		t.Errorf("environment\n%s\nwant\n%s", got, want)
	}
	if spec.Path != "/usr/bin/shop" || spec.StopSignal.String() != "interrupt" || spec.StopTimeout.Seconds() != 20 {
		t.Errorf("%s, stopped by %s within %s", spec.Path, spec.StopSignal, spec.StopTimeout)
	}
	e.Settings["topology"] = "replica"
	spec, err = e.backendProcess()
	if err != nil || !strings.Contains(strings.Join(spec.Env, " "), " DB2=postgres://app:secret@r:4/") {
		t.Errorf("with a replica: %q, %v", spec.Env, err)
	}
	e.Settings["http_timeout"] = "1500ms"
	if _, err := e.backendProcess(); err == nil {
		t.Error("a time that the program does not take is told it")
	}
}
