package toolchain

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/renameio/v2"

	"stormwave/lab/internal/stack/proc"
)

// askTimeout is how long a program may take to print its version.
const askTimeout = 20 * time.Second

// fingerprint tells whether a file is still the one that was inspected.
type fingerprint struct {
	Size  int64  `json:"size"`     // bytes
	MTime int64  `json:"mtime_ns"` // Unix time
	Inode uint64 `json:"inode"`
}

// inspection is what was learnt about a program's file.
type inspection struct {
	fingerprint
	Version string `json:"version,omitempty"` // empty: not asked for
	SHA256  string `json:"sha256"`
}

// inspections remembers what was learnt, from one command to the next: to hash
// and ask all programs takes seconds, to look at their files takes nothing.
type inspections struct {
	file    string
	known   map[string]inspection // by path
	changed bool
}

// loadInspections reads what is known. A file that is not there, or not
// readable, only means that everything is looked at anew.
func loadInspections(file string) *inspections {
	i := &inspections{file: file, known: make(map[string]inspection)}
	if text, err := os.ReadFile(file); err == nil {
		_ = json.Unmarshal(text, &i.known)
	}
	return i
}

// save keeps what is known, if there is a directory to keep it in.
func (i *inspections) save() {
	if !i.changed {
		return
	}
	if text, err := json.MarshalIndent(i.known, "", " "); err == nil {
		_ = renameio.WriteFile(i.file, text, 0o600)
	}
}

// inspect returns the checksum of the program at path and, when it is one that
// can be asked, its version.
func (i *inspections) inspect(ctx context.Context, path string, r *Requirement) (inspection, error) {
	now, err := fingerprintOf(path)
	if err != nil {
		return inspection{}, err
	}
	known, ok := i.known[path]
	if ok && known.fingerprint == now && (r == nil || known.Version != "") {
		return known, nil
	}
	found := inspection{fingerprint: now}
	if r != nil {
		v, err := r.versionOf(ctx, path)
		if err != nil {
			return inspection{}, err
		}
		found.Version = v.String()
	}
	if found.SHA256, err = sha256Of(path); err != nil {
		return inspection{}, err
	}
	i.known[path], i.changed = found, true
	return found, nil
}

// versionOf reads the version of the program at path from its file if a release
// of a Go module is noted there, and else asks it.
func (r Requirement) versionOf(ctx context.Context, path string) (Version, error) {
	if v, ok := r.builtFrom(path); ok {
		return v, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	env := environ()
	if r.Role == ForLab {
		// As it will be run. A shim that finds the program by the caller's home or PATH would not find it then.
		env = nil
	}
	printed, err := outputOf(ctx, path, r.Ask, env)
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(printed) {
		if match := r.Answer.FindSubmatch(line); match != nil {
			return ParseVersion(string(match[1]))
		}
	}
	return nil, fmt.Errorf("%s is not the %s that is meant: it answers %q", path, r.Name, firstLine(printed))
}

func (r Requirement) builtFrom(path string) (Version, bool) {
	if r.Module == "" {
		return nil, false
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil || info.Main.Path != r.Module {
		return nil, false
	}
	v, err := ParseVersion(info.Main.Version) // "(devel)" outside a released module
	if err != nil || v.String() == "0.0.0" {  // a pseudo-version names a commit
		return nil, false
	}
	if r.Release != nil {
		v = r.Release(v)
	}
	return v, true
}

// outputOf returns what a program prints, on either stream.
func outputOf(ctx context.Context, path string, args, env []string) ([]byte, error) {
	file, err := os.CreateTemp(proc.TempDir, "version-*.txt")
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	_ = file.Close()
	defer func() { _ = os.Remove(file.Name()) }()
	out, err := proc.Run(ctx, proc.Spec{
		Name: filepath.Base(path), Path: path, Args: args, Log: file.Name(), Env: env,
	})
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	rest, err := os.ReadFile(file.Name())
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	return append(out, rest...), nil
}

func firstLine(text []byte) string {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return string(line)
}

func fingerprintOf(path string) (fingerprint, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fingerprint{}, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return fingerprint{}, fmt.Errorf("%s: not a program: %w", path, fs.ErrPermission)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fingerprint{}, errors.ErrUnsupported
	}
	return fingerprint{Size: info.Size(), MTime: info.ModTime().UnixNano(), Inode: stat.Ino}, nil
}

func sha256Of(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("hash program: %w", err)
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("hash program: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
