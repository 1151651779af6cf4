package stack

import (
	"context"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack/proc"
)

// readBack asks from the live programs what is really set, under the names
// of the settings.
func (s *Stack) readBack(ctx context.Context) (setting.Reading, error) {
	var read setting.Reading
	for _, svc := range s.services() {
		if svc.ReadBack == nil {
			continue
		}
		if err := svc.ReadBack(ctx, s.Env, &read); err != nil {
			return setting.Reading{}, err
		}
	}
	s.readBackCPUs(read.Values)
	return read, s.readBackFaults(ctx, read.Values)
}

// readBackCPUs reads back from the kernel where those services run that a spec pins.
func (s *Stack) readBackCPUs(effective matrix.Settings) {
	pids := s.members.pids()
	for name := range service.Catalog().CPUs(s.CPUs) {
		pid, runs := pids[name]
		if list, ok := proc.Affinity(pid); runs && ok {
			effective[matrix.CPUsPrefix+name] = list
		}
	}
}
