package stack

import (
	"maps"
	"strconv"
	"strings"

	"stormwave/lab/internal/matrix"
)

// defaultGUCs are PostgreSQL settings that a spec may override, with the values
// of the study.
var defaultGUCs = map[string]string{"max_connections": "100"}

// standbyNeeds are the settings of which a standby must allow at least as much as its
// primary has, with their values where a spec does not set them.
// https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-ADMIN
var standbyNeeds = map[string]string{
	"max_connections":           defaultGUCs["max_connections"],
	"max_locks_per_transaction": "64",
	"max_prepared_transactions": "0",
	"max_wal_senders":           "5",
	"max_worker_processes":      "8",
}

// gucs are settings of a PostgreSQL server, by name.
type gucs map[string]string

// gucsOf returns all that a server is configured with in a cell.
func gucsOf(settings matrix.Settings) gucs {
	g := gucs(maps.Clone(standbyNeeds))
	maps.Copy(g, defaultGUCs)
	for name, value := range settings {
		if guc, ok := strings.CutPrefix(name, matrix.PostgresPrefix); ok {
			g[guc] = value
		}
	}
	return g
}

// covering returns these settings, but of what a standby needs at least as much as the other has.
func (g gucs) covering(other gucs) gucs {
	covers := maps.Clone(g)
	for name := range standbyNeeds {
		if number(other[name]) > number(covers[name]) {
			covers[name] = other[name]
		}
	}
	return covers
}

// number is a whole number as postgresql.conf takes it. What is none, PostgreSQL refuses.
func number(value string) int64 {
	n, _ := strconv.ParseInt(value, 0, 64)
	return n
}
