package service

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"text/template"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

//go:embed conf/pgpool.conf.tmpl
var pgpoolConf string

var pgpoolTemplate = template.Must(template.New("pgpool.conf").Option("missingkey=error").Parse(pgpoolConf))

// Pgpool is a pooler with a process for each client: pooling is by session.
const Pgpool = "pgpool"

// pgpoolPID is where it notes its process, beside its configuration.
const pgpoolPID = Pgpool + ".pid"

// pgpoolReads is the application name of the sessions whose SELECTs go to the replica. Pgpool-II gives a database no
// second name, and splitting all reads by their SQL would take those too that the backend sends to the primary on
// purpose: after a write, and when the replica is behind.
const pgpoolReads = "stormwave-reads"

var pgpoolProgram = toolchain.Requirement{
	Name:   "pgpool",
	Role:   toolchain.ForTests,
	Min:    toolchain.Version{4, 2},
	Ask:    []string{"--version"},
	Answer: regexp.MustCompile(`^pgpool-II version (\S+)`),
	Debian: &toolchain.DebianPackage{Name: "pgpool2", Service: "pgpool2"},
}

func pgpool() Service {
	return Service{
		Name:    Pgpool,
		Title:   "Pgpool-II",
		Program: pgpoolProgram,
		Needs:   []string{Primary, Replica},
		PerCell: true,
		Pooler:  true,
		Pool: matrix.Pool{
			Queues:  true,
			Size:    "num_init_children",
			Clients: "num_init_children",
			Used:    metric.PoolerServed.At(Pgpool).Key(),
			Waiting: metric.PoolerWaiting.At(Pgpool).Key(),
		},
		Quota:    true,
		Settings: pgpoolFamily,
		Psql:     []Psql{{Target: Pgpool, Conninfo: overTCP(AppRole, Database)}},
		PIDFile:  pgpoolPID,
		Prepare:  func(_ context.Context, e *Env) error { return e.writePgpoolConf() },
		Process: func(e *Env) proc.Spec {
			return proc.Spec{
				Args: []string{
					"-n", // in the foreground
					"-D", // without what an earlier one found of the servers
					"-f", e.pgpoolFile("conf"),
					"-a", e.pgpoolFile("hba"),
					"-F", e.pgpoolFile("pcp"),
				},
				Dir:         e.Layout.dataDir(),
				Account:     e.account(),
				StopSignal:  syscall.SIGINT, // SIGTERM waits for clients
				DeathSignal: syscall.SIGINT,
			}
		},
		Ready:     pgpoolResponds,
		Responds:  pgpoolResponds,
		ReadBack:  readBackPgpool,
		ToReplica: func(u *url.URL) { u.RawQuery += "&application_name=" + pgpoolReads },
	}
}

// pgpoolFamily is of pgpool.conf. One database and one role have one pool for each process. Its own backlog of twice
// its processes would drop the others' SYNs, and let them try again after a second; this one reaches Linux' own limit.
var pgpoolFamily = matrix.Family{
	Prefix:  Pgpool + ".",
	Member:  "<key>",
	Names:   regexp.MustCompile(`^[a-z_0-9]+$`),
	Meaning: "key of pgpool.conf, with a value as PGPOOL SHOW prints it",
	// Its lexer ends a string at the next quote, and takes all else as it stands (pool_config.l).
	Unquoted: `'`,
	Defaults: map[string]string{
		"num_init_children":         "32",
		"max_pool":                  "1",
		"listen_backlog_multiplier": "128",
	},
	Refused: []matrix.Refusal{
		{
			Names: regexp.MustCompile(`^(.*_command[0-9]*|.*_path|.*_cmd)$`),
			Why:   "it runs a program",
		},
		{
			Names: regexp.MustCompile(`^(include|.*(file|dir|directory|directories|destination)(_name)?[0-9]*|log_filename|` +
				`logging_collector|syslog_.*|memqcache_method|memqcache_memcached.*)$`),
			Why: "the lab chooses the files",
		},
		{
			Names: regexp.MustCompile(`^(listen_addresses|port|pcp_.*|unix_socket_.*|.*hostname[0-9]*|.*_port[0-9]*|ssl.*|` +
				`.*(user|password|passwd)[0-9]*|enable_pool_hba|allow_clear_text_.*|authentication_.*|trusted_.*|` +
				`use_watchdog|wd_.*|heartbeat_.*|delegate_.*|if_.*|arping_.*|health_check_.*|recovery_.*)$`),
			Why: "the lab chooses where it listens and who gets in",
		},
		{
			Names: regexp.MustCompile(`^(backend_.*|load_balance_mode|.*_redirect_preference_list|.*_function_list|` +
				`.*_query_pattern_list|disable_load_balance_on_write|statement_level_load_balance|allow_sql_comments|` +
				`dml_adaptive_.*|check_temp_table|check_unlogged_table|sr_check_.*|delay_threshold.*|fail.*|` +
				`auto_failback.*|detach_.*|prefer_lower_.*)$`),
			Why: "use " + matrix.Topology,
		},
	},
}

func (e *Env) pgpoolFile(ending string) string {
	return filepath.Join(e.Layout.dataDir(), "pgpool."+ending)
}

// pgpoolHBA lets in who knows a password, over loopback alone.
const pgpoolHBA = "host " + Database + " all 127.0.0.1/32 scram-sha-256\n"

// writePgpoolConf writes its files. It must know the passwords themselves, since it logs in anew to each server: with
// SCRAM nothing that a client sends will do. They are in a file of its own account, as those of psql are in the
// caller's; encrypted, the key would lie beside them.
func (e *Env) writePgpoolConf() error {
	if err := e.mayRun(e.Tools.Path("pgpool")); err != nil {
		return err
	}
	text, err := e.pgpoolConf()
	if err != nil {
		return err
	}
	var users strings.Builder
	for _, role := range []string{AppRole, monitorRole} {
		fmt.Fprintf(&users, "%s:TEXT%s\n", role, e.secrets[role])
	}
	for _, file := range []struct{ ending, text string }{
		{"users", users.String()},
		{"hba", pgpoolHBA},
		{"pcp", ""}, // nobody comes in there
		{"conf", text},
	} {
		if err := e.give(e.pgpoolFile(file.ending), file.text); err != nil {
			return err
		}
	}
	return nil
}

// pgpoolConf is its configuration in a cell. It knows of the replica only where reads go there: else each session
// would have a connection to it too.
func (e *Env) pgpoolConf() (string, error) {
	nodes := []string{portOf(e.Addrs[Primary])}
	if e.Settings.Route().ReadsFrom(Replica) {
		nodes = append(nodes, portOf(e.Addrs[Replica]))
	}
	var text strings.Builder
	err := pgpoolTemplate.Execute(&text, map[string]any{
		"Port":       portOf(e.Addrs[Pgpool]),
		"PCPPort":    portOf(e.Addrs[App]), // only names a socket, which nobody else's is named by
		"PIDFile":    pgpoolPID,
		"SocketKey":  socketKey(e.Tools["pgpool"].Version),
		"Nodes":      nodes,
		"LoadShared": len(nodes) > 1,
		"Reads":      pgpoolReads,
		"Keys":       overlay(pgpoolFamily, e.Settings),
	})
	if err != nil {
		return "", fmt.Errorf("write configuration of pgpool: %w", err)
	}
	return text.String(), nil
}

// socketKey is what the directory of the socket is called: 4.4 gave it PostgreSQL's name.
func socketKey(version string) string {
	if v, err := toolchain.ParseVersion(version); err == nil && v.Less(toolchain.Version{4, 4}) {
		return "socket_dir"
	}
	return "unix_socket_directories"
}

// askPgpool asks it for a table of its own, over a session of the monitor's.
func (e *Env) askPgpool(ctx context.Context, sql string) ([][2]string, error) {
	config, err := parse(loopback(e.Addrs[Pgpool], monitorRole, Database))
	if err != nil {
		return nil, fmt.Errorf("connect to pgpool: %w", err)
	}
	config.Password = e.secrets[monitorRole]
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // the only one for its own commands
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to pgpool: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("ask pgpool: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (line [2]string, err error) {
		for i, value := range row.RawValues()[:min(2, len(row.RawValues()))] {
			line[i] = string(value)
		}
		return line, nil
	})
}

func pgpoolResponds(ctx context.Context, e *Env) error {
	_, err := e.askPgpool(ctx, "SHOW POOL_VERSION")
	return err
}

// readBackPgpool asks it for what the settings name. Where the reads really go, the backend's own sessions tell.
func readBackPgpool(ctx context.Context, e *Env, into *setting.Reading) error {
	shown, err := e.askPgpool(ctx, "PGPOOL SHOW ALL")
	if err != nil {
		return fmt.Errorf("read the configuration of pgpool: %w", err)
	}
	config := make(map[string]string)
	for _, line := range shown {
		config[line[0]] = line[1]
	}
	confirm(into, pgpoolFamily, Pgpool, config, e.Settings)
	return nil
}
