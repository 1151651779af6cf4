package service

import (
	"maps"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/setting"
)

// standbyNeeds are the settings of which a standby must allow at least as much as its
// primary has, with their values where a spec does not set them.
// https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-ADMIN
var standbyNeeds = map[string]string{
	"max_connections":           postgresFamily.Defaults["max_connections"],
	"max_locks_per_transaction": "64",
	"max_prepared_transactions": "0",
	"max_wal_senders":           "5",
	"max_worker_processes":      "8",
}

// GUCs are settings of a PostgreSQL server, by name.
type GUCs map[string]string

// GUCsOf returns all that a server is configured with in a cell.
func GUCsOf(settings matrix.Settings) GUCs {
	g := GUCs(maps.Clone(standbyNeeds))
	for _, guc := range overlay(postgresFamily, settings) {
		g[guc.Name] = guc.Value
	}
	return g
}

// Covering returns these settings, but of what a standby needs at least as much as the other has.
func (g GUCs) Covering(other GUCs) GUCs {
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
	n, _ := setting.Number(value)
	return n
}
