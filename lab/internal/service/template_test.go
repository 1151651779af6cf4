package service

import (
	"slices"
	"testing"

	"stormwave/lab/internal/stack/toolchain"
)

// Another build of the same version has a template of its own: its catalog may be another.
func TestTemplateIsOfOneBuild(t *testing.T) {
	parts := func(sum string) []string {
		return templateParts(toolchain.Program{Version: "18", SHA256: sum}, "CREATE TABLE t ()")
	}
	if slices.Equal(parts("a"), parts("b")) {
		t.Error("two builds of 18 share a template")
	}
	if !slices.Equal(parts("a"), parts("a")) {
		t.Error("one build makes two templates")
	}
}
