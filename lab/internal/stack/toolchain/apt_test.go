package toolchain

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// distribution is a stand-in for apt and dpkg: scripts, first on PATH, that note what they
// are asked for.
type distribution struct {
	*installer
	t    *testing.T
	dir  string
	apts string // calls of apt-get, a line each
}

// newDistribution offers packages in versions. What is not among them is unknown.
func newDistribution(t *testing.T, offers map[string]string) *distribution {
	t.Helper()
	d := &distribution{t: t, dir: t.TempDir()}
	d.apts = filepath.Join(d.dir, "apts")
	d.installer = &installer{
		tools: toolsOf(t.TempDir()), system: t.TempDir(), progress: silent{}, have: make(Set), catalog: catalog(services),
	}
	if err := d.tools.create(); err != nil {
		t.Fatal(err)
	}
	policy := ""
	for name, version := range offers {
		policy += name + ":\n  Installed: (none)\n  Candidate: " + version + "\n  Version table:\n"
	}
	d.write("policy", policy)
	d.program("apt-cache", `cat "`+d.dir+`/policy"`)
	d.program("dpkg-query", "exit 1")
	d.program("apt-get", `echo "$*" >>"`+d.apts+`"`)
	d.program("sudo", `shift; exec env "$@"`)
	d.program("update-rc.d", `echo "update-rc.d $*" >>"`+d.apts+`"`)
	d.program("deb-systemd-helper", `echo "deb-systemd-helper $*" >>"`+d.apts+`"`)
	t.Setenv("PATH", d.dir+":/usr/bin:/bin")
	return d
}

func (d *distribution) write(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *distribution) program(name, script string) {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		d.t.Fatal(err)
	}
}

// calls are what apt-get and its like were called with.
func (d *distribution) calls() []string {
	d.t.Helper()
	text, err := os.ReadFile(d.apts)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		d.t.Fatal(err)
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}

func missingOf(names ...string) []Missing {
	var all []Missing
	for _, name := range names {
		all = append(all, Missing{Name: name})
	}
	return all
}

func TestParsePolicy(t *testing.T) {
	const printed = `postgresql:
  Installed: (none)
  Candidate: 15+248+deb12u1
  Version table:
     15+248+deb12u1 500
        500 http://example.org/debian bookworm/main amd64 Packages
nothing:
  Installed: (none)
  Candidate: (none)
git:
  Installed: 1:2.39.5-0+deb12u2
  Candidate: 1:2.39.5-0+deb12u3
`
	want := map[string]offer{"postgresql": {"15+248+deb12u1"}, "git": {"1:2.39.5-0+deb12u3"}}
	if diff := cmp.Diff(want, parsePolicy(printed), cmp.AllowUnexported(offer{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReleaseOfADebianVersion(t *testing.T) {
	for text, want := range map[string]string{
		"15+248+deb12u1":     "15",
		"1:2.39.5-0+deb12u2": "2.39.5",
		"1.24.1-1":           "1.24.1",
		"2:18~beta1-1":       "18",
		"0.11.1-3+b5":        "0.11.1",
		"":                   "", "1:": "", "none": "",
	} {
		got, err := offer{text}.release()
		if (err != nil) != (want == "") || got.String() != want {
			t.Errorf("release of %q = %s, %v; want %q", text, got, err, want)
		}
	}
}

// What is new enough is taken from the distribution, what is too old is not installed to be
// refused afterwards.
func TestWaysAreChosenByVersion(t *testing.T) {
	for _, c := range []struct {
		name            string
		missing, offers string // "package version, …"
		install         []string
		build           []string
		refused         string
	}{
		{"Debian 12", "postgres pgbouncer node_exporter",
			"postgresql 15+248, pgbouncer 1.18.0-1, prometheus-node-exporter 1.5.0-1, gcc 4:12.2, dpkg-dev 1.21",
			[]string{
				"dpkg-dev 1.21", "gcc 4:12.2", "libc6-dev", "libevent-dev", "libssl-dev", "make", "pkg-config", "postgresql 15+248",
			},
			[]string{"pgbouncer (Debian's source package of trixie)", "node_exporter (Go)"}, ""},
		{"Debian 13", "postgres pgbouncer node_exporter postgres_exporter",
			"postgresql 17+278, pgbouncer 1.24.1-1, prometheus-node-exporter 1.9.0-1, prometheus-postgres-exporter 0.17.1-1",
			[]string{"pgbouncer 1.24.1-1", "postgresql 17+278"},
			[]string{
				"node_exporter (out of Debian's package prometheus-node-exporter)",
				"postgres_exporter (out of Debian's package prometheus-postgres-exporter)",
			}, ""},
		{"a PostgreSQL that is too old", "postgres k6", "postgresql 14+238", nil, []string{"k6 (Go)"},
			"the distribution has postgresql 14+238; to mend it: put postgres ≥ 15 on PATH, or enter `nix develop`"},
		{"an exporter that is too new", "postgres_exporter", "prometheus-postgres-exporter 0.20.0-1", nil,
			[]string{"postgres_exporter (Go)"}, ""},
		{"empty lists", "postgres", "", []string{"postgresql"}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			offers := make(map[string]string)
			for _, one := range strings.Split(c.offers, ", ") {
				if name, version, ok := strings.Cut(one, " "); ok {
					offers[name] = version
				}
			}
			d := newDistribution(t, offers)
			p, err := planFor(t.Context(), d.requirements(missingOf(strings.Fields(c.missing)...)))
			if (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Errorf("refused: %v; want %q", err, c.refused)
			}
			got := p.intent()
			if diff := cmp.Diff(c.install, got.Install); diff != "" {
				t.Errorf("install (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.build, got.Build); diff != "" {
				t.Errorf("build (-want +got):\n%s", diff)
			}
			wants := strings.Contains(strings.Join(got.Install, " "), "postgresql")
			if wants != slices.Contains(got.Notes, noCluster) {
				t.Errorf("notes = %q", got.Notes)
			}
			if calls := d.calls(); len(calls) > 0 {
				t.Errorf("to choose, apt-get was called: %q", calls)
			}
		})
	}
}

// Nothing is done before it was named and agreed to.
func TestNothingIsInstalledWithoutConsent(t *testing.T) {
	d := newDistribution(t, map[string]string{"postgresql": "15+248"})
	declined := errors.New("declined")
	var named Intent
	err := d.getAll(t.Context(), missingOf("postgres"), func(i Intent) error {
		named = i
		if calls := d.calls(); len(calls) > 0 {
			t.Errorf("before it was agreed to: %q", calls)
		}
		return declined
	})
	if !errors.Is(err, declined) || len(d.calls()) > 0 {
		t.Errorf("declined: %v, and apt-get was called: %q", err, d.calls())
	}
	if !slices.Equal(named.Install, []string{"postgresql 15+248"}) {
		t.Errorf("named: %q", named.Install)
	}
	if err := d.getAll(t.Context(), missingOf("postgres"), func(Intent) error { return nil }); err != nil {
		t.Error(err)
	}
	if calls := d.calls(); len(calls) != 1 || !strings.HasSuffix(calls[0], " install postgresql") {
		t.Errorf("agreed to, and apt-get was called: %q; want one installation", calls)
	}
}

// Lists that are empty are brought up to date first, and the versions looked at then.
func TestEmptyListsAreUpdatedFirst(t *testing.T) {
	d := newDistribution(t, nil)
	d.program("apt-get", `echo "$*" >>"`+d.apts+`"; printf 'postgresql:\n  Candidate: 14+238\n' >"`+d.dir+`/policy"`)
	err := d.getAll(t.Context(), missingOf("postgres"), nil)
	if err == nil || !strings.Contains(err.Error(), "postgresql 14+238") {
		t.Errorf("%v; want the version refused that the lists hold", err)
	}
	if calls := d.calls(); len(calls) != 1 || !strings.HasSuffix(calls[0], "update") {
		t.Errorf("apt-get was called: %q; want one update and no installation", calls)
	}
}

// What the new lists have made another way was not named yet: it is named, and asked for.
func TestAnotherWayByNewListsIsAskedForAgain(t *testing.T) {
	d := newDistribution(t, nil)
	d.program("apt-get", `echo "$*" >>"`+d.apts+`"; printf 'pgbouncer:\n  Candidate: 1.24.1-1\n' >"`+d.dir+`/policy"`)
	var named [][]string
	err := d.getAll(t.Context(), missingOf("pgbouncer"), func(i Intent) error {
		named = append(named, i.Install)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if len(named) != 2 || !slices.Contains(named[0], "gcc") || !slices.Equal(named[1], []string{"pgbouncer 1.24.1-1"}) {
		t.Errorf("named: %q; want a build first, and then the package", named)
	}
}

// A package that is there, too old, is brought up to date; its service, which somebody may
// use, stays as it is.
func TestInstalledPackageIsBroughtUpToDate(t *testing.T) {
	d := newDistribution(t, map[string]string{"pgbouncer": "1.24.1-1"})
	d.program("dpkg-query", "printf installed")
	if err := d.getAll(t.Context(), missingOf("pgbouncer"), nil); err != nil {
		t.Fatal(err)
	}
	if calls := d.calls(); len(calls) != 1 || !strings.HasSuffix(calls[0], "install pgbouncer") {
		t.Errorf("called: %q; want the package installed, and no service touched", calls)
	}
}

// While apt runs no cluster may be made and no service be started; afterwards, however it
// ends, nothing of that is left.
func TestNothingOfAPackageIsStarted(t *testing.T) {
	for name, status := range map[string]string{"done": "0", "failed": "100"} {
		t.Run(name, func(t *testing.T) {
			d := newDistribution(t, nil)
			cluster := filepath.Join(d.system, "etc/postgresql-common/createcluster.d/stormwave.conf")
			policy := filepath.Join(d.system, "usr/sbin/policy-rc.d")
			d.program(
				"apt-get", `cat "`+cluster+`" >>"`+d.apts+`"; "`+policy+`" || echo "policy $?" >>"`+d.apts+`"; exit `+status,
			)
			err := d.aptInstall(t.Context(), []string{"postgresql", "pgbouncer"}, []string{"pgbouncer"})
			if (err != nil) != (status != "0") {
				t.Errorf("ended with %v", err)
			}
			want := []string{
				"create_main_cluster = false", "policy 101",
				"deb-systemd-helper disable pgbouncer.service", "update-rc.d pgbouncer disable",
			}
			if diff := cmp.Diff(want, d.calls()); diff != "" {
				t.Errorf("while apt ran (-want +got):\n%s", diff)
			}
			for _, path := range []string{cluster, policy} {
				if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s is left: %v", path, err)
				}
			}
		})
	}
}

// A policy of the machine's own stays; one that a killed set-up has left does not.
func TestPolicyOfTheMachineStays(t *testing.T) {
	for text, stays := range map[string]bool{
		"#!/bin/sh\nexit 0\n": true,
		"#!/bin/sh\n# written by stormwave while it installs packages\nexit 101\n": false,
	} {
		d := newDistribution(t, nil)
		policy := filepath.Join(d.system, "usr/sbin/policy-rc.d")
		if err := errors.Join(
			os.MkdirAll(filepath.Dir(policy), 0o755), os.WriteFile(policy, []byte(text), 0o755),
		); err != nil {
			t.Fatal(err)
		}
		if err := d.aptInstall(t.Context(), []string{"postgresql"}, nil); err != nil {
			t.Fatal(err)
		}
		if now, err := os.ReadFile(policy); (err == nil && string(now) == text) != stays {
			t.Errorf("the policy is %q, %v; want it to stay: %t", now, err, stays)
		}
	}
}

// An interrupted installation ends with apt, and leaves nothing behind either.
func TestInterruptedInstallation(t *testing.T) {
	d := newDistribution(t, nil)
	d.program(
		"apt-get", `trap 'echo ended >>"`+d.apts+`"; exit 143' TERM; echo begun >>"`+d.apts+`"; while :; do sleep 0.01; done`,
	)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.aptInstall(ctx, []string{"postgresql"}, nil) }()
	for len(d.calls()) == 0 {
		select {
		case err := <-ended:
			t.Fatal(err)
		default:
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if calls := slices.Compact(d.calls()); !slices.Equal(calls, []string{"begun", "ended"}) { // it may be told twice
		t.Errorf("apt-get: %q; want it told to end", calls)
	}
	if _, err := os.Stat(filepath.Join(d.system, "usr/sbin/policy-rc.d")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the policy is left: %v", err)
	}
}

// One that fails keeps the others from nothing but what waits for it.
func TestAFailedStepKeepsNoOtherFromBeingTried(t *testing.T) {
	d := newDistribution(t, nil)
	d.program("apt-get", `echo "$*" >>"`+d.apts+`"; exit 100`)
	tried := make(map[string]bool)
	fetch := func(_ context.Context, _ *installer, r Requirement) error {
		tried[r.Name] = true
		return errors.New("no network for " + r.Name)
	}
	err := d.carryOut(t.Context(), plan{ways: []way{
		{Requirement: Requirement{Name: "free", fetch: fetch}},
		{Requirement: Requirement{Name: "bound", fetch: fetch}, packages: []string{"npm"}},
	}})
	if !tried["free"] || tried["bound"] {
		t.Errorf("tried: %v; want what needs no package, and only that", tried)
	}
	for _, want := range []string{"set up npm: ", "apt-get install npm", "set up free: no network for free"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}
