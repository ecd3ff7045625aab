import type { Command } from 'commander'
import { GitvirtError } from '../../lib/errors.ts'
import { keyText } from '../../lib/object-key.ts'
import { contextOf } from '../context.ts'
import { formatColumns } from '../output/table.ts'
import { target } from './control.ts'

type Lease = {
  readonly key: string
  readonly by: string
  readonly reason: string
  readonly at: string
  readonly until: string
  readonly ending: 'revert' | 'adopt'
  readonly kept?: { readonly until: string; readonly branch?: string }
}

type LeaseFlags = { readonly for?: string; readonly reason?: string; readonly then: string }

/** lease, lease list, lease end: manual changes to a machine stand for a time. */
export function leaseCommands(program: Command): void {
  const lease = program
    .command('lease <machine>')
    .description('Break glass: let what is changed on a machine by hand stand for a time')
    .option('--for <duration>', 'how long: 30m, 2h; at most spec.leases.maxDuration of gitvirt.yaml (24h)')
    .option('--reason <text>', 'why, for those who wonder later')
    .option(
      '--then <what>',
      'at its end: "revert" the changes, or "adopt" them: write a branch that has them, for a pull request',
      'revert',
    )
    .addHelpText(
      'after',
      `
Examples:
  gitvirt lease vm/db --for 2h --reason "more memory during the incident"    then virsh edit, setmem, attach-device, destroy, start
  gitvirt lease vm/db --for 2h --reason "…" --then adopt                     then a branch gitvirt/adopt/db-DATE to merge
  gitvirt lease list
  gitvirt lease end vm/db

Meanwhile nothing of Git reaches the machine either; "gitvirt plan" shows it. The host keeps the lease without the reconciler and over
restarts; a guest that crashes is started again, one that was stopped by hand is not.`,
    )
    .action(async (word: string, flags: LeaseFlags, command: Command) => {
      checkFlags(flags)
      const context = contextOf(command)
      const body = { ...machine(word, context.namespace()), for: flags.for, reason: flags.reason, ending: flags.then }
      const made = await context.client().call<Lease>('/gitvirt/v1/leases', { method: 'POST', body })
      context.print(`${word} leased until ${made.until}; then ${made.ending}`)
    })
  lease
    .command('list')
    .description('Leases that are not over')
    .action(async (_options: unknown, command: Command) => {
      const context = contextOf(command)
      const { leases } = await context.client().call<{ readonly leases: readonly Lease[] }>('/gitvirt/v1/leases')
      context.print(leases.length === 0 ? 'No leases.' : leaseTable(leases))
    })
  lease
    .command('end <machine>')
    .description('End a lease now: its changes are reverted or adopted; of one that was adopted, reverted; --reason says why')
    // --reason is read by the command above it.
    .action(async (word: string, _options: unknown, command: Command) => {
      const context = contextOf(command)
      const { reason } = command.optsWithGlobals<LeaseFlags>()
      const body = { ...machine(word, context.namespace()), ...(reason === undefined ? {} : { reason }) }
      await context.client().call('/gitvirt/v1/leases/end', { method: 'POST', body })
      context.print(`lease of ${word} ended`)
    })
}

/** What only giving a lease asks for; commander would ask its subcommands for it as well. */
function checkFlags({ for: time, reason, then }: LeaseFlags): void {
  const missing = [...(time === undefined ? ['--for'] : []), ...(reason === undefined ? ['--reason'] : [])]
  if (missing.length > 0)
    throw new GitvirtError({
      code: 'InvalidFlag',
      message: `error: ${missing.join(' and ')} missing`,
      action: 'For example: gitvirt lease vm/db --for 2h --reason "…"',
    })
  if (then !== 'revert' && then !== 'adopt')
    throw new GitvirtError({
      code: 'InvalidFlag',
      message: `error: "${then}" is no end of a lease`,
      action: 'Write --then revert or --then adopt.',
    })
}

/** vm/demo, or demo alone: only machines are leased. */
function machine(word: string, namespace: string): { readonly key?: string } {
  return target(word.includes('/') ? word : `vm/${word}`, namespace)
}

function leaseTable(leases: readonly Lease[]): string {
  const rows = leases.map(({ key, by, at, until, kept, ending, reason }) => [
    keyText(key),
    by,
    at,
    kept?.until ?? until,
    kept === undefined ? ending : (kept.branch ?? 'adopting'),
    reason,
  ])
  return formatColumns([['MACHINE', 'BY', 'SINCE', 'UNTIL', 'THEN', 'REASON'], ...rows])
}
