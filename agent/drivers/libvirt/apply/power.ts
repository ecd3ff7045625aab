import { setTimeout as delay } from 'node:timers/promises'
import { errorCode, GitvirtError } from '../../../../reconciler/lib/errors.ts'
import type { ObjectKey } from '../../../../reconciler/lib/object-key.ts'
import { makeFolders } from '../files.ts'
import { readMark } from '../mark.ts'
import { parseState, type DomainState } from '../observe/state.ts'
import { findUnrecorded } from '../observe/unrecorded.ts'
import type { MachineRecord } from '../records.ts'
import { vmiSpec } from '../render/input.ts'
import { usesPodNetwork } from '../render/interfaces.ts'
import { pathsOf, recordOf, type Session } from '../session.ts'
import { found } from '../virsh.ts'
import { parseXml } from '../xml.ts'
import { nameConflict } from './define.ts'
import { ensurePodNetwork } from './pod-network.ts'
import { noteRun } from './run.ts'
import { renewScratch } from './sources.ts'

/** Upstream's default of terminationGracePeriodSeconds. */
const defaultGrace = 30

type Found = { readonly record: MachineRecord; readonly state: DomainState }

/** The domain of a key, by its uid and only with our mark. @throws GitvirtError `NotFound`, `NameConflict` */
export async function findDomain(session: Session, key: ObjectKey): Promise<Found> {
  const record = recordOf(session, key)
  const replies = await session.virsh.batch([
    ['domstate', '--reason', '--domain', record.machine.uid],
    ['dumpxml', '--inactive', '--domain', record.machine.uid],
  ])
  const [state, xml] = replies.map((reply) => found(reply, 'DomainNotFound'))
  if (state === undefined || xml === undefined) {
    throw new GitvirtError({
      code: 'NotFound',
      message: 'The domain is gone from libvirt.',
      action: 'It is defined anew by the next pass.',
      object: key,
    })
  }
  if (readMark(parseXml(xml))?.key !== key) throw nameConflict(record.machine, record.name)
  return { record, state: parseState(state) }
}

/** Starts a guest, paused where asked or by its startStrategy; one that runs is left alone. Scratch disks begin empty. */
export async function startMachine(session: Session, key: ObjectKey, asked?: boolean): Promise<void> {
  const { record, state } = await findDomain(session, key)
  const paused = asked ?? vmiSpec(record.machine).startStrategy === 'Paused'
  if (state.active && state.state !== 'crashed') return
  if (state.active) await destroy(session, guestOf(record))
  const paths = pathsOf(session, record.machine.uid)
  await makeFolders(paths, session.host().qemuUser)
  await renewScratch(record.machine, paths, record.sources)
  if (usesPodNetwork(record.machine)) await ensurePodNetwork(session.virsh, session.context.stateDir)
  try {
    await session.virsh.call(['start', ...(paused ? ['--paused'] : []), '--domain', record.machine.uid])
  } catch (error) {
    if (errorCode(error) !== 'DomainRunning') throw forMachine(error, session, key)
  }
  const live = await session.virsh.call(['dumpxml', '--domain', record.machine.uid])
  await noteRun(session, session.records.byKey(key) ?? record, parseXml(live))
  session.context.changed(key)
}

/** A domain of ours, with or without a record. */
type Guest = { readonly key: ObjectKey; readonly uid: string; readonly name: string }

function guestOf({ machine, name }: MachineRecord): Guest {
  return { key: machine.key, uid: machine.uid, name }
}

/** Asks the guest to shut down, and pulls the plug when the grace period is over. Our mark is enough where the record is lost. */
export async function stopMachine(session: Session, key: ObjectKey, graceSeconds?: number): Promise<void> {
  const { guest, state, ownGrace } = await findGuest(session, key)
  if (!state.active) return
  const grace = graceSeconds ?? ownGrace ?? defaultGrace
  const asked = grace > 0 && state.state !== 'crashed' && (await askToStop(session, guest, state))
  if (!asked || !(await waitForOff(session, guest, grace))) await destroy(session, guest)
  session.context.changed(key)
}

type FoundGuest = { readonly guest: Guest; readonly state: DomainState; readonly ownGrace?: number | undefined }

async function findGuest(session: Session, key: ObjectKey): Promise<FoundGuest> {
  const marked = session.records.byKey(key) === undefined ? await findUnrecorded(session, key) : undefined
  if (marked === undefined) {
    const { record, state } = await findDomain(session, key)
    return { guest: guestOf(record), state, ownGrace: vmiSpec(record.machine).terminationGracePeriodSeconds }
  }
  const name = (await session.virsh.call(['domname', '--domain', marked.uid])).trim()
  return { guest: { ...marked, name }, state: parseState(await session.virsh.call(['domstate', '--reason', '--domain', marked.uid])) }
}

async function askToStop(session: Session, guest: Guest, state: DomainState): Promise<boolean> {
  const uid = guest.uid
  try {
    // A paused guest cannot answer the power button.
    if (state.state === 'paused') await session.virsh.call(['resume', '--domain', uid])
    await session.virsh.call(['shutdown', '--mode', 'acpi,agent', '--domain', uid])
    return true
  } catch (error) {
    session.context.log.warn({ key: guest.key, error: String(error) }, 'The guest cannot be asked to shut down.')
    return false
  }
}

/** True when the guest went off within the time; told by events, and looked up every second because an event may be lost. */
async function waitForOff(session: Session, guest: Guest, seconds: number): Promise<boolean> {
  const { clock } = session.context
  const end = clock.monotonic() + seconds * 1000
  let wake = (): void => undefined
  const stopListening = session.events().listen((event) => {
    if (event.domain === guest.name && event.event === 'lifecycle') wake()
  })
  try {
    for (;;) {
      const text = await session.virsh.call(['domstate', '--reason', '--domain', guest.uid])
      if (!parseState(text).active) return true
      const left = end - clock.monotonic()
      if (left <= 0) return false
      const event = new Promise<void>((resolve) => (wake = resolve))
      await Promise.race([event, delay(Math.min(left, 1000), undefined, { ref: false })])
    }
  } finally {
    stopListening()
  }
}

async function destroy(session: Session, guest: Guest): Promise<void> {
  try {
    await session.virsh.call(['destroy', '--domain', guest.uid])
  } catch (error) {
    if (errorCode(error) !== 'DomainNotRunning') throw error
  }
}

/** pause, unpause, reset and soft reboot: one command on a guest that runs. */
export async function signalMachine(session: Session, key: ObjectKey, verb: 'pause' | 'unpause' | 'reset' | 'soft-reboot'): Promise<void> {
  const { record, state } = await findDomain(session, key)
  if (!state.active) {
    throw new GitvirtError({ code: 'DomainNotRunning', message: 'The guest does not run.', action: 'Start it first.', object: key })
  }
  if ((verb === 'pause' && state.state === 'paused') || (verb === 'unpause' && state.state === 'running')) return
  const commands = { pause: ['suspend'], unpause: ['resume'], reset: ['reset'], 'soft-reboot': ['reboot', '--mode', 'acpi,agent'] }
  try {
    await session.virsh.call([...commands[verb], '--domain', record.machine.uid])
  } catch (error) {
    throw forMachine(error, session, key)
  }
  session.context.changed(key)
}

/** The same error, with the object and host that it concerns. */
export function forMachine(error: unknown, session: Session, key: ObjectKey): unknown {
  if (!(error instanceof GitvirtError)) return error
  return new GitvirtError({
    code: error.code,
    message: error.message,
    object: key,
    host: session.context.node,
    terminal: error.terminal,
    cause: error,
    ...(error.action === undefined ? {} : { action: error.action }),
  })
}
