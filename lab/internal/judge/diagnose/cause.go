// Package diagnose names what limited a trial, from its record alone, with the
// figures that say so and those that rule the other causes out. It is pure.
//
// Each cause has a signature (host.go, path.go, connection.go, pooler.go, database.go): which metrics it reads
// and how strongly they speak for it. Causes further down a request's way explain
// waits further up (a lock holds a connection, and so the pool is empty): rank.go
// discounts the latter. What cannot be told is said so, with the metric that is missing.
//
// Figures count as shares of what there is: of the CPUs that a service may use, of the
// sessions that execute. So the same load on a larger machine has the same cause.
package diagnose

import (
	"slices"

	"stormwave/lab/internal/matrix"
)

// Cause is what may limit a system under load.
type Cause string

// The causes, roughly in the order of a request's way.
const (
	None                   Cause = "none" // the objective was met, and nothing was at its limit
	GeneratorSaturated     Cause = "generator-saturated"
	NoisyHost              Cause = "noisy-host"
	ComponentFailed        Cause = "component-failed"
	HostCPUSaturated       Cause = "host-cpu-saturated"
	MemoryPressure         Cause = "memory-pressure"
	AppCPUBound            Cause = "app-cpu-bound"
	GarbageCollection      Cause = "garbage-collection"
	OverloadShed           Cause = "overload-shed"
	AppPoolStarved         Cause = "app-pool-starved"
	PreparedStatementLost  Cause = "prepared-statement-lost"
	IdleConnectionsEnded   Cause = "idle-connections-ended"
	ConnectionChurn        Cause = "connection-churn"
	NetworkLatency         Cause = "network-latency"
	DBConnectionsExhausted Cause = "db-connections-exhausted"
	DBLockContention       Cause = "db-lock-contention"
	DBCommitWait           Cause = "db-commit-wait"
	DBIOBound              Cause = "db-io-bound"
	SlowQuery              Cause = "slow-query"
	DBCPUBound             Cause = "db-cpu-bound"
	ReplicaLagging         Cause = "replica-lagging"
	Mixed                  Cause = "mixed"        // two causes or more about equally, none of which explains another
	Undetermined           Cause = "undetermined" // the objective was missed, and no cause has evidence enough
)

// Names are the causes that a spec may expect to limit a cell, in the order of a request's way.
func Names(services *matrix.Catalog) []string {
	names := []string{string(None)}
	for _, s := range slices.Concat(outside, inside(services.Poolers())) {
		names = append(names, string(s.cause))
	}
	return append(names, string(Mixed))
}

// CPUBound says of a pooler that it has no CPU left.
func CPUBound(pooler string) Cause { return Cause(pooler + "-cpu-bound") }

// PoolStarved says of a pooler that it has no connection left.
func PoolStarved(pooler string) Cause { return Cause(pooler + "-pool-starved") }

// Evidence is a figure that speaks for a cause, or against it.
type Evidence struct {
	// Name is where the figure stands in the record: a metric by its canonical name, or
	// load.<field>, attested.<setting>.
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Words string  `json:"words"` // as an engineer would say it: "100 of 100 connections"
}

// Finding is what a trial's figures say of a cause.
type Finding struct {
	Cause    Cause      `json:"cause"`
	Score    float64    `json:"score"` // 0: nothing speaks for it; from Certain on it is claimed; 1 at most
	Evidence []Evidence `json:"evidence"`
	// Why is what rules the cause out, in words: the figure that is too low, or the cause
	// that explains it. It is empty where the cause is claimed.
	Why string `json:"why,omitempty"`
	// Missing are the metrics without which the cause can be neither claimed nor ruled
	// out.
	Missing []string `json:"missing,omitempty"`
}

// Certain is the least score at which a cause is claimed.
const Certain = 0.5
