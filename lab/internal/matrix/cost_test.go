package matrix

import (
	"math"
	"testing"

	"stormwave/lab/backends"
)

func TestConnectionsAreThoseOfTheTightestPool(t *testing.T) {
	services := NewCatalog([]Service{
		{Name: "primary", Settings: Family{Prefix: PostgresPrefix, Defaults: map[string]string{"max_connections": "100"}}},
		{
			Name:   "pgbouncer",
			Pooler: true,
			Pool:   Pool{Size: "default_pool_size", Bounds: []string{"max_db_connections"}},
			Settings: Family{
				Prefix:   "pgbouncer.",
				Defaults: map[string]string{"default_pool_size": "20"},
			},
		},
	}, backends.Default())
	for _, c := range []struct {
		settings Settings
		want     int
	}{
		{Settings{}, 100},
		{Settings{PoolSize: "unlimited"}, 100},
		{Settings{PoolSize: "unlimited", PostgresPrefix + "max_connections": "50"}, 50},
		{Settings{PoolSize: "8"}, 8},
		{Settings{PoolSize: "8", Topology: "replica"}, 16},
		{Settings{PoolSize: "unlimited", Topology: "pgbouncer"}, 20},
		{Settings{PoolSize: "unlimited", Topology: "pgbouncer+replica"}, 40},
		{Settings{PoolSize: "32", Topology: "pgbouncer", "pgbouncer.default_pool_size": "64"}, 32},
		{Settings{PoolSize: "32", Topology: "pgbouncer", "pgbouncer.max_db_connections": "10"}, 10},
		{Settings{PoolSize: "32", Topology: "pgbouncer", "pgbouncer.max_db_connections": "0"}, 20},
		{Settings{PoolSize: "32", "pgbouncer.max_db_connections": "10"}, 32},
	} {
		if got := services.Connections(c.settings); got != c.want {
			t.Errorf("%v: %d connections; want %d", c.settings, got, c.want)
		}
	}
	if got := NewCatalog(nil, backends.Default()).Connections(Settings{}); got != math.MaxInt32 {
		t.Errorf("without any limit: %d connections; want %d", got, math.MaxInt32)
	}
}
