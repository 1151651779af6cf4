package service

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// How a backend fills the database of a template: its manifest's migration and seed.

// seedTimeout bounds a seed by a script of k6.
const seedTimeout = 3 * time.Minute

// socketWay is the way to the database of a template for programs, as one of the roles: by the private socket, as the
// caller, who becomes that role.
func (l Layout) socketWay(role string) string {
	query := url.Values{
		"host":    {l.PGSockets()},
		"port":    {templatePort},
		"sslmode": {"disable"},
		"options": {"-c role=" + role},
	}
	way := url.URL{
		Scheme: "postgres",
		User:   url.User(superuser),
		Path:   "/" + Database,
		// Not every driver reads + as a blank.
		RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20"),
	}
	return way.String()
}

// seedParts are what the backend's migration and seed are made by, beside the SQL that it prints.
func (e *Env) seedParts() ([]string, error) {
	b := e.Backend
	var parts []string
	if len(b.Migrate.Args) > 0 || b.Seed.K6 != "" {
		program := fmt.Sprint(b.Build)
		if b.Build.Path != "" {
			sum, err := toolchain.Checksum(e.Layout.Backend(b, ""))
			if err != nil {
				return nil, fmt.Errorf("find the program of %s: %w", b.Title, err)
			}
			program += sum
		}
		parts = append(parts, program, fmt.Sprint(b.Migrate))
	}
	if b.Seed.K6 != "" {
		parts = append(parts, fmt.Sprint(b.Run))
	}
	for _, name := range []string{b.Seed.SQL, b.Seed.K6} {
		if name == "" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(b.Dir, name))
		if err != nil {
			return nil, fmt.Errorf("read the seed: %w", err)
		}
		parts = append(parts, string(text))
	}
	return parts, nil
}

// rightsSQL gives the backend's role the rights that it needs on what its owner has made.
var rightsSQL = fmt.Sprintf(`GRANT USAGE ON SCHEMA public TO %[1]s;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO %[1]s;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO %[1]s;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO %[1]s;`, AppRole)

// fill migrates and seeds. run sends a script to the database of the template.
func (e *Env) fill(ctx context.Context, sql string, run func(script string) error) error {
	b := e.Backend
	asOwner := func(sql string) error { return run("SET ROLE " + Owner + ";\n" + sql) }
	if len(b.Migrate.Args) > 0 {
		args, env := b.Migrate.Filled(e.holes(e.Layout.socketWay(Owner), ""))
		_, err := proc.Run(ctx, proc.Spec{
			Name: "migrate " + b.Name,
			Path: e.Layout.Backend(b, ""),
			Args: args,
			Env:  append(e.backendEnv(), env...),
			Log:  e.Layout.Log("migrate"),
		})
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	if b.Seed.SQL != "" {
		text, err := os.ReadFile(filepath.Join(b.Dir, b.Seed.SQL))
		if err != nil {
			return fmt.Errorf("read the seed: %w", err)
		}
		sql = string(text)
	}
	if err := asOwner(sql); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if len(b.Seed.Prints) > 0 {
		return nil // it gives the rights itself
	}
	if err := run(rightsSQL); err != nil {
		return err
	}
	if b.Seed.K6 == "" {
		return nil
	}
	if err := e.seedByK6(ctx); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	return run(rightsSQL)
}

// seedByK6 runs the seed's script against the program, which runs on the template meanwhile.
func (e *Env) seedByK6(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, seedTimeout)
	defer cancel()
	b := e.Backend
	env, args, _, err := b.Told(Catalog(b).Defaults())
	if err != nil {
		return err
	}
	ofRun, set := b.Run.Filled(e.holes(e.Layout.socketWay(AppRole), ""))
	program, err := proc.Start(proc.Spec{
		Name: b.Name,
		Path: e.Layout.Backend(b, ""),
		Args: append(ofRun, args...),
		Env:  append(append(e.backendEnv(), set...), env...),
		Log:  e.Layout.Log("seed"),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, program.Stop(context.WithoutCancel(ctx))) }()
	if err := program.Await(ctx, e.backendReady); err != nil {
		return err
	}
	_, err = proc.Run(ctx, proc.Spec{
		Name: "k6",
		Path: e.Tools.Path("k6"),
		Args: []string{"run", "--quiet", "--no-usage-report", filepath.Join(b.Dir, b.Seed.K6)},
		Env:  append(e.BaseEnv(), "BASE_URL="+e.AppURL()),
		Log:  e.Layout.Log("seed"),
	})
	return err
}

// backendEnv is what every program of a backend is told besides what its manifest says.
func (e *Env) backendEnv() []string {
	env := e.BaseEnv()
	if needs := e.Backend.Build.Requires; needs != "" {
		env = append(env, "PATH="+filepath.Dir(toolchain.OnPath(needs))+":/usr/bin:/bin")
	}
	return env
}
