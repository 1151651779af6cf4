package main

import (
	"strings"
	"testing"
)

func TestContractImportsTheStandardLibraryOnly(t *testing.T) {
	found := false
	for _, p := range packages(t) {
		if p.ImportPath != "stormwave/app/contract" {
			continue
		}
		found = true
		for _, imported := range p.Imports {
			if strings.Contains(strings.Split(imported, "/")[0], ".") || strings.HasPrefix(imported, "stormwave/") {
				t.Errorf("app/contract imports %s", imported)
			}
		}
	}
	if !found {
		t.Error("app/contract is not there")
	}
}
