# Dev shell, package and NixOS module. Evaluated by test/integration/nix with nixpkgs' real lib (Nix 2.8, lib of 26.11): the outputs
# below, the module's options and units, and the addresses of the package's npm packages. Not tested, because it needs the whole of
# nixpkgs and a network: that the package builds, that the shell opens, that NixOS boots with the module. Reports are welcome.
#
# The package needs the address of an npm registry (package-lock.json holds hashes, no addresses):
#
#   NPM_CONFIG_REGISTRY=$(npm config get registry) nix build --impure
#
# The NixOS module takes it as services.gitvirt.npmRegistry.
{
  description = "Runs KubeVirt manifests on plain Linux KVM hosts, straight from Git";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forAllSystems = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      registryOfEnvironment =
        let
          value = builtins.getEnv "NPM_CONFIG_REGISTRY";
        in
        if value == "" then throw "Set NPM_CONFIG_REGISTRY and pass --impure; see the head of flake.nix." else value;
    in
    {
      packages = forAllSystems (pkgs: rec {
        gitvirt = pkgs.callPackage ./nix/package.nix { npmRegistry = registryOfEnvironment; };
        default = gitvirt;
      });

      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShell {
          packages = with pkgs; [
            nodejs_24
            git
            kubectl
            libvirt
            qemu
            OVMF.fd
            swtpm
            dnsmasq
            cdrkit
            nmstate
            nftables
            iproute2
            iputils
          ];
        };
      });

      nixosModules = rec {
        gitvirt = ./nix/module.nix;
        default = gitvirt;
      };

      formatter = forAllSystems (pkgs: pkgs.nixfmt);
    };
}
