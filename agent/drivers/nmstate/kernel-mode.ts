import { setTimeout as sleep } from 'node:timers/promises'
import type { Drift } from '../../../schemas/generated/observation.ts'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import type { Commands } from './commands.ts'
import { compareStates } from './compare.ts'
import { adminStates, readState } from './current-state.ts'
import { inverseOf, snapshot } from './inverse.ts'
import { callsAfter, callsBefore, type IpCall } from './kernel-fill.ts'
import { readLinks } from './links.ts'
import { interfaceName, interfacesOf, portsOf, type NetworkState } from './network-state.ts'
import type { Before } from './transaction.ts'

/** Milliseconds for one nmstatectl call that changes the kernel. */
const applyTimeout = 120_000

/** How the interfaces are that a state will touch. @throws GitvirtError `InvalidPolicy` for names that no link can have */
export async function takeSnapshot(commands: Commands, state: NetworkState): Promise<Before> {
  for (const name of interfacesOf(state).flatMap((entry) => [entry.name, ...(portsOf(entry) ?? [])])) {
    if (!interfaceName.test(name)) {
      throw new GitvirtError({ code: 'InvalidPolicy', message: `${JSON.stringify(name)} is not an interface name.`, terminal: true })
    }
  }
  const current = await readState(commands, 'kernel')
  return snapshot(state, current.state, current.links)
}

/** Brings the kernel to a state that shareForKernel gave, and verifies it. @throws GitvirtError `VerificationFailed`, or `run`'s */
export async function applyKernel(commands: Commands, state: NetworkState): Promise<void> {
  await send(commands, state)
  // Carrier and addresses settle within a moment of their change.
  for (let tries = 0; ; tries += 1) {
    const current = await readState(commands, 'kernel')
    const drift = compareStates(state, current.state, adminStates(current, 'kernel'))
    if (drift.length === 0) return
    if (tries === 4) throw notReached(drift)
    await sleep(250)
  }
}

/** Undoes a change by its snapshot. Idempotent. @throws GitvirtError `run`'s, for the first call that failed, after all were tried */
export async function rollbackKernel(commands: Commands, before: Before): Promise<void> {
  const current = await readState(commands, 'kernel')
  const inverse = inverseOf(before, current.state, current.links)
  const failures: unknown[] = []
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => failures.push(error))
  }
  for (const call of inverse.remove) await attempt(() => removeIfThere(commands, call))
  await attempt(() => send(commands, inverse.state))
  for (const call of inverse.settle) await attempt(() => commands.ip(call))
  // A link that was down for a moment lost its routes: once more with all links in place.
  const routes = inverse.state['routes']
  await attempt(() => nmstateApply(commands, { interfaces: [], routes }))
  if (failures.length > 0) throw failures[0]
}

/** The other end of a veth pair goes with the first. */
async function removeIfThere(commands: Commands, call: IpCall): Promise<void> {
  if ((await readLinks(commands)).has(call.at(-1) ?? '')) await commands.ip(call)
}

async function send(commands: Commands, state: NetworkState): Promise<void> {
  for (const call of callsBefore(state, await readLinks(commands))) await commands.ip(call)
  await nmstateApply(commands, state)
  for (const call of callsAfter(state)) await commands.ip(call)
}

/** --no-verify: nmstate's own check takes a bridge without carrier for one that is down; ours does not. */
async function nmstateApply(commands: Commands, state: NetworkState): Promise<void> {
  await commands.nmstatectl(['apply', '-q', '--kernel', '--no-verify', '-'], { input: JSON.stringify(state), timeout: applyTimeout })
}

function notReached(drift: readonly Drift[]): GitvirtError {
  const lines = drift.slice(0, 8).map((one) => `${one.path} is ${one.actual ?? 'absent'}, not ${one.expected ?? 'absent'}`)
  return new GitvirtError({
    code: 'VerificationFailed',
    message: `The network did not reach the desired state: ${lines.join('; ')}`,
    action: 'See whether another program manages these interfaces.',
  })
}
