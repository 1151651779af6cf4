//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// bare is a Debian system that nobody has prepared: what debootstrap installs at the least,
// Go, and a clone of the project. Nothing that this machine happens to have can help there.
type bare struct {
	t    *testing.T
	root string
}

// bareTimeout bounds one command in the bare system: a set-up, and a run.
const bareTimeout = 15 * time.Minute

// newBare copies the pristine system and puts the project into it.
func newBare(t *testing.T) *bare {
	t.Helper()
	b := &bare{t: t, root: filepath.Join(t.TempDir(), "root")}
	copyAll(t, "-a", pristine(t), b.root)
	clone := filepath.Join(b.root, "root", "project")
	must(t, os.MkdirAll(clone, 0o755))
	list := exec.Command("git", "-C", source, "ls-files", "-z")
	files, err := list.Output()
	must(t, err)
	for _, name := range strings.Split(strings.TrimRight(string(files), "\x00"), "\x00") {
		if strings.HasPrefix(name, "results/") || !exists(filepath.Join(source, name)) {
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(clone, name)), 0o755))
		copyAll(t, "-a", filepath.Join(source, name), filepath.Join(clone, name))
	}
	return b
}

// pristine makes the system, once for all runs of the tests: apt checks the signatures.
func pristine(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(source, ".lab", "bare")
	root := filepath.Join(dir, "root")
	if exists(root) {
		return root
	}
	must(t, os.MkdirAll(dir, 0o755))
	fresh := filepath.Join(dir, "new")
	must(t, os.RemoveAll(fresh)) // of a run that was killed
	must(t, os.Mkdir(fresh, 0o755))
	defer func() { _ = os.RemoveAll(fresh) }()
	make := exec.Command("debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", fresh, mirror(t))
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("make a bare Debian: %v\n%s", err, out[max(0, len(out)-4096):])
	}
	for _, file := range []string{"/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt", aptSources(t)} {
		to := filepath.Join(fresh, file)
		must(t, os.MkdirAll(filepath.Dir(to), 0o755))
		copyAll(t, "-L", file, to)
	}
	if !strings.HasSuffix(aptSources(t), "sources.list") {
		must(t, os.RemoveAll(filepath.Join(fresh, "/etc/apt/sources.list")))
	}
	must(t, os.Rename(fresh, root))
	return root
}

// aptSources is the file that names this machine's mirror.
func aptSources(t *testing.T) string {
	t.Helper()
	for _, path := range []string{"/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"} {
		if exists(path) {
			return path
		}
	}
	t.Fatal("apt has no sources here")
	return ""
}

func mirror(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(aptSources(t))
	must(t, err)
	found := regexp.MustCompile(`(?m)^[^#]*?(https?://[^ \n]+)`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s names no mirror", aptSources(t))
	}
	return string(found[1])
}

// run runs a shell's script in the bare system, in namespaces of its own that end with it:
// mounts, processes, System V memory. It returns what the script prints.
func (b *bare) run(script string) string {
	b.t.Helper()
	const enter = `root=$1; shift
mkdir -p "$root/usr/local/go" "$root/go/mod" "$root/go/build" "$root/var/cache/apt/archives"
mount --rbind /dev "$root/dev"; mount --rbind /sys "$root/sys"; mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev/shm"
mount --bind "$GOROOT" "$root/usr/local/go"; mount --bind "$MOD" "$root/go/mod"; mount --bind "$BUILD" "$root/go/build"
mount --bind "$DEBS" "$root/var/cache/apt/archives"; rm -f "$root/etc/apt/apt.conf.d/docker-clean"
exec chroot "$root" /usr/bin/env -i HOME=/root TERM=dumb PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	GOFLAGS=-buildvcs=false "GOPROXY=$PROXY" "GOSUMDB=$SUMDB" GOTOOLCHAIN=local GOMODCACHE=/go/mod GOCACHE=/go/build bash -euc "$@"`
	debs := filepath.Join(source, ".lab", "bare", "debs")
	must(b.t, os.MkdirAll(filepath.Join(debs, "partial"), 0o755))
	ctx, cancel := context.WithTimeout(context.Background(), bareTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--propagation=unchanged", "--pid", "--ipc",
		"--fork", "--kill-child", "bash", "-euc", alone+enter, "bash", b.root, script)
	cmd.Env = append(os.Environ(), "DEBS="+debs, "GOROOT="+goEnv(b.t, "GOROOT"), "MOD="+goEnv(b.t, "GOMODCACHE"),
		"BUILD="+goEnv(b.t, "GOCACHE"), "PROXY="+goEnv(b.t, "GOPROXY"), "SUMDB="+goEnv(b.t, "GOSUMDB"))
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("in a bare Debian: %v\n%s", err, out)
	}
	return string(out)
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	must(t, err)
	return strings.TrimSpace(string(out))
}

// What a stranger does first, from nothing: as root, then as an ordinary user without
// rights, whom root has installed the packages for.
func TestBareDebian(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can enter another system")
	}
	b := newBare(t)
	for _, name := range []string{"postgres", "initdb", "psql", "pgbouncer", "gcc", "make", "git", "sudo"} {
		if out := b.run("command -v " + name + " || true"); out != "" {
			t.Fatalf("the bare system has a %s: %s", name, out)
		}
	}
	const measure = `
cat > tiny.yaml <<'SPEC'
name: bare
scenarios: [storm@0.05]
factors: {topology: [pgbouncer+replica]}
baseline: {topology: pgbouncer+replica}
settings: {pool_size: 8, pool_min: 8}
blocks: 1
seed: 1
slo: {error_ratio: 0.01, p99: 500ms}
SPEC
status=0; bin/lab run tiny.yaml || status=$?
echo "run ended with status $status"
bin/lab status`
	out := b.run("cd /root/project && apt-get update -qq && go tool mage lab:up && go tool mage lab:status && go tool " +
		"mage lab:down" + measure +
		"\nls /etc/postgresql /var/lib/postgresql 2>/dev/null || true; ls /etc/rc?.d | grep -i -e prometheus -e pgbouncer " +
		"|| true")
	t.Logf("as root:\n%s", out)
	expectBare(t, out)
	user := b.run(`useradd --create-home stranger
cp -a /root/project /home/stranger/project
chown -R stranger: /home/stranger/project
rm -rf /home/stranger/project/results
cd /home/stranger/project
exec setpriv --reuid=stranger --regid=stranger --init-groups env HOME=/home/stranger GOCACHE=/home/stranger/.cache bash -euc '
bin/lab up; bin/lab status; bin/lab down` + strings.ReplaceAll(measure, "'", `'\''`) + `'`)
	t.Logf("as an ordinary user:\n%s", user)
	expectBare(t, user)
}

// expectBare looks for what an up, a status, a down and a run print.
func expectBare(t *testing.T, out string) {
	t.Helper()
	for _, want := range []string{
		"up in ", "│ replica            │ ready │", "│ pgbouncer          │ ready │", "\ndown\n", "report: results/",
		"the stack is down",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing is said of %q", want)
		}
	}
	status := regexp.MustCompile(`run ended with status (\d+)`).FindStringSubmatch(out)
	if status == nil || status[1] != "0" && status[1] != "3" { // 3: suspect, on a busy machine
		t.Errorf("the run ended with status %v; want 0 or 3", status)
	}
	if regexp.MustCompile(`\binvalid\b`).MatchString(out) {
		t.Error("a trial is invalid")
	}
}
