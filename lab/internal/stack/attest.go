package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"stormwave/app/contract"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/route"
)

// attest reads back from the live programs what is really set, under the names
// of the settings: the backend tells its own configuration and what the server
// tells it over its own path; the servers and the pooler tell theirs.
func (s *Stack) attest(ctx context.Context) (matrix.Settings, error) {
	attested := make(matrix.Settings)
	if err := s.attestApp(ctx, attested); err != nil {
		return nil, err
	}
	if err := s.attestBackend(attested); err != nil {
		return nil, err
	}
	for _, server := range []string{Primary, Replica} {
		if err := s.attestPostgres(ctx, server, attested); err != nil {
			return nil, err
		}
	}
	if err := s.attestPgBouncer(ctx, attested); err != nil {
		return nil, err
	}
	if err := s.attestFaults(ctx, attested); err != nil {
		return nil, err
	}
	return attested, nil
}

// attestApp asks the backend. Whether it reads from the replica or through the
// pooler is seen from the addresses that it talks to.
func (s *Stack) attestApp(ctx context.Context, attested matrix.Settings) error {
	body, err := get(ctx, s.AppURL()+contract.RouteConfig)
	if err != nil {
		return fmt.Errorf("read the backend's configuration: %w", err)
	}
	var config contract.Config
	if err := json.Unmarshal([]byte(body), &config); err != nil {
		return fmt.Errorf("read the backend's configuration: %w", err)
	}
	for _, setting := range matrix.Table {
		if value, ok := config.Settings[setting.Env]; ok && !slices.Contains(roleLimits, setting.Name) {
			attested[setting.Name] = value
		}
	}
	for name := range s.settings {
		if env, ok := strings.CutPrefix(name, matrix.AppPrefix); ok {
			if value, ok := config.Settings[env]; ok {
				attested[name] = value
			}
		}
	}
	s.attestExecMode(attested)
	attested[matrix.Topology] = s.topologyOf(config)
	attested[matrix.SSLMode] = agreed(config, func(p contract.Pool) string { return p.SSLMode })
	attested[matrix.StatementTimeout] = agreed(config, func(p contract.Pool) string { return p.StatementTimeout })
	attested[matrix.LockTimeout] = agreed(config, func(p contract.Pool) string { return p.LockTimeout })
	return nil
}

// topologyOf names the topology by where the backend's pools really lead to.
func (s *Stack) topologyOf(config contract.Config) string {
	leadsTo := func(env, service string) bool {
		u, err := url.Parse(config.Settings[env])
		if err == nil && u.Host == s.addrs[faultProxy] {
			return service == s.behindProxy()
		}
		return err == nil && u.Host == s.addrs[service]
	}
	replica, reads := config.Pools[contract.TargetReplica]
	if reads && !replica.InRecovery {
		return "reads go to a server that is no standby"
	}
	for _, topology := range matrix.Topologies {
		r := route.Of(topology)
		if r.ReadsFrom(Replica) == reads && leadsTo(contract.EnvPrimaryURL, r.Writes[1]) &&
			(!reads || leadsTo(contract.EnvReplicaURL, r.Reads[1])) {
			return topology
		}
	}
	return fmt.Sprintf("writes to %s, reads to %s", config.Settings[contract.EnvPrimaryURL], config.Settings[contract.EnvReplicaURL])
}

// agreed is a server-side limit as every pool's session shows it, or all that are
// shown.
func agreed(config contract.Config, limit func(contract.Pool) string) string {
	seen := make(map[string]bool)
	for _, pool := range config.Pools {
		value := limit(pool)
		if value == "0" {
			value = contract.None
		}
		seen[value] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(seen)), ", ")
}

func (s *Stack) attestPostgres(ctx context.Context, server string, attested matrix.Settings) error {
	conn, err := s.admin(ctx, server)
	if err != nil {
		return err
	}
	for _, guc := range overlay(defaultGUCs, s.settings, matrix.PostgresPrefix) {
		var value string
		// The server's own units on both sides: 64MB and 65536kB are the same.
		err := conn.QueryRow(ctx, "SELECT current_setting($1)", guc.Name).Scan(&value)
		if err != nil {
			return fmt.Errorf("read %s of %s: %w", guc.Name, server, err)
		}
		name := matrix.PostgresPrefix + guc.Name
		if other, ok := attested[name]; ok && other != value {
			value = fmt.Sprintf("%s on the primary, %s on the replica", other, value)
		}
		attested[name] = value
	}
	return nil
}

func (s *Stack) attestPgBouncer(ctx context.Context, attested matrix.Settings) error {
	conn, err := s.console(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, "SHOW CONFIG")
	if err != nil {
		return fmt.Errorf("read the configuration of pgbouncer: %w", err)
	}
	config := make(map[string]string)
	if _, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		values := row.RawValues()
		config[string(values[0])] = string(values[1])
		return struct{}{}, nil
	}); err != nil {
		return fmt.Errorf("read the configuration of pgbouncer: %w", err)
	}
	for _, key := range overlay(defaultPooler, s.settings, matrix.PgBouncerPrefix) {
		attested[matrix.PgBouncerPrefix+key.Name] = config[key.Name]
	}
	return nil
}
