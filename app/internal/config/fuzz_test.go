package config

import (
	"strings"
	"testing"

	"stormwave/app/contract"
)

// Whatever the environment holds: no panic, no password in an error or in what is shown,
// and what is shown can be set again.
func FuzzLoad(f *testing.F) {
	const secret = "s3cret-that-shows"
	f.Add("127.0.0.1:5432/lab?sslmode=disable", "8", "1s", "127.0.0.1:0")
	f.Add("h@x:5432/lab?password="+secret, "unlimited", "none", ":8080")
	f.Add("%zz", "-1", "1h1h1h", "[::1]:99999")
	f.Add("/", "1000001", "-0.4ms", "\x00")
	f.Add("[::1%25"+secret+"]/lab#"+secret, "0x8", "9999999h", "a:b:c")
	f.Fuzz(func(t *testing.T, url, number, duration, addr string) {
		env := map[string]string{
			contract.EnvPrimaryURL:  "postgres://app:" + secret + "@" + url,
			contract.EnvReplicaURL:  "postgres://app:" + secret + "@" + url,
			contract.EnvAddr:        addr,
			"APP_POOL_SIZE":         number,
			"APP_POOL_MIN":          number,
			"APP_MAX_INFLIGHT":      number,
			"APP_MAX_QUEUE":         number,
			"APP_QUERY_TIMEOUT":     duration,
			"APP_STATEMENT_TIMEOUT": duration,
			"APP_EXEC_MODE":         number,
			"APP_SLOW_ROUTE":        duration,
		}
		// What follows the password may hold it again: then it is not a secret.
		visible := strings.Contains(url+number+duration+addr, secret)
		cfg, err := Load(from(env))
		if err != nil {
			if !visible && strings.Contains(err.Error(), secret) {
				t.Errorf("an error shows the password: %v", err)
			}
			return
		}
		shown := Effective(cfg)
		for name, value := range shown {
			if !visible && strings.Contains(value, secret) {
				t.Errorf("%s shows the password: %s", name, value)
			}
		}
		if _, err := Load(from(shown)); err != nil {
			t.Errorf("effective settings cannot be loaded: %v", err)
		}
	})
}
