package matrix

import (
	"math"
	"strconv"

	"stormwave/lab/internal/route"
)

// Tightest is the key of a pooler's limit of connections to a server that binds first, and its value:
// that of a pool, or a smaller one over several. value reads a setting, NaN or 0 where it has none.
func (s Service) Tightest(value func(setting string) float64) (key string, size float64) {
	key, size = s.Pool.Size, value(s.Settings.Prefix+s.Pool.Size)
	for _, other := range s.Pool.Bounds {
		if n := value(s.Settings.Prefix + other); n > 0 && n < size {
			key, size = other, n
		}
	}
	return key, size
}

// Connections is how many connections to the servers the backend has at most with these settings: of
// its own pool, or of a pooler's on the way where that has fewer, to each server that it asks. Without
// any limit that is what the servers let in.
func (c *Catalog) Connections(s Settings) int {
	value := func(name string) float64 {
		if v, err := strconv.ParseFloat(s[name], 64); err == nil {
			return v
		}
		for _, f := range c.families() {
			for member, text := range f.Defaults {
				if v, err := strconv.ParseFloat(text, 64); err == nil && f.Prefix+member == name {
					return v
				}
			}
		}
		return math.NaN()
	}
	most, way := math.Inf(1), s.Route()
	for _, name := range []string{PostgresPrefix + "max_connections", PoolSize} {
		if v := value(name); v > 0 {
			most = math.Min(most, v)
		}
	}
	for _, p := range c.Poolers() {
		if _, v := p.Tightest(value); way.Through(p.Name) && v > 0 {
			most = math.Min(most, v)
		}
	}
	if math.IsInf(most, 1) {
		return math.MaxInt32
	}
	if way.ReadsFrom(route.Replica) {
		most *= 2
	}
	return int(most)
}
