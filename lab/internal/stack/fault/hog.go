// Package fault holds what the helper processes do by which the lab brings about
// what its diagnosis is to find. Each runs until its context ends.
package fault

import (
	"context"
	"sync"
)

// Hog keeps so many threads busy with nothing.
func Hog(ctx context.Context, threads int) error {
	var all sync.WaitGroup
	for range threads {
		all.Go(func() {
			for n := uint64(0); ctx.Err() == nil; n++ {
				for range 1 << 16 {
					n = n*6364136223846793005 + 1442695040888963407
				}
			}
		})
	}
	all.Wait()
	return nil
}
