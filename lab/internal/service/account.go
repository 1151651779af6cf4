package service

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"stormwave/lab/internal/stack/proc"
)

// serviceAccounts run PostgreSQL and PgBouncer when the caller is root, best first.
var serviceAccounts = []string{"postgres", "nobody"}

// serviceAccount returns the account that PostgreSQL and PgBouncer run as: the caller's
// own, unless that is root.
func serviceAccount() (proc.Account, error) {
	if !proc.IsRoot() {
		return proc.Caller()
	}
	for _, name := range serviceAccounts {
		if account, err := proc.Lookup(name); err == nil {
			return account, nil
		}
	}
	return proc.Account{}, fmt.Errorf("find an account for PostgreSQL, which refuses to run as root: none of %v exists; "+
		"create one: useradd --system postgres", serviceAccounts)
}

// account is what PostgreSQL and PgBouncer are started as: nil when the caller will do.
func (e *Env) account() *proc.Account {
	if !proc.IsRoot() {
		return nil
	}
	return &e.servant
}

// makeServantDirs makes the directories of the service account. What another account has
// left there, which ran the servers before, is removed: nobody can use it any more.
func (e *Env) makeServantDirs() error {
	for _, dir := range []string{e.Layout.dataDir(), e.Layout.templates(), e.Layout.PGSockets()} {
		if err := e.takeOver(dir); err != nil {
			return fmt.Errorf("make %s a directory of the account %s: %w", dir, e.servant.Name, err)
		}
	}
	return nil
}

// takeOver makes one directory the service account's. The directory above is the caller's,
// so that nobody puts another in its place meanwhile. It may be a disk of its own.
func (e *Env) takeOver(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errors.New("it is no directory; move it away")
	}
	owner, err := proc.OwnerOf(info)
	if err != nil {
		return err
	}
	if owner.UID != e.servant.UID && owner.UID != uint32(os.Geteuid()) {
		if err := removeServers(dir); err != nil {
			return err
		}
	}
	if err := os.Lchown(dir, int(e.servant.UID), int(e.servant.GID)); err != nil {
		return whyNotGiven(err)
	}
	return os.Chmod(dir, 0o700)
}

// whyNotGiven adds to what chown(2) says what mends it.
func whyNotGiven(err error) error {
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: this root may not give files away; let the container have the capability CAP_CHOWN, "+
			"with CAP_SETUID and CAP_SETGID, or run the lab as an ordinary user", err)
	case errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%w: the account's id is not known in this user namespace; map it (/etc/subuid), "+
			"or run the lab as an ordinary user", err)
	}
	return err
}

// give writes a private file for the account that runs PostgreSQL and PgBouncer, into a
// directory of that account.
func (e *Env) give(path, content string) error {
	return e.servant.Do(func() error { return writePrivate(path, content) })
}

// writePrivate writes a file that the calling account alone can read.
func writePrivate(path, text string) error {
	// Beside it: the caller's temporary directory may be closed to the account. And whatever
	// the file's mode was: renameio.WriteFile would keep it.
	file, err := renameio.NewPendingFile(path,
		renameio.WithTempDir(filepath.Dir(path)), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { _ = file.Cleanup() }()
	if _, err := file.WriteString(text); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// maxSmall bounds what is read of a small file in a directory of the service account.
const maxSmall = 4 << 20

// readSmall reads a file that another account may have put there: no link is followed, no
// pipe waited for, and no end of one without end.
func readSmall(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSmall {
		return nil, fmt.Errorf("read %s: it is no small file, but %v of %d bytes", path, info.Mode(), info.Size())
	}
	return io.ReadAll(io.LimitReader(file, maxSmall))
}

// mayRun reports whether the service account can run the program: it may not be able to
// enter the directory.
func (e *Env) mayRun(path string) error {
	err := e.servant.Do(func() error { return unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS) })
	if err != nil {
		return fmt.Errorf("the account %s, which PostgreSQL runs as, cannot run %s: %w; "+
			"put it where every account can go, such as /usr/local or /opt", e.servant.Name, path, err)
	}
	return nil
}

// ownPrograms makes sure that the service account can run what it is to run.
func (e *Env) ownPrograms() error {
	var errs []error
	for _, name := range []string{"postgres", "initdb", "pg_basebackup"} {
		errs = append(errs, e.mayRun(e.Tools.Path(name)))
	}
	return errors.Join(errs...)
}

// dataDir holds what the servers and the pooler write, templates what data is copied from.
func (l Layout) dataDir() string { return filepath.Join(l.Home, "data") }

func (l Layout) templates() string { return filepath.Join(l.Home, "template") }
