# services.gitvirt.up runs reconciler and agent of one machine; reconciler and agent are the same two, apart, for a fleet.
#
# Tested (test/integration/nix, with nixpkgs' lib): the options' types and defaults; the three units, whose settings are those of
# packaging/systemd, which systemd runs in test/slow; arguments, credentials, firewall port, account, assertion.
# Not tested: NixOS itself. libvirtd, NetworkManager and users are options of a stub there, and no NixOS machine was booted.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.services.gitvirt;

  enableOf = what: lib.mkEnableOption "gitvirt's ${what}";

  # HOST:PORT, [v6]:PORT or :PORT, as the command takes it.
  address = lib.types.strMatching "(\\[[0-9a-fA-F:]+]|[^:]*):[0-9]{1,5}";

  sourceOptions = {
    repo = lib.mkOption {
      type = lib.types.str;
      example = "https://git.example.com/infra/fleet.git";
      description = "Git repository to follow.";
    };
    branch = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      description = "Branch to follow; null: the repository's own.";
    };
    path = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "environments/prod";
      description = "Folder of the environment inside the repository.";
    };
    tokenFile = lib.mkOption {
      type = lib.types.nullOr lib.types.externalPath;
      default = null;
      description = "File with the token of the repository. A text, not a Nix path: it is handed over as a systemd credential and never copied to the store.";
    };
    webhookSecretFile = lib.mkOption {
      type = lib.types.nullOr lib.types.externalPath;
      default = null;
      description = "File with the secret of the forge's webhook; as tokenFile.";
    };
    listen = lib.mkOption {
      type = address;
      default = "127.0.0.1:6443";
      description = "Address of the API.";
    };
    serverNames = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Further names and addresses in the server certificate.";
    };
  };

  agentOptions = {
    node = lib.mkOption {
      type = lib.types.str;
      default = config.networking.hostName;
      defaultText = lib.literalExpression "config.networking.hostName";
      description = "Name of this node.";
    };
  };

  extraArgs = lib.mkOption {
    type = lib.types.listOf lib.types.str;
    default = [ ];
    description = "Further arguments, as `gitvirt COMMAND --help` lists them.";
  };

  # systemd expands % and $ in ExecStart; what an option holds is meant as it stands. Source: systemd.service(5), "Command lines".
  quote = text: builtins.toJSON (builtins.replaceStrings [ "%" "$" ] [ "%%" "$$" ] text);

  # Where systemd puts a credential: the one % that is meant.
  credential = name: "\"%d/${name}\"";

  flag = name: value: lib.optionals (value != null) [ (quote name) (quote value) ];

  loadCredential = name: file: lib.optional (file != null) "${name}:${builtins.replaceStrings [ "%" ] [ "%%" ] file}";

  credentialFlag = flagName: name: file: lib.optionals (file != null) [ (quote flagName) (credential name) ];

  sourceArgs =
    o:
    flag "--repo" o.repo
    ++ flag "--listen" o.listen
    ++ flag "--branch" o.branch
    ++ flag "--path" o.path
    ++ credentialFlag "--token-file" "token" o.tokenFile
    ++ credentialFlag "--webhook-secret-file" "webhook" o.webhookSecretFile
    ++ lib.concatMap (flag "--server-name") o.serverNames;

  sourceCredentials =
    o:
    loadCredential "token" o.tokenFile ++ loadCredential "webhook" o.webhookSecretFile;

  execStart = command: args: lib.concatStringsSep " " ([ (lib.getExe cfg.package) command ] ++ args);

  common = {
    Restart = "always";
    RestartSec = "2s";
    LimitNOFILE = 65536;
    LockPersonality = true;
    NoNewPrivileges = true;
    PrivateTmp = true;
    ProtectKernelLogs = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    SystemCallArchitectures = "native";
  };

  hostServices = [
    "libvirtd.service"
    "NetworkManager.service"
  ];

  # The agent drives libvirt, opens /dev/kvm, makes bridges and writes disk images as root.
  onHost = common // {
    ProtectControlGroups = true;
    ProtectHome = "read-only";
    ProtectKernelModules = true;
    ProtectSystem = "full";
    RestrictAddressFamilies = [
      "AF_INET"
      "AF_INET6"
      "AF_NETLINK"
      "AF_PACKET"
      "AF_UNIX"
    ];
    RestrictNamespaces = true;
    SystemCallErrorNumber = "EPERM";
    SystemCallFilter = [ "~@clock @cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap" ];
    TimeoutStopSec = "60s";
  };

  # The reconciler needs Git and the network only.
  offHost = common // {
    User = "gitvirt";
    Group = "gitvirt";
    UMask = "0077";
    CapabilityBoundingSet = "";
    PrivateDevices = true;
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHome = true;
    ProtectHostname = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    ProtectProc = "invisible";
    ProtectSystem = "strict";
    RestrictAddressFamilies = [
      "AF_INET"
      "AF_INET6"
      "AF_UNIX"
    ];
    RestrictNamespaces = true;
    SystemCallErrorNumber = "EPERM";
    SystemCallFilter = [ "@system-service" ];
  };

  unit =
    {
      description,
      command,
      state,
      mode,
      args,
      hardening,
      credentials ? [ ],
      after ? [ ],
    }:
    {
      inherit description;
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ] ++ after;
      environment.NODE_COMPILE_CACHE = "/var/cache/${state}/compile";
      serviceConfig = hardening // {
        ExecStart = execStart command (flag "--state-dir" "/var/lib/${state}" ++ args);
        LoadCredential = credentials;
        StateDirectory = state;
        StateDirectoryMode = mode;
        CacheDirectory = state;
      };
    };
in
{
  options.services.gitvirt = {
    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.callPackage ./package.nix { inherit (cfg) npmRegistry; };
      defaultText = lib.literalMD "gitvirt built from this flake";
      description = "The gitvirt package.";
    };
    npmRegistry = lib.mkOption {
      type = lib.types.str;
      description = "npm registry that the package's dependencies come from. Their hashes stand in package-lock.json.";
    };
    up = sourceOptions // agentOptions // {
      enable = enableOf "reconciler and agent in one process";
      inherit extraArgs;
    };
    reconciler = sourceOptions // {
      enable = enableOf "reconciler";
      agents = lib.mkOption {
        type = address;
        default = "0.0.0.0:7443";
        description = "Address that agents dial.";
      };
      openFirewall = lib.mkOption {
        type = lib.types.bool;
        default = false;
        description = "Open the port of `agents`.";
      };
      inherit extraArgs;
    };
    agent = agentOptions // {
      enable = enableOf "agent";
      reconciler = lib.mkOption {
        type = lib.types.str;
        example = "https://gitvirt.example.com:7443";
        description = "Address of the reconciler.";
      };
      joinTokenFile = lib.mkOption {
        type = lib.types.nullOr lib.types.externalPath;
        default = null;
        description = "File with the one-time join token, needed at the first start only: afterwards set null, because a missing file holds the unit up.";
      };
      inherit extraArgs;
    };
  };

  config = lib.mkMerge [
    {
      assertions = [
        {
          assertion = !(cfg.up.enable && (cfg.agent.enable || cfg.reconciler.enable));
          message = "services.gitvirt.up is reconciler and agent in one: enable either it or the two.";
        }
      ];
    }
    (lib.mkIf (cfg.up.enable || cfg.agent.enable) {
      virtualisation.libvirtd.enable = true;
      virtualisation.libvirtd.qemu.swtpm.enable = lib.mkDefault true;
      networking.networkmanager.enable = lib.mkDefault true;
    })
    (lib.mkIf (cfg.up.enable || cfg.agent.enable || cfg.reconciler.enable) {
      environment.systemPackages = [ cfg.package ];
    })
    (lib.mkIf cfg.up.enable {
      systemd.services.gitvirt = unit {
        description = "gitvirt: virtual machines from Git";
        state = "gitvirt";
        mode = "0711";
        hardening = onHost;
        after = hostServices;
        credentials = sourceCredentials cfg.up;
        command = "up";
        args = flag "--node" cfg.up.node ++ sourceArgs cfg.up ++ map quote cfg.up.extraArgs;
      };
    })
    (lib.mkIf cfg.reconciler.enable {
      # A fixed account: `gitvirt token create` runs as the owner of the state folder.
      users.users.gitvirt = {
        isSystemUser = true;
        group = "gitvirt";
        home = "/var/lib/gitvirt-reconciler";
      };
      users.groups.gitvirt = { };
      systemd.services.gitvirt-reconciler = unit {
        description = "gitvirt: reconciler of a fleet";
        state = "gitvirt-reconciler";
        mode = "0700";
        hardening = offHost;
        credentials = sourceCredentials cfg.reconciler;
        command = "reconciler";
        args = flag "--agents" cfg.reconciler.agents ++ sourceArgs cfg.reconciler ++ map quote cfg.reconciler.extraArgs;
      };
      networking.firewall.allowedTCPPorts = lib.mkIf cfg.reconciler.openFirewall [
        (lib.toInt (lib.last (lib.splitString ":" cfg.reconciler.agents)))
      ];
    })
    (lib.mkIf cfg.agent.enable {
      systemd.services.gitvirt-agent = unit {
        description = "gitvirt: agent of this host";
        state = "gitvirt";
        mode = "0711";
        hardening = onHost;
        after = hostServices;
        credentials = loadCredential "join" cfg.agent.joinTokenFile;
        command = "agent";
        args =
          flag "--node" cfg.agent.node
          ++ flag "--reconciler" cfg.agent.reconciler
          ++ credentialFlag "--join-token-file" "join" cfg.agent.joinTokenFile
          ++ map quote cfg.agent.extraArgs;
      };
    })
  ];
}
