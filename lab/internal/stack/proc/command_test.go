package proc

import "testing"

// What a person reads of a command has no password, and all else of it.
func TestCommandHidesPasswords(t *testing.T) {
	for _, tt := range []struct{ arg, want string }{
		{"postgres://app:K67N@127.0.0.1:5432/x?sslmode=prefer", "postgres://app:…@127.0.0.1:5432/x?sslmode=prefer"},
		{"--url=http://a:p%2Fq@h/ http://b:c@h", "--url=http://a:…@h/ http://b:…@h"},
		{"http://127.0.0.1:8080/a@b", "http://127.0.0.1:8080/a@b"},
		{"postgres://app@h:5432/x", "postgres://app@h:5432/x"},
		{"--web.listen-address=127.0.0.1:9090", "--web.listen-address=127.0.0.1:9090"},
	} {
		p := &Process{spec: Spec{Path: "/bin/x", Args: []string{tt.arg}}}
		if got := p.Command(); got != "/bin/x "+tt.want {
			t.Errorf("%s: %s; want %s", tt.arg, got, tt.want)
		}
	}
}
