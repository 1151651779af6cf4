package record

import "fmt"

// Host is what a run was made on and with. It names no machine and no user.
type Host struct {
	Kernel      string    `json:"kernel"`
	Distro      string    `json:"distro"`
	CPUModel    string    `json:"cpu_model"`
	Cores       int       `json:"cores"` // processors that the lab may use
	MemoryBytes int64     `json:"memory_bytes"`
	OpenFiles   uint64    `json:"open_files,omitempty"` // that each service could have open at once; absent: not recorded
	Governor    string    `json:"governor,omitempty"`   // of the CPU frequency; absent where the kernel shows none
	Go          string    `json:"go"`
	Commit      string    `json:"commit"`                // of the lab; "" outside a repository
	Dirty       bool      `json:"dirty"`                 // the checkout differed from Commit
	Env         string    `json:"env"`                   // EnvNix or EnvHost
	FlakeLock   string    `json:"flake_lock,omitempty"`  // sha256 of flake.lock
	NixpkgsRev  string    `json:"nixpkgs_rev,omitempty"` // that flake.lock pins
	Programs    []Program `json:"programs"`              // by name
	Lab         Figures   `json:"lab"`
	// Fingerprint holds the SHA-256 of what a run must not change in its course: "lab",
	// "app", "scenarios".
	Fingerprint map[string]string `json:"fingerprint,omitempty"`
	Forced      []string          `json:"forced,omitempty"` // what had changed when the run was resumed all the same
}

// Validate reports what keeps a host that was read from a file from being one.
func (h Host) Validate() error {
	if h.Cores < 1 || h.MemoryBytes < 0 {
		return fmt.Errorf("it has %d cores and %d bytes of memory", h.Cores, h.MemoryBytes)
	}
	return nil
}

// Where the programs of a run came from.
const (
	EnvNix  = "nix"  // the shell of the flake
	EnvHost = "host" // the distribution and lab/tools
)

// Program is one of the programs that a run was made with.
type Program struct {
	Name     string `json:"name"`
	Path     string `json:"path"` // as committed: within the checkout relative, else under /nix/store or /usr
	Version  string `json:"version"`
	SHA256   string `json:"sha256"`
	NixStore string `json:"nix_store,omitempty"` // store path, if it is in one
}

// Figures are the lab's own costs, in seconds. An absent one was not measured.
type Figures struct {
	Up             *float64 `json:"up_s,omitempty"`              // from the command to all services ready
	UpCached       bool     `json:"up_cached"`                   // with the database template already made
	FirstUp        *float64 `json:"first_up_s,omitempty"`        // the last up that had to make the template
	TurnaroundMean *float64 `json:"turnaround_mean_s,omitempty"` // end of a trial to the start of the next, warm-up aside
	TurnaroundMax  *float64 `json:"turnaround_max_s,omitempty"`
}
