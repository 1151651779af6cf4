package service

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"stormwave/lab/internal/stack/proc"
)

// servantOf is a stack whose servers run as nobody, if the test may act as that account,
// in a home that everybody can enter.
func servantOf(t *testing.T) *Env {
	t.Helper()
	servant, err := proc.Caller()
	if proc.IsRoot() {
		servant, err = proc.Lookup("nobody")
	}
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir, whose parents another account may not pass through, and are not the test's to change.
	home, err := os.MkdirTemp(proc.TempDir, "home-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	if err := os.Chmod(home, 0o711); err != nil {
		t.Fatal(err)
	}
	s := &Env{Layout: Layout{Home: home, Sockets: filepath.Join(home, "run")}, servant: servant}
	if err := os.Mkdir(s.Layout.Sockets, 0o711); err != nil {
		t.Fatal(err)
	}
	return s
}

func ownerOf(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := proc.OwnerOf(info)
	if err != nil {
		t.Fatal(err)
	}
	return owner.UID
}

// PostgreSQL's package brings the account postgres: what an earlier start made for nobody
// is of no use then, and must not keep the lab from coming up.
func TestDirectoriesOfAnEarlierAccountAreTakenOver(t *testing.T) {
	s := servantOf(t)
	if err := s.makeServantDirs(); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(s.Layout.templates(), "kept")
	if err := s.give(kept, "data set"); err != nil {
		t.Fatal(err)
	}
	if err := s.makeServantDirs(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("the account's own files are gone at its next start: %v", err)
	}
	if !proc.IsRoot() {
		return // no other account's directory can be made here
	}
	before := s.servant.UID
	s.servant = proc.Account{Name: "daemon", UID: 1, GID: 1}
	if err := s.makeServantDirs(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{s.Layout.dataDir(), s.Layout.templates(), s.Layout.PGSockets()} {
		if owner := ownerOf(t, dir); owner != 1 {
			t.Errorf("%s belongs to account %d; want 1, not %d", dir, owner, before)
		}
	}
	if _, err := os.Stat(kept); err == nil {
		t.Error("a file of the earlier account is left where the next one's are to be")
	}
}

// Links that the service account has put into its directory lead to files that it may not
// write: root must not write them for it.
func TestGiveFollowsNoLink(t *testing.T) {
	s := servantOf(t)
	if err := s.makeServantDirs(); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("root's"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.Layout.dataDir(), "pg_ident.conf")
	if err := os.Symlink(victim, path); err != nil {
		t.Fatal(err)
	}
	if err := s.give(path, "lab root lab\n"); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "root's" {
		t.Errorf("the file behind the link holds %q, %v", text, err)
	}
	if owner := ownerOf(t, victim); owner != uint32(os.Geteuid()) {
		t.Errorf("the file behind the link belongs to account %d now", owner)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm() != 0o600 || ownerOf(t, path) != s.servant.UID {
		t.Errorf(
			"what was given is %v of account %d; want a private file of account %d", info.Mode(), ownerOf(t, path),
			s.servant.UID,
		)
	}
}

// What was open to others is not so any more.
func TestGivenFilesArePrivate(t *testing.T) {
	s := servantOf(t)
	if err := s.makeServantDirs(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.Layout.dataDir(), "pgbouncer.users")
	if err := s.servant.Do(func() error { return os.WriteFile(path, nil, 0o644) }); err != nil {
		t.Fatal(err)
	}
	if err := s.give(path, "secret"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want a private file", info.Mode(), err)
	}
}

// A pipe that nobody writes to, a link and a file without end are no small files: the lab
// neither waits for them nor reads them.
func TestReadSmallWaitsForNothing(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	large, small := filepath.Join(dir, "large"), filepath.Join(dir, "small")
	err := errors.Join(unix.Mkfifo(pipe, 0o600), os.Symlink("/dev/zero", link), os.WriteFile(large, nil, 0o600),
		os.Truncate(large, maxSmall+1), os.WriteFile(small, []byte("text"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link, large, dir} {
		if text, err := readSmall(path); err == nil {
			t.Errorf("%s was read: %d bytes", path, len(text))
		}
	}
	if text, err := readSmall(small); err != nil || string(text) != "text" {
		t.Errorf("readSmall = %q, %v", text, err)
	}
}

// A data directory in whose place the account has put a link: nothing behind it is copied
// over or removed.
func TestRootRemovesAndCopiesNothingBehindLinks(t *testing.T) {
	s := servantOf(t)
	if err := s.makeServantDirs(); err != nil {
		t.Fatal(err)
	}
	treasure := t.TempDir()
	secret := filepath.Join(treasure, "secret")
	if err := os.WriteFile(secret, []byte("root's"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := s.Layout.data(Primary)
	if err := os.Symlink(treasure, data); err != nil {
		t.Fatal(err)
	}
	if err := removeData(data); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(secret); err != nil {
		t.Errorf("removed behind a link: %v", err)
	}
	from := filepath.Join(s.Layout.templates(), "template")
	if err := s.servant.Do(func() error { return os.Mkdir(from, 0o700) }); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(from, "PG_VERSION")); err != nil {
		t.Fatal(err)
	}
	if err := s.servant.Do(func() error { return copyTree(t.Context(), from, data) }); err == nil {
		t.Error("a link in the template was copied")
	}
}

func TestProgramsThatTheAccountCannotReachAreNamed(t *testing.T) {
	s := servantOf(t)
	closed := t.TempDir()
	program := filepath.Join(closed, "postgres")
	if err := os.WriteFile(program, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.mayRun(program); err == nil {
		t.Errorf("%s may run a file that nobody may", s.servant.Name)
	}
	if err := s.mayRun("/bin/sh"); err != nil {
		t.Error(err)
	}
}

func TestCopyTree(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	if err := os.MkdirAll(filepath.Join(from, "base", "1"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"PG_VERSION":   "15\n",
		"base/1/empty": "",
		"base/1/1259":  string(make([]byte, 3<<20)),
	} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyTree(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int64{"PG_VERSION": 3, "base/1/empty": 0, "base/1/1259": 3 << 20} {
		info, err := os.Stat(filepath.Join(to, name))
		if err != nil || info.Size() != size || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want %d bytes, private", name, info, err, size)
		}
	}
	if info, err := os.Stat(filepath.Join(to, "base")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("base: %v, %v; want a private directory", info, err)
	}
	if err := copyTree(t.Context(), from, to); err == nil {
		t.Error("what is there was copied over")
	}
}

func TestQuotes(t *testing.T) {
	for value, want := range map[string][2]string{
		"/plain":   {`'/plain'`, `'/plain'`},
		"my lab":   {`'my lab'`, `'my lab'`},
		"it's":     {`'it''s'`, `'it\'s'`},
		`back\lab`: {`'back\\lab'`, `'back\\lab'`},
	} {
		if got := quoteGUC(value); got != want[0] {
			t.Errorf("quoteGUC(%s) = %s; want %s", value, got, want[0])
		}
		if got := quoteConninfo(value); got != want[1] {
			t.Errorf("quoteConninfo(%s) = %s; want %s", value, got, want[1])
		}
	}
}

func TestRootThatMayNotGiveFilesAwayIsToldWhatMendsIt(t *testing.T) {
	for cause, want := range map[error]string{
		unix.EPERM:  "CAP_CHOWN",
		unix.EINVAL: "/etc/subuid",
		unix.EROFS:  unix.EROFS.Error(),
	} {
		err := whyNotGiven(&fs.PathError{Op: "lchown", Path: "/data", Err: cause})
		if !errors.Is(err, cause) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want it to hold %q", cause, err, want)
		}
	}
}
