import { describeError } from '../../../reconciler/lib/errors.ts'
import type { Deps } from './deps.ts'
import { trueCondition } from './enactment.ts'
import { rollbackKernel } from './kernel-mode.ts'
import { rollbackManaged } from './manager-mode.ts'
import type { Transaction } from './transaction.ts'
import { transition } from './transition.ts'

/**
 * Rolls back the change that a crash of the agent left neither committed nor rolled back.
 * False when that did not work: the transaction stays open and is tried again. Never throws.
 */
export async function recover(deps: Deps): Promise<boolean> {
  const transaction = await deps.journal.open()
  if (transaction === undefined) return true
  try {
    const undone = await undo(deps, transaction)
    await deps.journal.end()
    await tell(deps, transaction, undone)
    return true
  } catch (error) {
    deps.context.log.error({ key: transaction.key, error: describeError(error) }, 'rollback of an unfinished network change failed')
    await tell(deps, transaction, `The agent stopped during the change, and the rollback failed: ${describeError(error)}`)
    return false
  }
}

/** What a stopped agent left open is being worked on by nobody. Aborted, so that it is asked for again. Never throws. */
export async function closeOpen(deps: Deps): Promise<void> {
  try {
    for (const { key, conditions, provider } of await deps.records.all()) {
      const type = trueCondition(conditions)?.type
      if (type !== 'Progressing' && type !== 'Retrying' && type !== 'Pending') continue
      const message = 'The agent stopped before this policy was applied.'
      const problem = { reason: 'ConfigurationAborted', message, at: deps.context.clock.now().toISOString() }
      await transition(deps, key, { type: 'Aborted', message, provider, patch: { problem } })
    }
  } catch (error) {
    deps.context.log.error({ error: describeError(error) }, 'the policies that were being applied could not be closed')
  }
}

async function undo(deps: Deps, transaction: Transaction): Promise<string> {
  if (transaction.provider === 'networkmanager') {
    const open = await rollbackManaged(deps.commands)
    const how = open ? 'the open checkpoint was rolled back' : 'NetworkManager had no open checkpoint any more'
    return `The agent stopped before it committed this policy; ${how}.`
  }
  if (transaction.bootId !== (await deps.journal.bootId())) {
    return 'The host was restarted before this policy was committed; the kernel keeps no settings over a restart.'
  }
  if (transaction.before !== undefined) await rollbackKernel(deps.commands, transaction.before)
  return 'The agent stopped before it committed this policy; it was rolled back when the agent started again.'
}

async function tell(deps: Deps, transaction: Transaction, message: string): Promise<void> {
  const at = deps.context.clock.now().toISOString()
  await transition(deps, transaction.key, {
    type: 'Failing',
    message,
    provider: transaction.provider,
    patch: { problem: { reason: 'FailedToConfigure', message, at }, heldOff: undefined },
  })
}
