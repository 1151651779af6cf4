//go:build services

package store

import (
	"io"
	"os"
	"testing"

	"stormwave/internal/test/pgtest"
)

const testUsers, testPosts = 20, 2000

func TestMain(m *testing.M) {
	os.Exit(pgtest.Run(m, func(w io.Writer) error { return WriteSchema(w, testUsers, testPosts) }))
}
