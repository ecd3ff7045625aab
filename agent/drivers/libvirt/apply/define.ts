import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import { GitvirtError } from '../../../../reconciler/lib/errors.ts'
import type { InputData } from '../../types.ts'
import { makeFolders } from '../files.ts'
import { domainName, readMark } from '../mark.ts'
import type { MachineRecord } from '../records.ts'
import { renderDomain, type RenderedDomain } from '../render/domain.ts'
import { usesPodNetwork } from '../render/interfaces.ts'
import { podNetworkName } from '../render/pod-network.ts'
import { pathsOf, type Session } from '../session.ts'
import { found } from '../virsh.ts'
import { child, parseXml, type XmlElement } from '../xml.ts'
import { ensurePodNetwork } from './pod-network.ts'
import { prepareSources, type Sources } from './sources.ts'

/**
 * Writes the persistent definition of a machine, its seed and its record. A running guest is not touched.
 * @throws GitvirtError `NameConflict`, `InvalidMachine`, `VolumeNotReady`, `InputMissing`, or libvirt's own
 */
export async function defineMachine(session: Session, machine: MachineSpec, data: InputData): Promise<void> {
  const previous = await ownDefinition(session, machine)
  const paths = pathsOf(session, machine.uid)
  await makeFolders(paths, session.host().qemuUser)
  if (usesPodNetwork(machine)) await ensurePodNetwork(session.virsh, session.context.stateDir)
  const sources = await prepareSources({ machine, data, paths, volumes: session.volumes })
  const rendered = renderDomain({
    machine,
    node: session.context.node,
    host: session.host(),
    sources: sources.sources,
    podNetwork: podNetworkName,
    paths,
    ...(previous === undefined ? {} : { previous }),
  })
  await removeStale(session, rendered, previous)
  const definition = await writeDefinition(session, machine, rendered.xml)
  await session.records.save(newRecord({ session, machine, rendered, sources, definition }))
  session.context.changed(machine.key)
}

/** The definition that stands under this machine's uid or name; it must be ours. */
async function ownDefinition(session: Session, machine: MachineSpec): Promise<XmlElement | undefined> {
  const ids = [machine.uid, domainName(machine.key)]
  const replies = await session.virsh.batch(ids.map((id) => ['dumpxml', '--inactive', '--domain', id]))
  for (const [index, reply] of replies.entries()) {
    const text = found(reply, 'DomainNotFound')
    if (text === undefined) continue
    const domain = parseXml(text)
    if (readMark(domain)?.key === machine.key) return domain
    throw nameConflict(machine, child(domain, 'name')?.text ?? ids[index] ?? '')
  }
  return undefined
}

export function nameConflict(machine: MachineSpec, name: string): GitvirtError {
  return new GitvirtError({
    code: 'NameConflict',
    message: `A domain named ${name} exists on this host that gitvirt did not make for this machine.`,
    action: 'Rename or undefine that domain, or rename the VirtualMachine.',
    object: machine.key,
    terminal: true,
  })
}

/** libvirt refuses a known uuid under another name; the old definition goes first, its NVRAM and TPM state stay. */
async function removeStale(session: Session, rendered: RenderedDomain, previous: XmlElement | undefined): Promise<void> {
  const before = child(previous, 'name')?.text
  const uuid = child(previous, 'uuid')?.text
  if (before === undefined || (before === rendered.name && uuid === child(rendered.element, 'uuid')?.text)) return
  await session.virsh.call(['undefine', '--keep-nvram', '--keep-tpm', '--domain', before])
}

/** @returns the inactive XML as libvirt completed it */
async function writeDefinition(session: Session, machine: MachineSpec, xml: string): Promise<string> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(join(session.context.stateDir, 'define-'))
  cleanup.defer(async () => await rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'domain.xml')
  await writeFile(file, xml, { mode: 0o600 })
  try {
    await session.virsh.call(['define', '--validate', '--', file])
    return await session.virsh.call(['dumpxml', '--inactive', '--domain', machine.uid])
  } catch (error) {
    if (!(error instanceof GitvirtError)) throw error
    throw new GitvirtError({
      code: error.code,
      message: error.message,
      ...(error.action === undefined ? {} : { action: error.action }),
      object: machine.key,
      host: session.context.node,
      cause: error,
    })
  }
}

type NewRecord = {
  readonly session: Session
  readonly machine: MachineSpec
  readonly rendered: RenderedDomain
  readonly sources: Sources
  readonly definition: string
}

function newRecord(parts: NewRecord): MachineRecord {
  const before = parts.session.records.byKey(parts.machine.key)
  return {
    version: 1,
    machine: parts.machine,
    name: parts.rendered.name,
    definition: parts.definition,
    sources: Object.fromEntries(parts.sources.sources),
    unsupported: [...parts.rendered.unsupported, ...parts.sources.notes],
    ...(before?.boot === undefined ? {} : { boot: before.boot }),
  }
}
