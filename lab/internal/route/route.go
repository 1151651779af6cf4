// Package route says which services a query passes between the backend and the data. It is pure.
package route

import (
	"regexp"
	"slices"
	"strings"
)

// Services that have a place of their own on every route. Any other one is a pooler.
const (
	Backend = "app"
	Primary = "primary"
	Replica = "replica"
)

// Direct is the topology without a pooler and without reads from the replica.
const Direct = "direct"

// Route is the way of the queries, hop by hop: service names, the backend first and the server last.
type Route struct {
	Writes []string
	Reads  []string
}

// hop is a service's name. A record may hold another text, which says what was found in a topology's place.
var hop = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// Of reads a topology: direct, or what lies between the backend and the primary, joined by +. Each pooler lies on
// the way of all queries; with replica the reads end there. Text that is no topology is read as direct.
func Of(topology string) Route {
	var poolers []string
	reads := Primary
	for word := range strings.SplitSeq(topology, "+") {
		switch {
		case word == Replica:
			reads = Replica
		case word != Direct && hop.MatchString(word):
			poolers = append(poolers, word)
		}
	}
	return between(poolers, reads)
}

func between(poolers []string, reads string) Route {
	way := append([]string{Backend}, poolers...)
	return Route{
		Writes: append(slices.Clone(way), Primary),
		Reads:  append(way, reads),
	}
}

// Poolers are the hops between the backend and the servers.
func (r Route) Poolers() []string { return r.Writes[1 : len(r.Writes)-1] }

// Through says whether any query passes the service.
func (r Route) Through(service string) bool {
	return slices.Contains(r.Writes, service) || slices.Contains(r.Reads, service)
}

// ReadsFrom says whether the reads end at the server.
func (r Route) ReadsFrom(server string) bool { return r.Reads[len(r.Reads)-1] == server }

// Services are all hops, each once: the backend, the servers, the poolers.
func (r Route) Services() []string {
	all := []string{Backend, Primary}
	if !r.ReadsFrom(Primary) {
		all = append(all, Replica)
	}
	return append(all, r.Poolers()...)
}

// With is the route with one more hop: another pooler, or reads from the replica.
func (r Route) With(service string) Route {
	if service == Replica {
		return between(r.Poolers(), Replica)
	}
	return between(append(slices.Clone(r.Poolers()), service), r.Reads[len(r.Reads)-1])
}

// Without is the route without a pooler, or without reads from the replica.
func (r Route) Without(service string) Route {
	if service == Replica {
		return between(r.Poolers(), Primary)
	}
	left := slices.DeleteFunc(slices.Clone(r.Poolers()), func(pooler string) bool { return pooler == service })
	return between(left, r.Reads[len(r.Reads)-1])
}

// String is the topology, as Of reads it.
func (r Route) String() string {
	words := slices.Clone(r.Poolers())
	if r.ReadsFrom(Replica) {
		words = append(words, Replica)
	}
	if len(words) == 0 {
		return Direct
	}
	return strings.Join(words, "+")
}
