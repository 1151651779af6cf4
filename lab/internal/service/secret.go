package service

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

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
	AppRole     = backend.Role

	prometheusUser = "lab" // may write to Prometheus, and ask it to copy or delete what it keeps
)

// secrets maps a role to its password.
type secrets map[string]string

func newSecrets() secrets {
	s := make(secrets)
	for _, role := range append(loginRoles(), poolerAdmin, prometheusUser) {
		s[role] = rand.Text()
	}
	return s
}

// loginRoles are the roles of PostgreSQL that have a password.
func loginRoles() []string { return []string{AppRole, monitorRole, replicator} }

// iterations of PBKDF2 are PostgreSQL's own number. A password is 130 random bits: more would not protect it better.
const iterations = 4096

// newVerifiers returns what a server may keep of the passwords of loginRoles. No password is ever in a statement, for
// a server logs statements that fail, and others if a spec says so.
func newVerifiers(s secrets) (map[string]string, error) {
	verifiers := make(map[string]string)
	for _, role := range loginRoles() {
		salt := make([]byte, 16)
		_, _ = rand.Read(salt) // it never fails
		verifier, err := verifierOf(s[role], salt, iterations)
		if err != nil {
			return nil, fmt.Errorf("make the verifier of %s: %w", role, err)
		}
		verifiers[role] = verifier
	}
	return verifiers, nil
}

// verifierOf is the SCRAM-SHA-256 verifier of a password of ASCII letters and digits, as PostgreSQL and PgBouncer
// write it: SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, in base64 (RFC 5802, RFC 7677).
// https://www.postgresql.org/docs/current/catalog-pg-authid.html
func verifierOf(password string, salt []byte, iterations int) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", err
	}
	keyed := func(text string) []byte {
		mac := hmac.New(sha256.New, salted)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	stored := sha256.Sum256(keyed("Client Key"))
	in := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, in(salt), in(stored[:]), in(keyed("Server Key"))), nil
}

// passwordSQL gives the roles the passwords of this up.
func (e *Env) passwordSQL() []string {
	var all []string
	for _, role := range loginRoles() {
		all = append(all, fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'", pgx.Identifier{role}.Sanitize(), e.verifiers[role]))
	}
	return all
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
