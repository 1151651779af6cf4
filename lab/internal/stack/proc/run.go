package proc

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
)

// Run runs a program to its end and returns its standard output. When ctx ends
// first the program is stopped. A failure tells the command and the end of its
// error output, which goes to spec.Log where that is set.
func Run(ctx context.Context, spec Spec) ([]byte, error) {
	var out bytes.Buffer
	if spec.Stdout == nil {
		spec.Stdout = &out
	}
	if spec.Log == "" {
		errs, err := os.CreateTemp(TempDir, "proc-*.log")
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", spec.Name, err)
		}
		_ = errs.Close()
		defer func() { _ = os.Remove(errs.Name()) }()
		spec.Log = errs.Name()
	}
	p, err := Start(spec)
	if err != nil {
		return nil, err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		if err := p.Stop(context.WithoutCancel(ctx)); err != nil {
			return nil, err
		}
		return out.Bytes(), fmt.Errorf("run %s: %w", spec.Name, context.Cause(ctx))
	}
	if exit := p.Exit(); exit.Err != nil {
		return out.Bytes(), fmt.Errorf(
			"run %s: %s\n  command: %s\n%s", spec.Name, exit, p.Command(), strings.TrimSpace(p.Tail(tailLines)),
		)
	}
	return out.Bytes(), nil
}
