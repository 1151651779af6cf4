// Package host tells on what machine a run is made, and when that machine is idle.
package host

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/stack/toolchain"
)

// Read describes the machine, the checkout at root and the programs that the lab
// uses. What the machine does not tell is left empty; nothing in it names the
// machine or its user.
func Read(ctx context.Context, root string, tools toolchain.Set) (record.Host, error) {
	h := record.Host{
		Kernel: kernel(), Distro: distro("/etc/os-release"), Cores: runtime.NumCPU(), Go: runtime.Version(),
		Governor: firstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"), Programs: programs(root, tools),
	}
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return h, fmt.Errorf("read host: %w", err)
	}
	if cpus, err := fs.CPUInfo(); err == nil && len(cpus) > 0 {
		h.CPUModel = cpus[0].ModelName
	}
	if memory, err := fs.Meminfo(); err == nil && memory.MemTotalBytes != nil {
		h.MemoryBytes = int64(*memory.MemTotalBytes)
	}
	if h.Commit, h.Dirty, err = commit(ctx, root); err != nil {
		return h, err
	}
	h.Env, h.FlakeLock, h.NixpkgsRev, err = flake(root)
	return h, err
}

func kernel() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:]) + " " +
		unix.ByteSliceToString(name.Machine[:])
}

// distro is the PRETTY_NAME of os-release.
func distro(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "PRETTY_NAME="); ok {
			return strings.Trim(value, `"'`)
		}
	}
	return ""
}

func firstLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// programs lists the tools by name, with no path that tells where the checkout is.
func programs(root string, tools toolchain.Set) []record.Program {
	var all []record.Program
	for _, name := range slices.Sorted(maps.Keys(tools)) {
		p := tools[name]
		path := p.Path
		if inside, err := filepath.Rel(root, path); err == nil && filepath.IsLocal(inside) {
			path = inside
		} else if !strings.HasPrefix(path, "/usr/") && !strings.HasPrefix(path, "/nix/store/") {
			path = filepath.Base(path)
		}
		all = append(all, record.Program{Name: name, Path: path, Version: p.Version, SHA256: p.SHA256, NixStore: p.NixStore})
	}
	return all
}
