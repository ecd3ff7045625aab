import type { Command } from 'commander'
import { GitvirtError } from '../../lib/errors.ts'
import { keyText } from '../../lib/object-key.ts'
import { contextOf } from '../context.ts'
import { formatColumns } from '../output/table.ts'
import { approveObject } from './approve.ts'

type SourceStatus = {
  readonly revision?: string
  readonly ref?: string
  readonly url?: string
  readonly fetchedAt?: string
  readonly error?: string
  readonly errors?: readonly {
    readonly severity: string
    readonly path: string
    readonly line: number
    readonly column: number
    readonly message: string
    readonly action?: string
  }[]
  readonly agents?: readonly { readonly node: string; readonly connected: boolean; readonly seenAt?: string }[]
  readonly suspended?: boolean
  readonly suspensions?: readonly {
    readonly key: string
    readonly by: string
    readonly reason: string
    readonly at: string
    readonly until?: string
  }[]
  /** Other sources of the environment. */
  readonly sources?: readonly {
    readonly name: string
    readonly url: string
    readonly ref: string
    readonly revision?: string
    readonly fetchedAt?: string
    readonly error?: string
    readonly plansRequests?: boolean
  }[]
  readonly signer?: { readonly kind: string; readonly name: string; readonly fingerprint: string }
}

type SuspendFlags = { readonly reason: string; readonly for?: string; readonly until?: string }

/** reconcile, suspend, resume, approve, status: requests about the pipeline itself. */
export function controlCommands(program: Command): void {
  program
    .command('reconcile')
    .description('Fetch the repository and reconcile now, without waiting for the next poll')
    .action(async (_options: unknown, command: Command) => {
      const context = contextOf(command)
      const answer = await context.client().call<SourceStatus>('/gitvirt/v1/reconcile', { method: 'POST', body: {} })
      context.print(`► fetched revision ${answer.revision ?? 'unknown'}`)
    })
  program
    .command('suspend [object]')
    .description('Stop carrying out plans: for one object (vm/demo) or, without one, for the environment')
    .requiredOption('--reason <text>', 'why, for those who wonder later')
    .option('--for <duration>', 'ends by itself after 2h, 1h30m, 7d; default: until "gitvirt resume"')
    .option('--until <time>', 'ends by itself at a time: 2026-12-24T18:00:00Z')
    .addHelpText(
      'after',
      `
Examples:
  gitvirt suspend vm/demo --for 2h --reason "disk is being copied by hand"
  gitvirt suspend node/kvm2 --reason "memory is replaced"     no steps on this host; the others go on
  gitvirt suspend --until 2026-12-27T06:00:00Z --reason "switch is replaced"

Guests go on running and are restarted where they crash; plans show what would be done and what holds it back.`,
    )
    .action(async (object: string | undefined, { reason, for: time, until }: SuspendFlags, command: Command) => {
      const context = contextOf(command)
      const body = {
        ...target(object, context.namespace()),
        reason,
        ...(time === undefined ? {} : { for: time }),
        ...(until === undefined ? {} : { until }),
      }
      const made = await context.client().call<{ readonly until?: string }>('/gitvirt/v1/suspend', { method: 'POST', body })
      context.print(`${object ?? 'environment'} suspended${made.until === undefined ? '' : ` until ${made.until}`}`)
    })
  program
    .command('resume [object]')
    .description('Take up what "gitvirt suspend" stopped')
    .option('--reason <text>', 'why, for the audit')
    .action(async (object: string | undefined, { reason }: Partial<SuspendFlags>, command: Command) => {
      const context = contextOf(command)
      const body = { ...target(object, context.namespace()), ...(reason === undefined ? {} : { reason }) }
      await context.client().call('/gitvirt/v1/resume', { method: 'POST', body })
      context.print(`${object ?? 'environment'} resumed`)
    })
  program
    .command('approve <plan-or-object>')
    .description(
      'Let a blocked plan (its id), the blocked change of one object (vm/demo), or a rewritten branch (revision/COMMIT) go through',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  gitvirt approve vm/demo                             shows and allows this change only; another one needs its own word\n  gitvirt approve $(gitvirt plan -o json | jq -r .id) all that waits in the plan that was just read\n  gitvirt approve node/kvm2                           a host that did not report to a new database is off for good',
    )
    .action(async (word: string, _options: unknown, command: Command) => {
      const context = contextOf(command)
      const commit = /^revision\/(.+)$/.exec(word)?.[1]
      if (commit !== undefined) {
        const status = await context.client().call<SourceStatus>('/gitvirt/v1/approvals', { method: 'POST', body: { revision: commit } })
        context.print(status.error === undefined ? `${word} approved` : `${word} approved, but: ${status.error}`)
        return
      }
      const { key } = word.includes('/') ? target(word, context.namespace()) : {}
      if (key === undefined) await context.client().call('/gitvirt/v1/approvals', { method: 'POST', body: { plan: word } })
      else await approveObject(context, key)
      context.print(`${word} approved`)
    })
  program
    .command('status')
    .description('Show the repository, the revision in force, what is wrong in it, and the agents')
    .action(async (_options: unknown, command: Command) => {
      const context = contextOf(command)
      const status = await context.client().call<SourceStatus>('/gitvirt/v1/status')
      context.print(statusText(status))
    })
}

const kinds: Readonly<Record<string, string>> = {
  vm: 'VirtualMachine',
  virtualmachine: 'VirtualMachine',
  virtualmachines: 'VirtualMachine',
  dv: 'DataVolume',
  datavolume: 'DataVolume',
  datavolumes: 'DataVolume',
  nncp: 'NodeNetworkConfigurationPolicy',
  nodenetworkconfigurationpolicy: 'NodeNetworkConfigurationPolicy',
  node: 'Node',
  namespace: 'Namespace',
  ns: 'Namespace',
}

const clusterScoped: ReadonlySet<string> = new Set(['NodeNetworkConfigurationPolicy', 'Node', 'Namespace'])

/** vm/demo → {key: VirtualMachine/default/demo}. */
export function target(word: string | undefined, namespace: string): { readonly key?: string } {
  if (word === undefined) return {}
  const [type = '', name = ''] = word.split('/')
  const kind = kinds[type.toLowerCase()]
  if (kind === undefined || name === '') {
    throw new GitvirtError({
      code: 'InvalidArgument',
      message: `error: "${word}" is not an object that can be named here`,
      action: 'Write vm/NAME, dv/NAME, nncp/NAME, node/NAME or ns/NAME.',
    })
  }
  return { key: `${kind}/${clusterScoped.has(kind) ? '' : namespace}/${name}` }
}

function suspensionLines({ suspensions = [] }: SourceStatus): string[] {
  if (suspensions.length === 0) return []
  const rows = suspensions.map(({ key, by, at, until, reason }) => [
    key.startsWith('Fleet/') ? 'environment' : keyText(key),
    by,
    at,
    until ?? '<none>',
    reason,
  ])
  return ['', formatColumns([['SUSPENDED', 'BY', 'SINCE', 'UNTIL', 'REASON'], ...rows])]
}

function sourceLines({ sources = [] }: SourceStatus): string[] {
  if (sources.length === 0) return []
  const rows = sources.map((one) => [one.name, one.url, one.ref, one.revision ?? '<none yet>', one.error ?? ''])
  const unplanned = sources.filter(({ plansRequests }) => plansRequests === false).map(({ name }) => name)
  const told = `Requests of ${unplanned.join(', ')} are not planned by themselves: --also names no forge= for ${unplanned.length === 1 ? 'it' : 'them'}. Ask with: gitvirt plan --ref "${unplanned[0] ?? ''}//#12"`
  const table = formatColumns([['SOURCE', 'REPOSITORY', 'REFERENCE', 'REVISION', 'ERROR'], ...rows])
  return ['', table, ...(unplanned.length === 0 ? [] : [told])]
}

function statusText(status: SourceStatus): string {
  const head = formatColumns([
    ['Repository:', status.url ?? ''],
    ['Reference:', status.ref ?? ''],
    ['Revision:', status.revision ?? '<none yet>'],
    ...(status.signer === undefined ? [] : [['Signed by:', `${status.signer.name} (${status.signer.kind}, ${status.signer.fingerprint})`]]),
    ['Fetched:', status.fetchedAt ?? ''],
    ['Suspended:', String(status.suspended ?? false)],
    ...(status.error === undefined ? [] : [['Error:', status.error]]),
  ])
  const agents = formatColumns([
    ['NODE', 'CONNECTED', 'SEEN'],
    ...(status.agents ?? []).map((agent) => [agent.node, String(agent.connected), agent.seenAt ?? '']),
  ])
  const errors = (status.errors ?? []).map(
    (error) =>
      `${error.path}:${error.line}:${error.column}: ${error.severity}: ${error.message}${error.action === undefined ? '' : ` ${error.action}`}`,
  )
  return [head, ...sourceLines(status), '', agents, ...suspensionLines(status), ...(errors.length === 0 ? [] : ['', ...errors])].join('\n')
}
