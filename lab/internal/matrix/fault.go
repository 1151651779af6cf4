package matrix

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Names of the faults that the lab injects, for specs that ask whether a diagnosis
// finds what is known to be wrong. Each is done from outside, by settings, helper
// processes or SQL; the backend knows of none.
const (
	FaultPrefix  = "fault."
	FaultHog     = FaultPrefix + "cpu_hog"
	FaultDelay   = FaultPrefix + "network_delay"
	FaultEvict   = FaultPrefix + "evict_cache"
	FaultLock    = FaultPrefix + "lock_users"
	FaultRowCPU  = FaultPrefix + "row_cpu"
	FaultIndex   = FaultPrefix + "drop_index"
	FaultReplay  = FaultPrefix + "pause_replay"
	FaultKill    = FaultPrefix + "kill"
	FaultScrapes = FaultPrefix + "scrapes"
	FaultViewers = FaultPrefix + "viewers"
)

// FaultCPU is the setting of the quota on a service.
func FaultCPU(service string) string { return FaultPrefix + "cpu_" + service }

// faults are the rows of the table for them.
func (c *Catalog) faults() []Setting {
	var all []Setting
	var killable []string
	for _, s := range c.services {
		if s.Quota {
			all = append(all, Setting{
				Name:    FaultCPU(s.Name),
				Type:    share,
				Meaning: fmt.Sprintf("CPUs that %s may use at most, by a quota (needs the rights to make a cgroup)", s.Title),
			})
		}
		if s.Killable {
			killable = append(killable, s.Name)
		}
	}
	nowhere := map[string]bool{FaultLock: c.backend.Faults.Lock == "", FaultRowCPU: c.backend.Faults.Table == ""}
	for _, f := range faults {
		if !nowhere[f.Name] {
			all = append(all, f)
		}
	}
	kill := Type{"service@duration, such as replica@5s", func(s string) (string, bool) {
		service, _, ok := Kill(s)
		return s, ok && slices.Contains(killable, service)
	}}
	return append(all, Setting{
		Name:    FaultKill,
		Type:    kill,
		Meaning: "a service that is killed, and how long after the load begins",
	})
}

// faults are those that depend on no service.
var faults = []Setting{
	{FaultHog, hogs, "", "", "processes beside the lab that only use CPU"},
	{FaultDelay, delay, "", "", "added to each way between the backend and its database, by a TCP proxy"},
	{FaultEvict, choice("on"), "", "", "the primary's files are dropped from the system's cache over and over"},
	{FaultLock, delay, "", "", "a session locks the rows that writes of the load need, over and over, each time for " +
		"so long"},
	{FaultRowCPU, microseconds, "", "", "CPU time that each row of the largest table costs the server, by a row " +
		"security policy"},
	{FaultIndex, index, "", "", "an index that is not there"},
	{FaultReplay, choice("on"), "", "", "the replica does not replay during the load"},
	{FaultScrapes, choice("off"), "", "", "Prometheus scrapes nothing during the load: what it costs to look (levels " +
		"are then read at the load's edges only)"},
	{FaultViewers, hogs, "", "", "clients that read the live page once a second, as a browser does that shows it"},
}

var (
	share = Type{"a number of CPUs from 0.05 to 64, such as 0.2", func(s string) (string, bool) {
		v, err := strconv.ParseFloat(s, 64)
		return strconv.FormatFloat(v, 'f', -1, 64), err == nil && v >= 0.05 && v <= 64
	}}
	hogs = Type{"a whole number from 1 to 64", func(s string) (string, bool) {
		n, err := strconv.Atoi(s)
		return strconv.Itoa(n), err == nil && n >= 1 && n <= 64
	}}
	delay = Type{"a duration from 1ms to 10s, in whole milliseconds", func(s string) (string, bool) {
		d, err := time.ParseDuration(s)
		return Duration(d).String(), err == nil && d >= time.Millisecond && d <= 10*time.Second && d%time.Millisecond == 0
	}}
	microseconds = Type{"a duration from 1us to 100ms, in whole microseconds", func(s string) (string, bool) {
		d, err := time.ParseDuration(s)
		return Duration(d).String(), err == nil && d >= time.Microsecond && d <= 100*time.Millisecond &&
			d%time.Microsecond == 0
	}}
	index = Type{"the name of an index", func(s string) (string, bool) { return s, indexText.MatchString(s) }}
)

var (
	indexText = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	killText  = regexp.MustCompile(`^([a-z][a-z0-9-]*)@([1-9][0-9]{0,2}s)$`)
)

// Kill reads the value of FaultKill: which service, and how long after the load begins.
func Kill(value string) (service string, after time.Duration, ok bool) {
	m := killText.FindStringSubmatch(value)
	if m == nil {
		return "", 0, false
	}
	after, err := time.ParseDuration(m[2])
	return m[1], after, err == nil
}
