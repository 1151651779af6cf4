package service

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"stormwave/lab/backends"
	"stormwave/lab/internal/stack/toolchain"
)

// Only who knows the password of this up writes to Prometheus; an archive takes and deletes nothing.
func TestPrometheusAsksForAPassword(t *testing.T) {
	for _, archive := range []bool{false, true} {
		root := t.TempDir()
		e := &Env{
			Layout:  Layout{Root: root, Lab: filepath.Join(root, ".lab")},
			Config:  NewConfig(backends.Default()),
			Archive: archive,
			Addrs:   map[string]string{Prometheus: "127.0.0.1:19090"},
			secrets: newSecrets(),
		}
		rules := filepath.Join(root, "dashboards", "rules", "stormwave.yaml")
		if err := os.MkdirAll(filepath.Dir(rules), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(rules, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		service := Find(Prometheus)
		if err := service.Prepare(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		spec := e.Process(service)
		for _, flag := range []string{"--web.enable-remote-write-receiver", "--web.enable-admin-api"} {
			if slices.Contains(spec.Args, flag) == archive {
				t.Errorf("archive %v: the arguments %q; want %s where something is recorded alone", archive, spec.Args, flag)
			}
		}
		if !slices.Contains(spec.Args, "--web.config.file=web.yml") {
			t.Errorf("archive %v: the arguments %q do not say who may ask", archive, spec.Args)
		}
		path := filepath.Join(spec.Dir, "web.yml")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		hash, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "basic_auth_users:\n  lab: ")
		if !ok || bcrypt.CompareHashAndPassword([]byte(hash), []byte(e.secrets[prometheusUser])) != nil {
			t.Errorf("%s holds %q; want a hash of the password", path, text)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want 0600", path, info.Mode(), err)
		}
		if want := "http://lab:" + e.secrets[prometheusUser] + "@127.0.0.1:19090"; e.URL(Prometheus) != want {
			t.Errorf("URL = %s; want %s", e.URL(Prometheus), want)
		}
		conf, err := os.ReadFile(filepath.Join(spec.Dir, "prometheus.yml"))
		if err != nil {
			t.Fatal(err)
		}
		_, own, _ := strings.Cut(string(conf), "- job_name: prometheus\n")
		own, _, _ = strings.Cut(own, "- job_name")
		login := "\n    basic_auth: {username: lab, password: " + e.secrets[prometheusUser] + "}\n"
		if !archive && (strings.Count(string(conf), "basic_auth") != 1 || !strings.Contains(own, login)) {
			t.Errorf("want its own job to log in, and no other:\n%s", conf)
		}
	}
}

func TestDataChecksumsAreOffInEveryVersion(t *testing.T) {
	for version, told := range map[string]bool{"15.18": false, "17.2": false, "18": true, "18.4": true, "19": true} {
		if got := slices.Contains(initdbArgs(version), "--no-data-checksums"); got != told {
			t.Errorf("initdb of %s is told so: %v; want %v", version, got, told)
		}
	}
}

func TestPrometheusRelease(t *testing.T) {
	for module, want := range map[string]string{"0.312.0": "3.12.0", "0.305.2": "3.5.2", "3.12.0": "3.12.0"} {
		v, err := toolchain.ParseVersion(module)
		if err != nil {
			t.Fatal(err)
		}
		if got := prometheusRelease(v).String(); got != want {
			t.Errorf("module %s is release %s, want %s", module, got, want)
		}
	}
}
