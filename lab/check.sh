#!/usr/bin/env bash
# Format, vet, lint with every build tag, races.
set -euo pipefail
cd "$(dirname "$0")/.."
unformatted=$(gofmt -l app lab nix magefile.go)
if [ -n "$unformatted" ]; then
  echo "not formatted; run gofmt -w on: $unformatted" >&2
  exit 1
fi
go vet -tags=mage,e2e ./...
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags=mage,e2e ./...
go test -race -count=1 -p=1 -timeout=40m ./...
