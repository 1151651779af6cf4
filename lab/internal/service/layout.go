package service

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

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
	Root    string // the checkout, absolute
	Lab     string // Root/.lab: state, logs, tools, Prometheus' data
	Home    string // data of PostgreSQL and PgBouncer
	Sockets string // short, for a socket's path holds at most 107 bytes
}

const (
	rootHomes = "/var/lib/stormwave"

	checkoutNote = "checkout" // in a home: the path of its checkout
	homeLock     = "lock"     // in a home: held while its lab runs
)

// isForSockets says whether sockets can be in a directory: their paths are short, and neither commas nor blanks are in
// them, which lists of directories are parted by.
func isForSockets(dir string) bool {
	const room = len("/pg/.s.PGSQL.65535.lock") // the longest name
	return len(dir)+room <= maxOfSocket && regexp.MustCompile(`^[A-Za-z0-9/._-]+$`).MatchString(dir)
}

// maxOfSocket is how many bytes the path of a socket holds (unix(7): 108 with the NUL).
const maxOfSocket = 107

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
		// Not XDG_RUNTIME_DIR: it goes with the last log-out, and a lab that was told to run through the night stays.
		if l.Sockets = filepath.Join(l.Lab, "run"); !isForSockets(l.Sockets) {
			l.Sockets = filepath.Join(proc.TempDir, fmt.Sprintf("stormwave-%d-%s", os.Getuid(), id))
		}
		return l, nil
	}
	l.Home = filepath.Join(rootHomes, id)
	l.Sockets = filepath.Join(l.Home, "run")
	return l, nil
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
func (l Layout) data(service string) string { return filepath.Join(l.dataDir(), service) }

// PrimaryTables returns the directory of the primary's tables.
func (l Layout) PrimaryTables() string { return filepath.Join(l.data(Primary), "base") }

// CreateLab makes the directory of the caller's own things, and that of the logs.
func (l Layout) CreateLab() error {
	for _, dir := range []string{l.Lab, filepath.Dir(l.Log(""))} {
		if err := privateDir(dir, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// RemoveSockets removes the directory of the sockets, when nobody listens there any more.
func (l Layout) RemoveSockets() error {
	if err := os.RemoveAll(l.Sockets); err != nil {
		return fmt.Errorf("remove the sockets: %w", err)
	}
	return nil
}

// Create makes the directories of the caller, each with the least access that works.
// Those of the service account are made at each up, which alone knows the account.
func (l Layout) Create() error {
	if err := l.CreateLab(); err != nil {
		return err
	}
	passable := fs.FileMode(0o700)
	if proc.IsRoot() {
		passable = 0o711 // for the service account to pass through
	}
	for _, dir := range []struct {
		path string
		mode fs.FileMode
	}{
		{filepath.Dir(l.Home), passable},
		{l.Home, passable},
		{l.Sockets, passable},
	} {
		if err := privateDir(dir.path, dir.mode); err != nil {
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
func privateDir(path string, mode fs.FileMode) error {
	if err := os.Mkdir(path, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("create directory: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("create directory: %w", err)
	}
	owner, err := proc.OwnerOf(info)
	if err != nil {
		return fmt.Errorf("create directory: %w", err)
	}
	if !info.IsDir() || owner.UID != uint32(os.Geteuid()) {
		return fmt.Errorf(
			"use %s: it is not a directory of this account; move it away, or the checkout to another path", path,
		)
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("protect directory: %w", err)
	}
	return nil
}

// removeHome removes a lab's files outside its checkout, as far as it can.
func removeHome(home string) {
	_ = removeServers(filepath.Join(home, "data"))
	_ = os.RemoveAll(home)
}

// claimHome takes the home for this process' life. Another lab can have it: that of a checkout which stood here and was
// moved away while it ran.
func (e *Env) claimHome() (err error) {
	if e.home != nil {
		return nil
	}
	e.home, err = proc.Lock(filepath.Join(e.Layout.Home, homeLock))
	if errors.Is(err, proc.ErrLocked) {
		return fmt.Errorf("use %s: the lab of another checkout does, which stood at %s and was moved; in that one: lab down",
			e.Layout.Home, e.Layout.Root)
	}
	return err
}

// sweepHomes removes from a directory of homes what labs of deleted checkouts have left.
// A home whose note names no checkout is left alone, and so is one whose lab runs: its checkout may have been moved,
// or be on a disk that is not seen from here.
func sweepHomes(homes string) {
	notes, _ := filepath.Glob(filepath.Join(homes, "*", checkoutNote))
	for _, note := range notes {
		root, err := os.ReadFile(note)
		if err != nil || !filepath.IsAbs(string(root)) {
			continue
		}
		if _, err := os.Stat(string(root)); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		home := filepath.Dir(note)
		if lock, err := proc.Lock(filepath.Join(home, homeLock)); err == nil {
			removeHome(home)
			_ = lock.Close()
		}
	}
}
