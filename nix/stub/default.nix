# What is faithful: attribute names (an unknown one fails), PATH, env, lock handling, vendorHash. What is not: versions, closures, anything the real stdenv does.
#
# The test puts two things beside this file: host.json and vendor/.
{ system, ... }:
let
  lib = import ./lib.nix;
  link =
    name: bins:
    derivation {
      inherit name system;
      builder = "/bin/sh";
      args = [
        "-euc"
        (
          "PATH=/usr/bin:/bin; mkdir -p $out/bin; "
          + builtins.concatStringsSep " " (
            map (n: "ln -s ${bins.${n}} $out/bin/${n};") (builtins.attrNames bins)
          )
        )
      ];
    }
    // {
      meta.mainProgram = builtins.head (builtins.attrNames bins);
    };
  # { "packages": { "<attribute>": { "<program>": "<path on this host>" } }, "goCache": "<directory>" }
  host = builtins.fromJSON (builtins.readFile ./host.json);
  fromHost = builtins.mapAttrs link host.packages;
  callPackage =
    f: extra:
    let
      fn = import f;
    in
    fn (builtins.intersectAttrs (builtins.functionArgs fn) pkgs // extra);
  mkShell =
    {
      name ? "nix-shell",
      packages ? [ ],
      env ? { },
      ...
    }@args:
    derivation (
      env
      // removeAttrs args [
        "packages"
        "env"
        "meta"
      ]
      // {
        inherit name system;
        stdenv = ./stdenv;
        builder = "/bin/bash"; # nix develop insists on a builder called bash
        args = [
          "-c"
          "export > $out" # as in nixpkgs: the output keeps every package in its closure
        ];
        outputs = [ "out" ]; # get-env.sh loops over $outputs
        nativeBuildInputs = packages;
        initialPath = [ fromHost.stdenv-path ];
      }
    );
  # Builds with the host's Go; needs sandbox = false.
  buildGoModule =
    {
      pname,
      version,
      src,
      vendorHash,
      subPackages ? [ "." ],
      ldflags ? [ ],
      env ? { },
      meta ? { },
      ...
    }:
    derivation (
      env
      // {
        name = "${pname}-${version}";
        inherit system;
        # Evaluation ends here when the content does not have the hash.
        vendor = builtins.path {
          path = ./vendor;
          name = "${pname}-vendor";
          sha256 = vendorHash;
        };
        builder = "/bin/bash";
        args = [
          "-euc"
          ''
            export PATH=${fromHost.go_1_26}/bin:/usr/bin:/bin HOME=$TMPDIR
            export GOCACHE=${host.goCache} GOFLAGS='-buildvcs=false -mod=vendor' GOTOOLCHAIN=local GOPROXY=off
            cp -r ${src} source && chmod u+w source && cp -r $vendor source/vendor && cd source
            for p in ${toString subPackages}; do
              go build -trimpath -ldflags '${toString ldflags}' -o $out/bin/ ./$p
            done
          ''
        ];
      }
    )
    // {
      inherit meta src;
    };
  pkgs =
    fromHost
    // {
      inherit lib system callPackage mkShell buildGoModule;
      mkShellNoCC = mkShell;
      stdenv.hostPlatform = { inherit system; };
      prometheus = fromHost.prometheus // {
        cli = fromHost.prometheus-cli;
      };
    };
in
pkgs
