// Package config reads the backend's settings from its environment.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"stormwave/app/contract"
)

// Config is everything the backend can be told. Load is the only way to one.
// A limit of 0 is no limit.
type Config struct {
	Addr             string // host:port
	PrimaryURL       string // secret
	ReplicaURL       string // secret; empty: no replica
	PoolSize         int    // connections per pool
	PoolMin          int    // connections per pool
	ExecMode         string // one of contract.ExecModes
	AcquireTimeout   time.Duration
	QueryTimeout     time.Duration
	StatementTimeout time.Duration // whole milliseconds
	LockTimeout      time.Duration // whole milliseconds
	HTTPTimeout      time.Duration
	Cancel           string // one of contract.CancelModes
	MaxInflight      int    // requests
	MaxQueue         int    // requests; 0: nobody waits
	QueueTimeout     time.Duration
	ReplicaMaxLag    time.Duration
	ReplicaWait      time.Duration // 0: not at all
	ReplicaFallback  int           // reads at once
	SlowRoute        bool
}

// Load reads the settings by getenv. Its error joins every fault that was found,
// each naming the variable and what to write there.
func Load(getenv func(string) string) (Config, error) {
	env := environment{getenv: getenv}
	cfg := Config{
		Addr:             env.address(contract.EnvAddr, "127.0.0.1:8080"),
		PrimaryURL:       env.databaseURL(contract.EnvPrimaryURL),
		ReplicaURL:       env.databaseURL(contract.EnvReplicaURL),
		PoolSize:         env.limit(contract.EnvPoolSize),
		PoolMin:          env.count(contract.EnvPoolMin),
		ExecMode:         env.oneOf(contract.EnvExecMode, contract.ExecModes),
		AcquireTimeout:   env.duration(contract.EnvAcquireTimeout),
		QueryTimeout:     env.duration(contract.EnvQueryTimeout),
		StatementTimeout: env.milliseconds(contract.EnvStatementTimeout),
		LockTimeout:      env.milliseconds(contract.EnvLockTimeout),
		HTTPTimeout:      env.duration(contract.EnvHTTPTimeout),
		Cancel:           env.oneOf(contract.EnvCancel, contract.CancelModes),
		MaxInflight:      env.limit(contract.EnvMaxInflight),
		MaxQueue:         env.count(contract.EnvMaxQueue),
		QueueTimeout:     env.duration(contract.EnvQueueTimeout),
		ReplicaMaxLag:    env.duration(contract.EnvReplicaMaxLag),
		ReplicaWait:      env.duration(contract.EnvReplicaWait),
		ReplicaFallback:  env.limit(contract.EnvReplicaFallback),
		SlowRoute:        env.oneOf(contract.EnvSlowRoute, contract.Switch) == contract.On,
	}
	if getenv(contract.EnvPrimaryURL) == "" {
		env.fault(contract.EnvPrimaryURL, "is not set", "postgres://user:password@host:port/database")
	}
	if cfg.PoolSize > 0 && cfg.PoolMin > cfg.PoolSize {
		env.fault(contract.EnvPoolMin, fmt.Sprintf("is %d, more than %s (%d)", cfg.PoolMin, contract.EnvPoolSize, cfg.PoolSize), "a number up to the pool's size")
	}
	if cfg.MaxQueue > 0 && cfg.MaxInflight == 0 {
		env.fault(contract.EnvMaxQueue, "is set, but nobody ever waits without "+contract.EnvMaxInflight, "both or neither")
	}
	if err := errors.Join(env.faults...); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

// Effective maps each environment variable to the text that would set what is in
// force, with user, password and parameters left out of the URLs.
func (c Config) Effective() map[string]string {
	effective := map[string]string{
		contract.EnvAddr:             c.Addr,
		contract.EnvPrimaryURL:       redact(c.PrimaryURL),
		contract.EnvReplicaURL:       redact(c.ReplicaURL),
		contract.EnvPoolSize:         limitText(c.PoolSize),
		contract.EnvPoolMin:          strconv.Itoa(c.PoolMin),
		contract.EnvExecMode:         c.ExecMode,
		contract.EnvAcquireTimeout:   durationText(c.AcquireTimeout),
		contract.EnvQueryTimeout:     durationText(c.QueryTimeout),
		contract.EnvStatementTimeout: durationText(c.StatementTimeout),
		contract.EnvLockTimeout:      durationText(c.LockTimeout),
		contract.EnvHTTPTimeout:      durationText(c.HTTPTimeout),
		contract.EnvCancel:           c.Cancel,
		contract.EnvMaxInflight:      limitText(c.MaxInflight),
		contract.EnvMaxQueue:         strconv.Itoa(c.MaxQueue),
		contract.EnvQueueTimeout:     durationText(c.QueueTimeout),
		contract.EnvReplicaMaxLag:    durationText(c.ReplicaMaxLag),
		contract.EnvReplicaWait:      durationText(c.ReplicaWait),
		contract.EnvReplicaFallback:  limitText(c.ReplicaFallback),
		contract.EnvSlowRoute:        contract.Off,
	}
	if c.SlowRoute {
		effective[contract.EnvSlowRoute] = contract.On
	}
	return effective
}

// environment parses variables and gathers the faults.
type environment struct {
	getenv func(string) string
	faults []error
}

func (e *environment) fault(name, what, write string) {
	e.faults = append(e.faults, fmt.Errorf("%s %s: write %s", name, what, write))
}

func (e *environment) address(name, fallback string) string {
	v := e.getenv(name)
	if v == "" {
		return fallback
	}
	_, port, err := net.SplitHostPort(v)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		e.fault(name, fmt.Sprintf("is %q", v), "host:port, such as 127.0.0.1:8080, or port 0 for a free one")
	}
	return v
}

// databaseURL never puts the value into a fault: it may hold a password.
func (e *environment) databaseURL(name string) string {
	v := e.getenv(name)
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Host == "" || len(u.Path) < 2 {
		e.fault(name, "is not the URL of a database (its value is not shown)", "postgres://user:password@host:port/database")
	}
	return v
}

func (e *environment) oneOf(name string, values []string) string {
	v := e.getenv(name)
	if v == "" {
		return values[0]
	}
	if !slices.Contains(values, v) {
		e.fault(name, fmt.Sprintf("is %q", v), "one of "+strings.Join(values, ", "))
	}
	return v
}

// maxCount is far above any sensible value and fits the pool's int32.
const maxCount = 1_000_000

// limit reads "unlimited" (also by an empty value) as 0.
func (e *environment) limit(name string) int {
	v := e.getenv(name)
	if v == "" || v == contract.Unlimited {
		return 0
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxCount {
		e.fault(name, fmt.Sprintf("is %q", v), fmt.Sprintf("%q or a number from 1 to %d", contract.Unlimited, maxCount))
	}
	return n
}

func (e *environment) count(name string) int {
	v := e.getenv(name)
	if v == "" {
		return 0
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > maxCount {
		e.fault(name, fmt.Sprintf("is %q", v), fmt.Sprintf("a number from 0 to %d", maxCount))
	}
	return n
}

func (e *environment) duration(name string) time.Duration {
	v := e.getenv(name)
	if isNone(v) {
		return 0
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		e.fault(name, fmt.Sprintf("is %q", v), fmt.Sprintf("a duration such as 800ms, or %q", contract.None))
	}
	return d
}

// milliseconds refuses what PostgreSQL would round: 0.4 ms would become "no limit".
func (e *environment) milliseconds(name string) time.Duration {
	d := e.duration(name)
	if d%time.Millisecond != 0 {
		e.fault(name, fmt.Sprintf("is %q", e.getenv(name)), "whole milliseconds, such as 800ms")
	}
	return d
}

func isNone(v string) bool { return v == "" || v == "0" || v == contract.None }

func durationText(d time.Duration) string {
	if d == 0 {
		return contract.None
	}
	return d.String()
}

func limitText(n int) string {
	if n == 0 {
		return contract.Unlimited
	}
	return strconv.Itoa(n)
}

func redact(raw string) string {
	if raw == "" {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil { // Load has refused it
		return "redacted"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
