{
  description = "Stormwave: a reproducible benchmark lab for a Go backend on PostgreSQL";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;

      # The lab runs on Linux alone: it asks the kernel for processes, cgroups and accounts.
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forAllSystems = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
    in
    {
      packages = forAllSystems (pkgs: {
        default = pkgs.callPackage ./nix/package.nix { };
      });

      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.go_1_26
            pkgs.mage
            pkgs.postgresql_18
            pkgs.pgbouncer
            pkgs.prometheus
            pkgs.prometheus.cli # promtool
            pkgs.prometheus-node-exporter
            pkgs.prometheus-postgres-exporter
            pkgs.prometheus-pgbouncer-exporter
            pkgs.grafana
            pkgs.k6
            pkgs.git # tells the commit of a run, and builds backends of others
            pkgs.nodejs # its npm fetches axe-core for the tests
            pkgs.chromium # the tests' browser
          ];

          env = {
            # Never let Go fetch a toolchain that is not in the lock file.
            GOTOOLCHAIN = "local";
            LAB_GRAFANA_HOME = "${pkgs.grafana}/share/grafana";
            # Recorded with each run.
            LAB_NIXPKGS_REV = nixpkgs.rev or "";
            LAB_NIXPKGS_NARHASH = nixpkgs.narHash or "";
          };
        };
      });

      checks = forAllSystems (
        pkgs:
        let
          inherit (pkgs.stdenv.hostPlatform) system;
        in
        {
          package = self.packages.${system}.default;
          shell = self.devShells.${system}.default;
        }
      );

      formatter = forAllSystems (pkgs: pkgs.nixfmt-tree);
    };
}
