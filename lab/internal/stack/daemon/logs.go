package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"stormwave/lab/internal/service"
)

// rotateLogs begins every log of the checkout anew, and keeps those of the up before as NAME.log.1: what is logged
// without end would fill the disk. Its caller holds the supervisor's lock, so that no service writes.
func rotateLogs(layout service.Layout) error {
	own := layout.Log("supervisor")
	dir := filepath.Dir(own)
	names, err := fs.Glob(os.DirFS(dir), "*.log")
	errs := []error{err}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if path != own {
			errs = append(errs, os.Rename(path, path+".1"))
			continue
		}
		// It is this process' output already, which appends to it.
		text, err := os.ReadFile(path)
		errs = append(errs, err, os.WriteFile(path+".1", text, 0o600), os.Truncate(path, 0))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("begin the logs anew: %w", err)
	}
	return nil
}
