package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"stormwave/lab/internal/record"
)

// Fingerprint returns the checksums of what makes a run's numbers and is not among
// its programs: the lab, the backend, the load scripts.
func Fingerprint(lab, app, scenarios string) (map[string]string, error) {
	sums := make(map[string]string)
	for name, root := range map[string]string{"lab": lab, "app": app, "scenarios": scenarios} {
		sum := sha256.New()
		root, err := filepath.EvalSymlinks(root) // WalkDir would not look behind a link
		if err != nil {
			return nil, fmt.Errorf("take fingerprint of %s: %w", name, err)
		}
		err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			inside, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			fmt.Fprintf(sum, "%q", inside)
			return addFile(sum, path)
		})
		if err != nil {
			return nil, fmt.Errorf("take fingerprint of %s: %w", name, err)
		}
		sums[name] = hex.EncodeToString(sum.Sum(nil))
	}
	return sums, nil
}

func addFile(into io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = io.Copy(into, f)
	return err
}

// Changes lists what tells two hosts apart as far as it can change a measurement:
// machine, programs, fingerprint.
func Changes(was, is record.Host) []string {
	var changes []string
	differ := func(what, a, b string) {
		if a != b {
			changes = append(changes, fmt.Sprintf("%s was %s, is %s", what, a, b))
		}
	}
	differ("kernel", was.Kernel, is.Kernel)
	differ("CPU", was.CPUModel, is.CPUModel)
	differ("number of cores", fmt.Sprint(was.Cores), fmt.Sprint(is.Cores))
	differ("memory", fmt.Sprint(was.MemoryBytes), fmt.Sprint(is.MemoryBytes))
	if was.OpenFiles > 0 {
		differ("limit of open files", fmt.Sprint(was.OpenFiles), fmt.Sprint(is.OpenFiles))
	}
	programs := make(map[string]record.Program)
	for _, p := range is.Programs {
		programs[p.Name] = p
	}
	for _, p := range was.Programs {
		differ(p.Name, p.Version+" "+short(p.SHA256), programs[p.Name].Version+" "+short(programs[p.Name].SHA256))
	}
	for _, name := range []string{"lab", "app", "scenarios"} {
		differ(name, short(was.Fingerprint[name]), short(is.Fingerprint[name]))
	}
	return changes
}

func short(sum string) string { return sum[:min(len(sum), 12)] }
