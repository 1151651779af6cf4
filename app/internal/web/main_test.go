//go:build services

package web

import (
	"io"
	"os"
	"testing"

	"stormwave/app/internal/store"
	"stormwave/internal/test/pgtest"
)

func TestMain(m *testing.M) {
	os.Exit(pgtest.Run(m, func(w io.Writer) error { return store.WriteSchema(w, 20, 2000) }))
}
