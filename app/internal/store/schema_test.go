package store

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

func TestSchemaIsDeterministic(t *testing.T) {
	var first, second, other bytes.Buffer
	for _, s := range []struct {
		out          *bytes.Buffer
		users, posts int
	}{{&first, 100, 5000}, {&second, 100, 5000}, {&other, 100, 5001}} {
		if err := WriteSchema(s.out, s.users, s.posts); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same numbers gave other bytes")
	}
	if bytes.Equal(first.Bytes(), other.Bytes()) {
		t.Error("another number of posts gave the same bytes")
	}
	if strings.Contains(first.String(), "{{") {
		t.Errorf("a placeholder is left in:\n%s", first.String())
	}
}

func TestSchemaRefusesTooLittleData(t *testing.T) {
	for _, tt := range []struct {
		users, posts int
		want         string
	}{
		{0, 500, "give at least 10"},
		{9, 500, "give at least 10"},
		{-1, 500, "give at least 10"},
		{100, 499, "give at least 500"},
	} {
		err := WriteSchema(&bytes.Buffer{}, tt.users, tt.posts)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("WriteSchema(%d, %d) = %v, want %q in it", tt.users, tt.posts, err, tt.want)
		}
	}
}

// An UnusableHash that bcrypt refused would be refused at once, and so give away
// which names exist.
func TestUnusableHashCostsAsMuchAsAnyOther(t *testing.T) {
	cost, err := bcrypt.Cost([]byte(UnusableHash))
	if err != nil || cost != bcrypt.DefaultCost {
		t.Errorf("cost %d, %v, want %d", cost, err, bcrypt.DefaultCost)
	}
	if err := bcrypt.CompareHashAndPassword(
		[]byte(UnusableHash), []byte("password"),
	); err != bcrypt.ErrMismatchedHashAndPassword {
		t.Errorf("comparing gave %v, want a mismatch", err)
	}
}
