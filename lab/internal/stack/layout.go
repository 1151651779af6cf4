package stack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"

	"stormwave/lab/internal/stack/proc"
)

// Layout says where the lab of one checkout keeps its things.
//
// Root/.lab belongs to the caller. PostgreSQL and PgBouncer refuse to run as
// root, and the account they run as then may not be able to enter the checkout
// (/root, a private temporary directory): for root their files are under
// /var/lib/stormwave instead.
type Layout struct {
	Root    string       // the checkout, absolute
	Lab     string       // Root/.lab: state, logs, tools, Prometheus' data
	Home    string       // data of PostgreSQL and PgBouncer
	Sockets string       // short, for a socket's path holds at most 107 bytes
	Account proc.Account // runs PostgreSQL and PgBouncer
}

const (
	rootHomes   = "/var/lib/stormwave"
	userSockets = "/tmp" // never os.TempDir: nix develop changes it from shell to shell

	checkoutNote = "checkout" // in a home: the path of its checkout
)

// serviceAccounts run PostgreSQL and PgBouncer when the caller is root, best first.
var serviceAccounts = []string{"postgres", "nobody"}

// NewLayout finds the places of the checkout at root. It creates nothing.
func NewLayout(root string) (Layout, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return Layout{}, fmt.Errorf("find checkout: %w", err)
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return Layout{}, fmt.Errorf("find checkout: %w", err)
	}
	sum := sha256.Sum256([]byte(root))
	id := hex.EncodeToString(sum[:5])
	l := Layout{Root: root, Lab: filepath.Join(root, ".lab")}
	if !proc.IsRoot() {
		l.Home = filepath.Join(l.Lab, "home")
		l.Sockets = filepath.Join(userSockets, fmt.Sprintf("stormwave-%d-%s", os.Getuid(), id))
		l.Account, err = proc.Caller()
		return l, err
	}
	l.Home = filepath.Join(rootHomes, id)
	l.Sockets = filepath.Join(l.Home, "run")
	for _, name := range serviceAccounts {
		if l.Account, err = proc.Lookup(name); err == nil {
			return l, nil
		}
	}
	return Layout{}, fmt.Errorf("find an account for PostgreSQL, which refuses to run as root: none of %v exists; create one: useradd --system postgres", serviceAccounts)
}

// Control returns the path of the supervisor's control socket.
func (l Layout) Control() string { return filepath.Join(l.Sockets, "control") }

// PGSockets returns the directory of PostgreSQL's sockets.
func (l Layout) PGSockets() string { return filepath.Join(l.Sockets, "pg") }

// Log returns the path of a service's log.
func (l Layout) Log(service string) string { return filepath.Join(l.Lab, "log", service+".log") }

// TSDB returns the directory of Prometheus' storage.
func (l Layout) TSDB() string { return filepath.Join(l.Lab, Prometheus, "tsdb") }

// Bin returns the path of one of the project's own programs.
func (l Layout) Bin(name string) string { return filepath.Join(l.Root, "bin", name) }

// passfile returns the path of libpq's password file, for psql.
func (l Layout) passfile() string { return filepath.Join(l.Lab, "pgpass") }

// data returns the directory of a service's data.
func (l Layout) data(service string) string { return filepath.Join(l.Home, "data", service) }

// Create makes the directories, each with the least access that works.
func (l Layout) Create() error {
	passable := fs.FileMode(0o700)
	if proc.IsRoot() {
		passable = 0o711 // for the service account to pass through
	}
	for _, dir := range []struct {
		path  string
		mode  fs.FileMode
		owner *proc.Account
	}{
		{l.Lab, 0o700, nil},
		{filepath.Join(l.Lab, "log"), 0o700, nil},
		{filepath.Dir(l.Home), passable, nil},
		{l.Home, passable, nil},
		{filepath.Join(l.Home, "data"), 0o700, &l.Account},
		{filepath.Join(l.Home, "template"), 0o700, &l.Account},
		{l.Sockets, passable, nil},
		{l.PGSockets(), 0o700, &l.Account},
	} {
		if err := privateDir(dir.path, dir.mode, dir.owner); err != nil {
			return err
		}
	}
	// Whole or not at all: by a torn note another lab would take this one for left.
	if err := renameio.WriteFile(filepath.Join(l.Home, checkoutNote), []byte(l.Root), 0o600); err != nil {
		return fmt.Errorf("note whose home this is: %w", err)
	}
	return nil
}

// privateDir makes the directory, or makes sure that nobody else made it.
func privateDir(path string, mode fs.FileMode, owner *proc.Account) error {
	if err := os.Mkdir(path, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("create directory: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("create directory: %w", err)
	}
	uid := uint32(os.Geteuid())
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || stat.Uid != uid && (owner == nil || stat.Uid != owner.UID) {
		return fmt.Errorf("use %s: it is not a directory of this account; move it away", path)
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("protect directory: %w", err)
	}
	if owner != nil && owner.UID != stat.Uid {
		if err := os.Chown(path, int(owner.UID), int(owner.GID)); err != nil {
			return fmt.Errorf("protect directory: %w", err)
		}
	}
	return nil
}

// removeHome removes a lab's files outside its checkout, as far as it can.
func removeHome(home string) {
	servers, _ := filepath.Glob(filepath.Join(home, "data", "*", "PG_VERSION"))
	for _, version := range servers {
		_ = removeData(filepath.Dir(version))
	}
	_ = os.RemoveAll(home)
}

// sweepHomes removes from a directory of homes what labs of deleted checkouts have left.
// A home whose note names no checkout is left alone.
func sweepHomes(homes string) {
	notes, _ := filepath.Glob(filepath.Join(homes, "*", checkoutNote))
	for _, note := range notes {
		root, err := os.ReadFile(note)
		if err != nil || !filepath.IsAbs(string(root)) {
			continue
		}
		if _, err := os.Stat(string(root)); errors.Is(err, fs.ErrNotExist) {
			removeHome(filepath.Dir(note))
		}
	}
}
