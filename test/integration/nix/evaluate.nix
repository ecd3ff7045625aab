# Evaluates the module, the package and the flake of this project with nixpkgs' real lib. What NixOS itself would add (its other modules,
# stdenv, the fetchers) is a stub here: options with nixpkgs' types that keep what they are given, functions that give back what they get.
# `what` is module, package or flake; `settings` is the JSON of services.gitvirt.
{
  nixpkgsLib,
  what,
  settings ? "{}",
}:

let
  lib = import nixpkgsLib;
  root = ../../..;

  # A package is where it would be; nothing is built.
  stub =
    name: more:
    {
      type = "derivation";
      inherit name;
      outPath = "/nix/store/${name}";
      outputs = [ "out" ];
      meta.mainProgram = name;
    }
    // more;

  importNpmLock = {
    __functor = _: args: args;
    npmConfigHook = stub "npm-config-hook" { };
  };

  pkgs =
    lib.genAttrs
      [ "makeWrapper" "nodejs_24" "git" "libvirt" "qemu-utils" "iproute2" "iputils" "cdrkit" "nmstate" "openssh" "util-linux" "xz" ]
      (name: stub name { })
    // lib.genAttrs [ "kubectl" "qemu" "swtpm" "dnsmasq" "nftables" "nixfmt" ] (name: stub name { })
    // {
      inherit lib importNpmLock;
      OVMF.fd = stub "OVMF-fd" { };
      stdenv.mkDerivation = args: stub args.pname args;
      mkShell = args: stub "shell" args;
      callPackage =
        file: more:
        let
          function = import file;
        in
        function (lib.intersectAttrs (lib.functionArgs function) pkgs // more);
    };

  # The options of NixOS that the module sets or reads.
  nixos =
    { lib, ... }:
    let
      option = type: default: lib.mkOption { inherit type default; };
      inherit (lib) types;
      text = types.either types.str types.int;
      unit.options = {
        description = option types.singleLineStr "";
        wantedBy = option (types.listOf types.str) [ ];
        wants = option (types.listOf types.str) [ ];
        after = option (types.listOf types.str) [ ];
        environment = option (types.attrsOf types.str) { };
        serviceConfig = option (types.attrsOf (types.oneOf [ types.bool text (types.listOf text) ])) { };
      };
      user.options = {
        isSystemUser = option types.bool false;
        group = option types.str "";
        home = option types.path "/var/empty";
      };
    in
    {
      options = {
        assertions = option (types.listOf types.unspecified) [ ];
        environment.systemPackages = option (types.listOf types.package) [ ];
        networking.firewall.allowedTCPPorts = option (types.listOf types.port) [ ];
        networking.hostName = option types.str "kvm1";
        networking.networkmanager.enable = option types.bool false;
        systemd.services = option (types.attrsOf (types.submodule unit)) { };
        users.users = option (types.attrsOf (types.submodule user)) { };
        users.groups = option (types.attrsOf (types.submodule { })) { };
        virtualisation.libvirtd.enable = option types.bool false;
        virtualisation.libvirtd.qemu.swtpm.enable = option types.bool false;
      };
    };

  evaluated =
    (lib.evalModules {
      specialArgs = { inherit pkgs; };
      modules = [
        nixos
        (root + "/nix/module.nix")
        { services.gitvirt = { npmRegistry = lib.mkDefault "https://registry.example.com"; } // builtins.fromJSON settings; }
      ];
    }).config;

  package = pkgs.callPackage (root + "/nix/package.nix") { npmRegistry = "https://registry.example.com/npm/"; };

  flake = (import (root + "/flake.nix")).outputs {
    nixpkgs = {
      inherit lib;
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (_: pkgs);
    };
  };
in
{
  module = {
    inherit (evaluated.systemd) services;
    inherit (evaluated.networking.firewall) allowedTCPPorts;
    inherit (evaluated.users) users groups;
    failed = map (one: one.message) (lib.filter (one: !one.assertion) evaluated.assertions);
    libvirtd = evaluated.virtualisation.libvirtd.enable;
    packages = map (one: one.name) evaluated.environment.systemPackages;
  };
  package = {
    inherit (package) version installPhase meta;
    locked = package.npmDeps.packageLock.packages;
    wanted = package.npmDeps.package;
  };
  flake = {
    packages = lib.mapAttrs (_: lib.attrNames) flake.packages;
    shells = lib.mapAttrs (_: shells: map (one: one.name) shells.default.packages) flake.devShells;
    formatter = lib.mapAttrs (_: one: one.name) flake.formatter;
    modules = lib.attrNames flake.nixosModules;
    address = flake.packages.x86_64-linux.default.npmDeps.packageLock.packages."node_modules/ajv".resolved;
  };
}
.${what}
