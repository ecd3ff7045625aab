# gitvirt with its npm packages. package-lock.json holds integrity hashes but no addresses, so that it fits any registry;
# importNpmLock wants an address for each package, and it is made here from the registry that the caller names.
{
  lib,
  stdenv,
  importNpmLock,
  makeWrapper,
  nodejs_24,
  git,
  libvirt,
  qemu-utils,
  iproute2,
  iputils,
  cdrkit,
  nmstate,
  openssh,
  gnupg,
  util-linux,
  xz,
  # Address of an npm registry, such as the one that `npm config get registry` prints.
  npmRegistry,
}:

let
  package = lib.importJSON ../package.json;
  lock = lib.importJSON ../package-lock.json;
  registry = lib.removeSuffix "/" npmRegistry;

  # "node_modules/a/node_modules/@scope/b" -> "@scope/b"
  nameOf = path: lib.last (lib.splitString "node_modules/" path);

  # The npm packages of the Node runtime install by a script that downloads; nixpkgs' own Node stands in for them.
  isRuntime = path: path == "node_modules/node" || lib.hasPrefix "node_modules/node-bin-" path;
  without = attributes: removeAttrs attributes [ "node" ];

  withAddress =
    path: entry:
    let
      name = nameOf path;
    in
    entry
    // {
      resolved = "${registry}/${name}/-/${baseNameOf name}-${entry.version}.tgz";
    };

  packages = lib.filterAttrs (path: _: !isRuntime path) lock.packages;
  addressed = lib.mapAttrs (path: entry: if path == "" then entry // { dependencies = without entry.dependencies; } else withAddress path entry) packages;

  programs = [
    nodejs_24
    git
    openssh
    gnupg
    libvirt
    qemu-utils
    iproute2
    iputils
    cdrkit
    nmstate
    util-linux
    xz
  ];
in
stdenv.mkDerivation {
  pname = "gitvirt";
  inherit (package) version;
  src = lib.cleanSource ../.;

  npmDeps = importNpmLock {
    npmRoot = ../.;
    package = package // {
      dependencies = without package.dependencies;
    };
    packageLock = lock // {
      packages = addressed;
    };
  };
  npmFlags = [
    "--omit=dev"
    "--ignore-scripts"
  ];

  nativeBuildInputs = [
    importNpmLock.npmConfigHook
    makeWrapper
    nodejs_24
  ];

  # Nothing is compiled: Node runs the sources.
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib/gitvirt $out/bin
    cp -r agent reconciler schemas node_modules package.json gitvirt $out/lib/gitvirt/
    makeWrapper $out/lib/gitvirt/gitvirt $out/bin/gitvirt --prefix PATH : ${lib.makeBinPath programs}
    runHook postInstall
  '';

  meta = {
    description = package.description;
    license = lib.licenses.asl20;
    mainProgram = "gitvirt";
    platforms = lib.platforms.linux;
  };
}
