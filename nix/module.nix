# services.gitvirt.up runs reconciler and agent of one machine; reconciler and agent are the same two, apart, for a fleet.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.services.gitvirt;

  enableOf = what: lib.mkEnableOption "gitvirt's ${what}";

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
      type = lib.types.nullOr lib.types.path;
      default = null;
      description = "File with the token of the repository; handed over as a systemd credential, never copied to the store.";
    };
    webhookSecretFile = lib.mkOption {
      type = lib.types.nullOr lib.types.path;
      default = null;
      description = "File with the secret of the forge's webhook.";
    };
    listen = lib.mkOption {
      type = lib.types.str;
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

  flag = name: value: lib.optionals (value != null) [ name value ];

  sourceArgs =
    o:
    [ "--repo" o.repo "--listen" o.listen ]
    ++ flag "--branch" o.branch
    ++ flag "--path" o.path
    ++ lib.optionals (o.tokenFile != null) [ "--token-file" "%d/token" ]
    ++ lib.optionals (o.webhookSecretFile != null) [ "--webhook-secret-file" "%d/webhook" ]
    ++ lib.concatMap (name: [ "--server-name" name ]) o.serverNames;

  sourceCredentials =
    o:
    lib.optional (o.tokenFile != null) "token:${o.tokenFile}"
    ++ lib.optional (o.webhookSecretFile != null) "webhook:${o.webhookSecretFile}";

  # systemd reads % as a specifier; the two places above mean it so.
  execStart = args: "${lib.getExe cfg.package} ${lib.concatMapStringsSep " " (arg: builtins.toJSON arg) args}";

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

  # The agent drives libvirt, opens /dev/kvm, makes bridges and writes disk images as root.
  onHost = common // {
    ProtectHome = "read-only";
    TimeoutStopSec = "60s";
  };

  # The reconciler needs Git and the network only.
  offHost = common // {
    DynamicUser = true;
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
    SystemCallFilter = [ "@system-service" ];
  };

  unit =
    {
      description,
      state,
      mode,
      args,
      hardening,
      credentials ? [ ],
    }:
    {
      inherit description;
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [
        "network-online.target"
        "libvirtd.service"
        "NetworkManager.service"
      ];
      environment.NODE_COMPILE_CACHE = "/var/cache/${state}/compile";
      serviceConfig = hardening // {
        ExecStart = execStart args;
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
        type = lib.types.str;
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
        type = lib.types.nullOr lib.types.path;
        default = null;
        description = "File with the one-time join token; needed at the first start only.";
      };
      inherit extraArgs;
    };
  };

  config = lib.mkMerge [
    (lib.mkIf (cfg.up.enable || cfg.agent.enable) {
      assertions = [
        {
          assertion = !(cfg.up.enable && (cfg.agent.enable || cfg.reconciler.enable));
          message = "services.gitvirt.up is reconciler and agent in one: enable either it or the two.";
        }
      ];
      virtualisation.libvirtd.enable = true;
      virtualisation.libvirtd.qemu.swtpm.enable = lib.mkDefault true;
      networking.networkmanager.enable = lib.mkDefault true;
      environment.systemPackages = [ cfg.package ];
    })
    (lib.mkIf cfg.up.enable {
      systemd.services.gitvirt = unit {
        description = "gitvirt: virtual machines from Git";
        state = "gitvirt";
        mode = "0711";
        hardening = onHost;
        credentials = sourceCredentials cfg.up;
        args = [ "up" "--state-dir" "/var/lib/gitvirt" "--node" cfg.up.node ] ++ sourceArgs cfg.up ++ cfg.up.extraArgs;
      };
    })
    (lib.mkIf cfg.reconciler.enable {
      systemd.services.gitvirt-reconciler = unit {
        description = "gitvirt: reconciler of a fleet";
        state = "gitvirt-reconciler";
        mode = "0700";
        hardening = offHost;
        credentials = sourceCredentials cfg.reconciler;
        args =
          [ "reconciler" "--state-dir" "/var/lib/gitvirt-reconciler" "--agents" cfg.reconciler.agents ]
          ++ sourceArgs cfg.reconciler
          ++ cfg.reconciler.extraArgs;
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
        credentials = lib.optional (cfg.agent.joinTokenFile != null) "join:${cfg.agent.joinTokenFile}";
        args =
          [ "agent" "--state-dir" "/var/lib/gitvirt" "--node" cfg.agent.node "--reconciler" cfg.agent.reconciler ]
          ++ lib.optionals (cfg.agent.joinTokenFile != null) [ "--join-token-file" "%d/join" ]
          ++ cfg.agent.extraArgs;
      };
    })
  ];
}
