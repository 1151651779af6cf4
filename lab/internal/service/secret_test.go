package service

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// RFC 7677, section 3: what a server keeps of the password "pencil" proves what both sides sent.
func TestVerifierProvesTheExchangeOfTheRFC(t *testing.T) {
	const (
		exchange = "n=user,r=rOprNGfwEbeRWgbNEkqO," +
			"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096," +
			"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
		proof     = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
		signature = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
	)
	decode := func(text string) []byte {
		t.Helper()
		bytes, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	sign := func(key []byte) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(exchange))
		return mac.Sum(nil)
	}
	verifier, err := verifierOf("pencil", decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
	if err != nil {
		t.Fatal(err)
	}
	head, keys, _ := strings.Cut(strings.TrimPrefix(verifier, "SCRAM-SHA-256$"), "$")
	if head != "4096:W22ZaJ0SNY7soEsUEjb6gQ==" {
		t.Fatalf("%s; want SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>", verifier)
	}
	stored, server, _ := strings.Cut(keys, ":")
	if got := base64.StdEncoding.EncodeToString(sign(decode(server))); got != signature {
		t.Errorf("the server signs %s; want %s", got, signature)
	}
	client := sign(decode(stored))
	for i, b := range decode(proof) {
		client[i] ^= b
	}
	if key := sha256.Sum256(client); base64.StdEncoding.EncodeToString(key[:]) != stored {
		t.Error("the client's proof does not fit the stored key")
	}
}

// A server logs a statement that fails, and every one if a spec asks for that.
func TestNoStatementHoldsAPassword(t *testing.T) {
	passwords := newSecrets()
	verifiers, err := newVerifiers(passwords)
	if err != nil {
		t.Fatal(err)
	}
	e := &Env{secrets: passwords, verifiers: verifiers}
	statements := e.passwordSQL()
	if len(statements) != 3 {
		t.Errorf("%d statements; want one for each of 3 roles", len(statements))
	}
	for i, role := range loginRoles() {
		prefix := fmt.Sprintf(`ALTER ROLE %q PASSWORD 'SCRAM-SHA-256$4096:`, role)
		if !strings.HasPrefix(statements[i], prefix) {
			t.Errorf("%s; want it to begin with %s", statements[i], prefix)
		}
		for of, password := range passwords {
			if strings.Contains(statements[i], password) {
				t.Errorf("the statement for %s holds the password of %s", role, of)
			}
		}
	}
}
