//go:build services

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// place is where the programs of a test binary run, and as whom.
type place struct {
	bin        string              // directory of PostgreSQL's programs
	dir        string              // for all that they write
	credential *syscall.Credential // nil: as this process
}

func newPlace() (home place, err error) {
	if home.bin, err = findPostgres(); err != nil {
		return home, err
	}
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		if home.credential, err = unprivileged(); err != nil {
			return home, err
		}
	}
	if home.dir, err = os.MkdirTemp("", "pgtest-"); err != nil {
		return home, err
	}
	return home, home.chown(home.dir)
}

// chown makes a file belong to whom the programs run as.
func (h place) chown(path string) error {
	if h.credential == nil {
		return nil
	}
	return os.Chown(path, int(h.credential.Uid), int(h.credential.Gid))
}

// give writes a file for the programs.
func (h place) give(path string, content []byte, mode os.FileMode) error {
	if err := os.WriteFile(path, content, mode); err != nil {
		return err
	}
	return h.chown(path)
}

// unprivileged returns the user postgres.
func unprivileged() (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("find the user that PostgreSQL runs as: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

// confine makes a program run here, and end by a signal when this process dies.
func (h place) confine(cmd *exec.Cmd, death syscall.Signal) *exec.Cmd {
	cmd.Dir = h.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: h.credential, Setpgid: true, Pdeathsig: death}
	return cmd
}

// run waits for one of PostgreSQL's programs that ends by itself.
func (h place) run(ctx context.Context, stdin io.Reader, name string, args ...string) error {
	// The kernel sends Pdeathsig when the thread that started the program ends: keep it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := h.confine(exec.CommandContext(ctx, filepath.Join(h.bin, name), args...), syscall.SIGKILL)
	cmd.Stdin = stdin
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", name, err, out.String())
	}
	return nil
}

// findPostgres prefers PATH; Debian keeps the servers elsewhere.
func findPostgres() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		// A lone link to it does not mean that psql stands beside the link.
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return "", fmt.Errorf("find PostgreSQL: %w", err)
		}
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("find PostgreSQL: no initdb on PATH or in /usr/lib/postgresql/*/bin: install postgresql")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
