package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// WriteFile replaces a file with data, whole or not at all, and creates the
// directories on the way to it. A run's file is written below its results directory
// or, where links lead elsewhere, not at all.
func WriteFile(path string, data []byte) error {
	results, below := within(path)
	return WriteBelow(results, below, data)
}

// WriteBelow is WriteFile of what is named below a directory: a name that leads out of
// it is an error.
func WriteBelow(dir, name string, data []byte) error {
	dir = orHere(dir)
	path := filepath.Join(dir, name)
	if err := writeBelow(dir, filepath.FromSlash(name), data); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func writeBelow(dir, name string, data []byte) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	// The temporary file lies beside it: the root may be on another disk.
	parent, err := root.OpenRoot(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parent.Close()) }()
	if err := renameio.WriteFile(filepath.Base(name), data, 0o644, renameio.WithRoot(parent)); err != nil {
		return err
	}
	return syncDir(parent)
}

// WriteJSON is WriteFile of a value as indented JSON.
func WriteJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return WriteFile(path, append(data, '\n'))
}

// ReadJSON reads what WriteJSON wrote; unknown keys are refused, and so is what its
// own Validate refuses, if it has one: a torn or emptied file is no data.
func ReadJSON(path string, into any) error {
	data, err := readFile(path, maxJSON)
	if err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	if err := decodeJSON(data, into); err != nil {
		return fmt.Errorf(
			"%s:%d: %w; bring the file back as it was written (git restore, or a copy), or begin a new run", path,
			lineOf(data, err), err,
		)
	}
	return nil
}

func decodeJSON(data []byte, into any) error {
	if err := strict(data, into); err != nil {
		return err
	}
	if checked, ok := into.(interface{ Validate() error }); ok {
		return checked.Validate()
	}
	return nil
}

// lineOf finds the line that an error of the JSON decoder is about, as far as the
// error tells: else the first.
func lineOf(data []byte, err error) int {
	offset := int64(0)
	if syntax := json.Unmarshal(data, new(json.RawMessage)); syntax != nil {
		err = syntax // strict reads a stream, whose end is no syntax error
	}
	if at, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = at.Offset
	} else if at, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = at.Offset
	}
	return 1 + bytes.Count(data[:min(max(0, offset), int64(len(data)))], []byte("\n"))
}

// syncDir makes a new name in a directory survive a crash.
func syncDir(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("sync directory %s: %w", root.Name(), err)
	}
	return nil
}
