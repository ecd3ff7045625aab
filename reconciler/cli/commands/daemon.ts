import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Option, type Command } from 'commander'
import type { AgentOptions } from '../../../agent/agent.ts'
import { systemClock } from '../../lib/clock.ts'
import { GitvirtError } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import { ownVersion } from '../../lib/version.ts'
import type { ReconcilerOptions } from '../../reconciler-options.ts'
import type { SourceAuth } from '../../source/options.ts'
import { defaultStateDir } from '../kubeconfig.ts'
import { milliseconds } from '../duration.ts'
import { keptHistory } from '../kept-history.ts'
import { otherSources } from './source-flags.ts'
import { environmentOf, forgeOptions, type ForgeFlags } from './forge-flags.ts'
import { approverKeys, trustOptions, type TrustFlags } from './trust-flags.ts'

type CommonOptions = { readonly stateDir: string; readonly logLevel: string }
type ReconcilerFlags = CommonOptions & {
  readonly repo: string
  readonly branch?: string
  readonly ref?: string
  readonly path?: string
  readonly also: readonly string[]
  readonly tokenFile?: string
  readonly username?: string
  readonly poll: string
  readonly listen: string
  readonly agents?: string
  readonly serverName: readonly string[]
  readonly webhookSecretFile?: string
  readonly notes?: boolean
  readonly notifyFile?: string
  readonly keepHistory: string
  readonly ageKeyFile: readonly string[]
  readonly gnupgHome?: string
} & TrustFlags &
  ForgeFlags
type AgentFlags = CommonOptions & {
  readonly node: string
  readonly libvirtUri: string
  readonly runDir?: string
  readonly nmstatectl?: string
  readonly probeTimeout: string
}

/** up, reconciler, agent, token: the long-running halves, in one process or apart. */
export function daemonCommands(program: Command): void {
  const up = program.command('up').description('Run reconciler and agent in one process: one machine, one command')
  agentFlags(reconcilerFlags(up)).action(async (flags: ReconcilerFlags & AgentFlags) => await runUp(flags))
  const reconciler = program.command('reconciler').description('Run the reconciler alone; agents dial in')
  reconcilerFlags(reconciler)
    .option('--agents <address>', 'address that agents dial', '0.0.0.0:7443')
    .action(async (flags: ReconcilerFlags) => await runReconciler(flags))
  const agent = program.command('agent').description('Run the agent of this host; it dials the reconciler')
  agentFlags(commonFlags(agent))
    .requiredOption('--reconciler <url>', 'the reconciler (needed): https://HOST:PORT')
    .option(
      '--join-token-file <file>',
      'file with the one-time token of "gitvirt token create": for the first start, and for a certificate that is of no use any more',
    )
    .action(async (flags: AgentFlags & { reconciler: string; joinTokenFile?: string }) => await runAgent(flags))
  const token = program.command('token').description('Join tokens of agents')
  commonFlags(
    token.command('create <node>').description('Print a one-time token with which one node may join; run it where the reconciler runs'),
  )
    .option('--ttl <duration>', 'how long it may be used', '1h')
    .action(async (node: string, flags: CommonOptions & { ttl: string }) => await createToken(node, flags))
}

function commonFlags(command: Command): Command {
  return command
    .option('--state-dir <folder>', 'where state is kept', process.env['GITVIRT_STATE_DIR'] ?? defaultStateDir)
    .option('--log-level <level>', 'trace, debug, info, warn or error', 'info')
}

function reconcilerFlags(command: Command): Command {
  return commonFlags(command)
    .requiredOption('--repo <url>', 'Git repository (needed): https://, http://, ssh:// or a local folder')
    .option('--branch <name>', 'branch to follow; default: the repository’s own')
    .option('--ref <reference>', 'tag or commit instead of a branch')
    .option('--path <folder>', 'folder of the environment inside the repository; default: its root')
    .addOption(
      repeatable(
        '--also <source>',
        'another source of the same environment: NAME=URL, then with commas branch=, ref=, path=, token-file=, username=, and forge=, forge-api=, forge-repo=, forge-token-file= to plan its requests, notes=off to push no receipts to it',
      ),
    )
    .option('--token-file <file>', 'file with the token or password for HTTP(S)')
    .option('--username <name>', 'user name that goes with --token-file')
    .option('--poll <duration>', 'time between fetches', '30s')
    .option('--listen <address>', 'address of the API', '127.0.0.1:6443')
    .addOption(repeatable('--server-name <name>', 'further name or address in the server certificate'))
    .option('--webhook-secret-file <file>', 'file with the secret of the forge’s webhook')
    .option('--forge <kind>', 'plan open requests and comment on them: github, gitlab or gitea (Forgejo too)')
    .option('--forge-api <url>', 'address of the forge’s API; default: GitHub’s or GitLab’s own')
    .option('--forge-repo <path>', 'owner/name of the repository at the forge')
    .option('--forge-token-file <file>', 'file with a token that may comment and set commit statuses')
    .option('--environment <name>', 'name of this environment in receipts, comments and statuses; default: --path, or "default"')
    .option('--notes', 'push receipts of what was applied as Git notes (refs/notes/gitvirt); the token must be able to write')
    .option('--keep-history <duration>', 'for how long "gitvirt history" can look back: 1d to 3650d', '90d')
    .option('--notify-file <file>', 'file with the destinations of notifications, readable by its owner only')
    .addOption(repeatable('--age-key-file <path>', 'file or folder with age keys that open encrypted Secrets'))
    .option('--gnupg-home <folder>', 'GnuPG folder whose secret keys open Secrets that SOPS encrypted with PGP')
    .option('--verify-commits <mode>', 'whose commits come into force: none, head or every-commit must be signed', 'none')
    .option('--allowed-signers <file>', 'SSH keys that are trusted, as in ssh-keygen’s allowed_signers')
    .option('--keyring <file>', 'OpenPGP public keys that are trusted')
    .option('--forge-allowed-signers <file>', 'SSH keys of the forge, trusted for merges it makes')
    .option('--forge-keyring <file>', 'OpenPGP public keys of the forge, trusted for merges it makes')
    .option('--revoked-keys <file>', 'SSH keys that count no more: a KRL or a list of public keys')
    .option('--approvers <file>', 'SSH keys whose signed trailers approve changes, as in allowed_signers; default: the trusted keys')
    .option('--approvers-keyring <file>', 'OpenPGP public keys whose signed trailers approve changes')
}

function agentFlags(command: Command): Command {
  return command
    .option('--node <name>', 'name of this node', hostname())
    .option('--libvirt-uri <uri>', 'libvirt connection', process.env['LIBVIRT_DEFAULT_URI'] ?? 'qemu:///system')
    .option('--run-dir <folder>', 'sockets and locks; default: run below the state folder')
    .option('--nmstatectl <file>', 'the nmstatectl program; default: the one on the PATH')
    .option('--probe-timeout <duration>', 'how long a network change may cut this host off before it is rolled back', '2m')
}

function repeatable(flags: string, description: string): Option {
  const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value]
  return new Option(flags, `${description}; may be repeated`).argParser(collect).default([], 'none')
}

/** host:port, [v6]:port or :port. */
function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535)
    throw new GitvirtError({ code: 'InvalidFlag', message: `error: "${text}" is not an address`, action: 'Write HOST:PORT.' })
  return { host: match[1] ?? (match[2] === '' || match[2] === undefined ? '0.0.0.0' : match[2]), port }
}

function sourceAuth(flags: ReconcilerFlags): SourceAuth | undefined {
  if (flags.tokenFile === undefined) return undefined
  const place = { file: flags.tokenFile }
  return flags.username === undefined ? { kind: 'token', token: place } : { kind: 'basic', username: flags.username, password: place }
}

async function reconcilerOptions(flags: ReconcilerFlags, log: Logger): Promise<ReconcilerOptions> {
  const auth = sourceAuth(flags)
  const ref = flags.ref ?? flags.branch
  return {
    stateDir: flags.stateDir,
    source: {
      url: flags.repo,
      ...(ref === undefined ? {} : { ref }),
      ...(flags.path === undefined ? {} : { path: flags.path }),
      ...(auth === undefined ? {} : { auth }),
    },
    others: otherSources(flags.also, flags.poll),
    listen: parseAddress(flags.listen),
    agents: flags.agents === undefined ? { host: '127.0.0.1', port: 0 } : parseAddress(flags.agents),
    serverNames: flags.serverName,
    pollMs: milliseconds(flags.poll),
    trust: trustOptions(flags),
    ...approverOptions(flags),
    keys: { ageKeys: flags.ageKeyFile, ...(flags.gnupgHome === undefined ? {} : { gnupgHome: flags.gnupgHome }) },
    ...forgeOptions(flags),
    environment: environmentOf(flags),
    keepPast: keptHistory(flags.keepHistory),
    ...(flags.notes === true ? { notes: true } : {}),
    ...(flags.notifyFile === undefined ? {} : { notifyFile: flags.notifyFile }),
    ...(flags.webhookSecretFile === undefined ? {} : { webhookSecret: (await readFile(flags.webhookSecretFile, 'utf8')).trim() }),
    clock: systemClock,
    log,
  }
}

function approverOptions(flags: TrustFlags): Pick<ReconcilerOptions, 'approvers'> {
  const approvers = approverKeys(flags)
  return approvers === undefined ? {} : { approvers }
}

function agentOptions(flags: AgentFlags, log: Logger): Omit<AgentOptions, 'reconciler'> {
  return {
    node: flags.node,
    version: ownVersion(),
    stateDir: join(flags.stateDir, 'agent'),
    runDir: flags.runDir ?? join(flags.stateDir, 'run'),
    libvirtUri: flags.libvirtUri,
    log,
    clock: systemClock,
    probeTimeout: milliseconds(flags.probeTimeout),
    ...(flags.nmstatectl === undefined ? {} : { nmstatectlPath: flags.nmstatectl }),
  }
}

/** Its library is loaded here, so that one-shot commands start without it. */
async function openLog(name: string, flags: CommonOptions): Promise<Logger> {
  const { createLogger } = await import('../../lib/log.ts')
  return createLogger(name, flags.logLevel)
}

async function runUp(flags: ReconcilerFlags & AgentFlags): Promise<void> {
  const ended = untilSignal()
  const log = await openLog('gitvirt', flags)
  const { startReconciler } = await import('../../main.ts')
  const { startAgent } = await import('../../../agent/agent.ts')
  await using stack = new AsyncDisposableStack()
  const reconciler = stack.adopt(
    await startReconciler({ ...(await reconcilerOptions(flags, log)), oneHost: true }),
    async (value) => await value.close(),
  )
  const joinToken = await reconciler.createJoinToken(flags.node)
  const agent = await startAgent({ ...agentOptions(flags, log), reconciler: { url: reconciler.agentsUrl, joinToken } })
  stack.adopt(agent, async (value) => await value.close())
  log.info({ api: reconciler.apiUrl, kubeconfig: reconciler.kubeconfig }, 'up')
  await ended
  log.info('stopping; guests keep running')
}

async function runReconciler(flags: ReconcilerFlags): Promise<void> {
  const ended = untilSignal()
  const log = await openLog('gitvirt-reconciler', flags)
  const { startReconciler } = await import('../../main.ts')
  const reconciler = await startReconciler(await reconcilerOptions(flags, log))
  log.info({ api: reconciler.apiUrl, agents: reconciler.agentsUrl, kubeconfig: reconciler.kubeconfig }, 'reconciler is up')
  await ended
  await reconciler.close()
}

async function runAgent(flags: AgentFlags & { reconciler: string; joinTokenFile?: string }): Promise<void> {
  const ended = untilSignal()
  const log = await openLog('gitvirt-agent', flags)
  const { startAgent } = await import('../../../agent/agent.ts')
  const joinToken = flags.joinTokenFile === undefined ? undefined : { file: flags.joinTokenFile }
  const agent = await startAgent({
    ...agentOptions(flags, log),
    reconciler: { url: flags.reconciler, ...(joinToken === undefined ? {} : { joinToken }) },
  })
  await ended
  await agent.close()
}

async function createToken(node: string, flags: CommonOptions & { ttl: string }): Promise<void> {
  const { createJoinToken } = await import('../../certificates.ts')
  const token = await createJoinToken({
    stateDir: flags.stateDir,
    node,
    ttlSeconds: Math.ceil(milliseconds(flags.ttl) / 1000),
    clock: systemClock,
  })
  process.stdout.write(`${token}\n`)
}

/**
 * Settles at the first signal to end; a second one ends the process at once. Called before anything is started: a signal that comes
 * meanwhile ends the command once it is up, with all closed, as any other.
 */
async function untilSignal(): Promise<void> {
  let asked = false
  await new Promise<void>((resolve) => {
    // Not `once`: execa, while a program of ours runs, kills this process for a signal that nobody else listens to any more.
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (asked) process.exit(1)
        asked = true
        resolve()
      })
    }
  })
}
