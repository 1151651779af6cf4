package matrix

import (
	"fmt"
	"regexp"
	"strings"
)

// A spec says how the programs behave. It does not say what they run, which files
// they read and write, where they listen and whom they let in: a spec from somebody
// else must not be able to do more than measure.

// forbidden are the members of the families that are not for a spec to set, and why.
var forbidden = []struct {
	prefix string
	names  *regexp.Regexp
	why    string
}{
	{PostgresPrefix, regexp.MustCompile(`^(.*_command|.*_library|.*_libraries|jit_provider)$`), "it runs a program or loads a library"},
	{PostgresPrefix, regexp.MustCompile(`^(include.*|.*_file|.*keyfile|.*_directory|log_filename|log_destination|logging_collector|dynamic_library_path|extension_control_path)$`), "the lab chooses the files"},
	{PostgresPrefix, regexp.MustCompile(`^(listen_addresses|port|unix_socket_.*|bonjour.*|ssl|ssl_.*|krb_.*|gss_.*|password_encryption|primary_.*)$`), "the lab chooses where it listens and who gets in"},

	{PostgresPrefix, regexp.MustCompile(`^(transaction_timeout|default_transaction_read_only|hot_standby|recovery_target.*)$`), "it would end the lab's own work, or the standby"},

	{PgBouncerPrefix, regexp.MustCompile(`^(.*file|resolv_conf|syslog.*)$`), "the lab chooses the files"},
	{PgBouncerPrefix, regexp.MustCompile(`^(listen_.*|unix_socket_.*|auth_.*|admin_users|stats_users|user|service_name|job_name|.*_tls_.*)$`), "the lab chooses where it listens and who gets in"},

	{ScenarioPrefix, regexp.MustCompile(`^(K6_.*|` + ofTheLab + `)$`), "the lab tells k6 where and how to shoot"},
	{ScenarioPrefix, ofRuntime, "it steers the program's runtime and files, not the load"},

	{AppPrefix, regexp.MustCompile(`^PG.*$`), "it leads the backend to another database"},
	{AppPrefix, ofRuntime, "it steers the program's runtime and files, not the backend"},
}

// ofRuntime matches what the loader, Go's runtime and its libraries look for.
var ofRuntime = regexp.MustCompile(`^(LD_.*|GODEBUG|GOCOVERDIR|GOTRACEBACK|HOME|PATH|TMPDIR|XDG_.*|SSL.*|.*_PROXY)$`)

// refuse says why a member of a family is not for a spec to set, nil if it is.
func refuse(name string) error {
	for _, f := range forbidden {
		if member, ok := strings.CutPrefix(name, f.prefix); ok && f.names.MatchString(member) {
			return fmt.Errorf("is not for a spec to set: %s", f.why)
		}
	}
	return nil
}
