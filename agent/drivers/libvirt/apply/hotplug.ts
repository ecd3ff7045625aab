import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import { GitvirtError } from '../../../../reconciler/lib/errors.ts'
import { objectKey } from '../../../../reconciler/lib/object-key.ts'
import { fingerprints } from '../observe/drift.ts'
import { pluggable } from '../render/pluggable.ts'
import type { MachineRecord } from '../records.ts'
import { planHotplug, type DeviceChange } from '../render/hotplug.ts'
import { mergeBooted } from '../render/merge-booted.ts'
import { vmiSpec } from '../render/input.ts'
import type { Session } from '../session.ts'
import { child, childrenOf, parseXml, writeXml, type XmlElement } from '../xml.ts'
import { findDomain, forMachine } from './power.ts'
import { noteRun } from './run.ts'

/** Milliseconds that a guest may take to let go of a device. */
const detachPatience = 30_000

/**
 * Brings a running guest's disks and NICs to the definition: attaches, detaches, changes media and link state, tells new sizes.
 * What needs a restart is left. A guest that is off has nothing to do.
 * @throws GitvirtError `DetachTimedOut` where the guest keeps a device, or libvirt's own
 */
export async function hotplugMachine(session: Session, machine: MachineSpec): Promise<void> {
  const { record: found, state } = await findDomain(session, machine.key)
  if (!state.active) return
  const live = await liveXml(session, machine.uid)
  const record = await noteRun(session, found, live)
  const booted = record.boot?.machine ?? record.machine
  const changes = planHotplug({
    live,
    definition: parseXml(record.definition),
    pluggable: pluggable(booted, record.machine),
    booted,
    applied: record.machine,
  })
  try {
    for (const change of changes) await applyChange(session, machine.uid, change)
    await growDisks(session, record, live)
  } catch (error) {
    throw forMachine(error, session, machine.key)
  } finally {
    await noteDevices(session, record)
  }
}

async function liveXml(session: Session, uid: string): Promise<XmlElement> {
  return parseXml(await session.virsh.call(['dumpxml', '--domain', uid]))
}

/** Records what is attached now, also after a failure, so that only the work of others counts as drift. */
async function noteDevices(session: Session, record: MachineRecord): Promise<void> {
  const latest = session.records.byKey(record.machine.key) ?? record
  if (latest.boot === undefined) return
  const live = await liveXml(session, record.machine.uid)
  const machine = mergeBooted(latest.boot.machine, latest.machine, { live, definition: parseXml(latest.definition) })
  await session.records.save({ ...latest, boot: { ...latest.boot, machine, devices: fingerprints(live) } })
  session.context.changed(record.machine.key)
}

async function applyChange(session: Session, uid: string, change: DeviceChange): Promise<void> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(join(session.context.stateDir, 'device-'))
  cleanup.defer(async () => await rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'device.xml')
  await writeFile(file, writeXml(change.device), { mode: 0o600 })
  if (change.verb === 'update') await session.virsh.call(['update-device', '--live', '--force', '--domain', uid, '--file', file])
  if (change.verb === 'attach') await attach(session, uid, { ...change, file })
  if (change.verb === 'detach') {
    await session.virsh.call(['detach-device', '--live', '--domain', uid, '--file', file])
    await waitForDetach(session, uid, change)
  }
}

/** The address of the definition is tried first, so that the device stays where it is after a restart. */
async function attach(session: Session, uid: string, change: DeviceChange & { readonly file: string }): Promise<void> {
  const words = ['attach-device', '--live', '--domain', uid, '--file', change.file]
  try {
    await session.virsh.call(words)
  } catch (error) {
    if (!/address|slot|bus|in use/i.test(String(error)) || child(change.device, 'address') === undefined) throw error
    const anywhere = { ...change.device, children: change.device.children.filter((item) => item.name !== 'address') }
    await writeFile(change.file, writeXml(anywhere), { mode: 0o600 })
    await session.virsh.call(words)
  }
}

async function waitForDetach(session: Session, uid: string, change: DeviceChange): Promise<void> {
  const { clock } = session.context
  const end = clock.monotonic() + detachPatience
  for (;;) {
    const devices = child(await liveXml(session, uid), 'devices')
    if (!childrenOf(devices, change.device.name).some((item) => sameDevice(item, change.device))) return
    if (clock.monotonic() > end) break
    await delay(250, undefined, { ref: false })
  }
  throw new GitvirtError({
    code: 'DetachTimedOut',
    message: `The guest keeps ${change.label}.`,
    action: 'Unmount or take down the device in the guest, or restart the guest.',
  })
}

function sameDevice(one: XmlElement, other: XmlElement): boolean {
  const id = (item: XmlElement): string | undefined => child(item, 'mac')?.attributes['address'] ?? child(item, 'target')?.attributes['dev']
  return id(one) === id(other)
}

/** Tells a running guest that its image has grown. */
async function growDisks(session: Session, record: MachineRecord, live: XmlElement): Promise<void> {
  for (const volume of vmiSpec(record.machine).volumes ?? []) {
    const claim = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
    const path = record.sources[volume.name]?.path
    if (claim === undefined || path === undefined) continue
    const target = childrenOf(child(live, 'devices'), 'disk').find((disk) => child(disk, 'source')?.attributes['file'] === path)
    const dev = child(target, 'target')?.attributes['dev']
    const file = await session.volumes.file(objectKey('DataVolume', record.machine.namespace, claim))
    if (dev === undefined || file === undefined) continue
    const info = await session.virsh.call(['domblkinfo', '--domain', record.machine.uid, '--device', dev])
    const now = Number(/^Capacity:\s+(\d+)/m.exec(info)?.[1] ?? Number.NaN)
    if (now < file.virtualBytes)
      await session.virsh.call(['blockresize', '--domain', record.machine.uid, '--path', dev, '--size', `${file.virtualBytes}B`])
  }
}
