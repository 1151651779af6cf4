package backend

import (
	"slices"

	"stormwave/app/contract"
)

// Bundled is the backend of this repository.
var Bundled = Backend{
	Program:  "app",
	Package:  "./app",
	Settings: contract.Fields,
	Variables: Variables{
		Addr:       contract.EnvAddr,
		PrimaryURL: contract.EnvPrimaryURL,
		ReplicaURL: contract.EnvReplicaURL,
		Others:     others(contract.EnvAddr, contract.EnvPrimaryURL, contract.EnvReplicaURL),
	},
	Schema:   []string{"schema"},
	Role:     contract.Role,
	Ready:    contract.RouteReady,
	ReadBack: contract.RouteConfig,
	Refusal:  "503",
	Rows:     contract.FeedPage,
	Authors:  contract.Users / contract.AuthorShare,
	Slow:     Slow{contract.EnvSlowRoute, contract.On},
	Metrics: Metrics{
		Requests:        contract.MetricRequests,
		RequestDuration: contract.MetricRequestDuration,
		Shed:            contract.MetricShed,
		InFlight:        contract.MetricInFlight,
		Queued:          contract.MetricQueued,
		PoolAcquired:    contract.MetricPoolAcquired,
		PoolIdle:        contract.MetricPoolIdle,
		PoolOpening:     contract.MetricPoolConstructing,
		PoolMax:         contract.MetricPoolMax,
		PoolWaiting:     contract.MetricPoolWaiting,
		PoolAcquires:    contract.MetricPoolAcquires,
		PoolNewConns:    contract.MetricPoolNewConns,
		PoolClosed:      contract.MetricPoolClosed,
		AcquireDuration: contract.MetricAcquireDuration,
		QueryDuration:   contract.MetricQueryDuration,
		QueryOKDuration: contract.MetricQueryOKDuration,
		QueryErrors:     contract.MetricQueryErrors,
		QueryCancels:    contract.MetricQueryCancels,
		Reads:           contract.MetricReads,
		ReadFallbacks:   contract.MetricReadFallbacks,
		StaleReads:      contract.MetricStaleReads,
		ReplicaUsable:   contract.MetricReplicaUsable,
		ReplicaLag:      contract.MetricReplicaLag,
		ReplicaLagBytes: contract.MetricReplicaLagSize,
		ReplicaProbes:   contract.MetricReplicaProbes,
	},
	Labels: Labels{
		Primary:        contract.TargetPrimary,
		Replica:        contract.TargetReplica,
		AcquireTimeout: contract.StateAcquireTimeout,
		Unsent:         []string{contract.StateAcquireTimeout, contract.StateConnect, "53300"},
		Lagging:        []string{contract.FallbackSession, contract.FallbackLate},
	},
	Routes:   contract.APIRoutes,
	Unrouted: contract.RouteOther,
	State: State{
		Dataset: contract.DatasetSQL,
		Remove:  contract.ResetSQL,
		Restart: contract.RestartSQL,
		Tidy:    contract.TidySQL,
	},
	Faults: Faults{
		// The users that scenarios/lib/session.js makes: who inserts a row that refers to one of them waits.
		Lock:  `SELECT id FROM users WHERE name LIKE 'storm-%' FOR UPDATE`,
		Table: "posts",
	},
}

// others are the variables that a spec cannot name as settings, less those that the lab sets.
func others(set ...string) []string {
	var names []string
	for _, f := range contract.Fields {
		if f.Spec == "" && !slices.Contains(set, f.Env) {
			names = append(names, f.Env)
		}
	}
	return names
}
