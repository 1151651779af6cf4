package proc

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Detach starts a process that outlives the caller, in a session of its own, with
// its output appended to spec.Log. The caller may wait for it, and stop it, but need
// not: it is no one's to own.
func Detach(spec Spec) (*Process, error) {
	p := &Process{spec: spec, done: make(chan struct{})}
	p.cmd = &exec.Cmd{
		Path: spec.Path, Args: append([]string{spec.Path}, spec.Args...), Env: Environ(spec.Env...), Dir: spec.Dir,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if err := p.openLog(); err != nil {
		return nil, err
	}
	defer func() { _ = p.log.Close() }()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	go func() {
		err := p.cmd.Wait()
		p.exit = exitOf(p.cmd.ProcessState, err, 0)
		close(p.done)
	}()
	return p, nil
}

// Replace runs the program in the place of this one: its terminal, its signals,
// its exit status. Its environment is Environ(set...). It returns only when that fails.
func Replace(path string, args, set []string) error {
	if err := syscall.Exec(path, append([]string{path}, args...), Environ(set...)); err != nil {
		return fmt.Errorf("run %s: %w", path, err)
	}
	return nil
}

// Self returns the path of the running program.
func Self() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find own program: %w", err)
	}
	return path, nil
}
