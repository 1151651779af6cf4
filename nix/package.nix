{
  lib,
  buildGoModule,
}:

buildGoModule {
  pname = "stormwave";
  version = "0.1.0";

  # What the programs are built from, so that no other change builds them again.
  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../go.mod
      ../go.sum
      ../app
      ../internal
      ../lab
    ];
  };

  # After a change of dependencies:
  #   go test ./lab/internal/stack/toolchain/flake -run TestVendorHash -update
  vendorHash = "sha256-3CGGo5PHuHi+u29VFQlFYKbipirdmxKZib9SSk2jnkE=";

  subPackages = [
    "app"
    "lab"
  ];
  env.CGO_ENABLED = 0;
  ldflags = [
    "-s"
    "-w"
  ];
  # They start whole stacks; `mage test` runs them.
  doCheck = false;

  meta = {
    description = "Reproducible benchmark lab for a Go backend on PostgreSQL";
    mainProgram = "lab";
  };
}
