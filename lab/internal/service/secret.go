package service

import (
	"crypto/rand"
	"fmt"
	"strings"

	"stormwave/lab/internal/backend"
)

// The roles that log in over TCP, each with a password made anew at every up.
// The superuser has none: it comes through the private socket as the caller's
// own account (peer).
const (
	superuser   = "lab"
	Owner       = "stormwave" // owns the schema, cannot log in
	monitorRole = "monitor"
	replicator  = "replicator"
	poolerAdmin = "pooler_admin" // PgBouncer's console only
	Database    = "stormwave"
)

// AppRole is the backend's.
var AppRole = backend.Bundled.Role

// secrets maps a role to its password.
type secrets map[string]string

func newSecrets() secrets {
	s := make(secrets)
	for _, role := range []string{AppRole, monitorRole, replicator, poolerAdmin} {
		s[role] = rand.Text()
	}
	return s
}

// passfile is libpq's password file for the roles, for the `psql` command and for programs
// that would else take the password on their command line.
func (s secrets) passfile(roles ...string) string {
	var text strings.Builder
	for _, role := range roles {
		fmt.Fprintf(&text, "*:*:*:%s:%s\n", role, s[role])
	}
	return text.String()
}
