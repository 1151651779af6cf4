package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// The files of a run may be somebody else's: unpacked, merged, pulled. A link among
// them must not lead the lab out of the results directory, neither to read nor to
// write, and a pipe or a device must not make it wait.

// Bounds of what is read, in bytes: far above what any run writes.
const (
	maxJSON    = 128 << 20 // the plan of 100,000 trials has 20 MB
	maxRecords = 1 << 30   // 100,000 records have 800 MB
)

// within splits the path of a run's file into the results directory and what lies
// below. Of any other path it is the file's own directory.
func within(path string) (results, below string) {
	path = filepath.Clean(path)
	for dir := filepath.Dir(path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if ValidName(filepath.Base(dir)) {
			results = filepath.Dir(dir)
			below, err := filepath.Rel(results, path)
			if err == nil {
				return results, below
			}
		}
	}
	return filepath.Split(path)
}

// openFile opens a plain file that lies where its path says.
func openFile(path string, flag int, perm os.FileMode) (*os.File, error) {
	results, below := within(path)
	root, err := os.OpenRoot(orHere(results))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := root.OpenFile(below, flag|syscall.O_NONBLOCK, perm)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("open %s: it is no plain file; remove it", path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// orHere is the directory of a path without one.
func orHere(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}

// ReadFile reads a run's file that has no form of its own, such as its spec.
func ReadFile(path string) ([]byte, error) { return readFile(path, maxJSON) }

// readFile reads a plain file of at most so many bytes.
func readFile(path string, most int64) ([]byte, error) {
	file, err := openFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAll(file, path, most)
}

func readAll(from io.Reader, path string, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, most+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("read %s: it holds more than %d MB, which no run writes", path, most>>20)
	}
	return data, nil
}
