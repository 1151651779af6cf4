#!/usr/bin/env bash
# Format, vet, lint with every build tag, known vulnerabilities, races.
set -euo pipefail
cd "$(dirname "$0")/.."
unformatted=$(gofmt -l app internal lab nix magefile.go)
if [ -n "$unformatted" ]; then
  echo "not formatted; run gofmt -w on: $unformatted" >&2
  exit 1
fi
go vet -tags=mage,services,e2e,soak ./...
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags=mage,services,e2e,soak ./...

# Known vulnerabilities, where their database can be asked.
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
GOBIN=$bin go install golang.org/x/vuln/cmd/govulncheck@v1.9.0
status=0
"$bin/govulncheck" -tags=mage,services,e2e,soak ./... || status=$?
case $status in
0) ;;
3) exit 1 ;; # it has named what is vulnerable
*) echo "vulnerabilities were NOT looked for: govulncheck could not; run it where its database can be reached" >&2 ;;
esac

go test -race -tags=services -count=1 -p=1 -timeout=40m ./...
