package stack

import (
	"context"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
)

// attest reads back from the live programs what is really set, under the names
// of the settings.
func (s *Stack) attest(ctx context.Context) (matrix.Settings, error) {
	attested := make(matrix.Settings)
	for _, svc := range s.services() {
		if svc.ReadBack == nil {
			continue
		}
		if err := svc.ReadBack(ctx, s.Env, attested); err != nil {
			return nil, err
		}
	}
	s.attestCPUs(attested)
	return attested, s.attestFaults(ctx, attested)
}

// attestCPUs reads back from the kernel where those services run that a spec pins.
func (s *Stack) attestCPUs(attested matrix.Settings) {
	pids := s.members.pids()
	for name := range service.Catalog().CPUs(s.CPUs) {
		pid, runs := pids[name]
		if list, ok := proc.Affinity(pid); runs && ok {
			attested[matrix.CPUsPrefix+name] = list
		}
	}
}
