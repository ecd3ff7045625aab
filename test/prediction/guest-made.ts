import { renderDomain } from '../../agent/drivers/libvirt/render/domain.ts'
import type { DiskSource, RenderInput } from '../../agent/drivers/libvirt/render/input.ts'
import { mediumOf } from '../../agent/drivers/libvirt/render/seed.ts'
import { writeXml, type XmlElement } from '../../agent/drivers/libvirt/xml.ts'
import type { InputData } from '../../agent/drivers/types.ts'
import { parseBytes } from '../../reconciler/lib/quantity.ts'
import type { MachineSpec } from '../../schemas/generated/plan.ts'
import type { Volume } from '../../schemas/generated/virtual-machine.ts'

/** What an agent's own code makes of a machine: its definition, and the content of what it makes for it. */
export type Made = { readonly domain: XmlElement; readonly text: string; readonly media: ReadonlyMap<string, string> }

/** What a Secret or a ConfigMap holds, by the digest that the machine has of it. */
export function dataOf(machine: MachineSpec): InputData {
  const bag = (digest: string): Record<string, string> =>
    Object.fromEntries(['userdata', 'networkdata'].map((name) => [name, Buffer.from(`${name} ${digest}`).toString('base64')]))
  const of = (kind: string): Record<string, Record<string, string>> =>
    Object.fromEntries(
      Object.entries(machine.inputs)
        .filter(([key]) => key.startsWith(`${kind}/`))
        .map(([key, digest]) => [key, bag(digest)]),
    )
  return { secrets: of('Secret'), configMaps: of('ConfigMap') }
}

/**
 * Runs the agent's renderers; nothing is written.
 * @throws GitvirtError where the agent refuses the machine
 */
export function makeGuest(machine: MachineSpec, host: RenderInput['host'], previous?: XmlElement): Made {
  const data = dataOf(machine)
  const media = new Map<string, string>()
  const sources = new Map<string, DiskSource>()
  for (const volume of machine.template.spec?.volumes ?? []) {
    const medium = mediumOf(machine, volume, data)
    if (medium !== undefined) media.set(volume.name, contentOf(medium))
    const source = sourceOf(volume, medium !== undefined)
    if (source !== undefined) sources.set(volume.name, source)
    if (volume.emptyDisk !== undefined) media.set(volume.name, `empty ${parseBytes(volume.emptyDisk.capacity)}`)
    if (source?.base !== undefined) media.set(volume.name, `over ${source.base.path}`)
  }
  const paths = { console: '/run/c.sock', consoleLog: '/state/c.log', vnc: '/run/v.sock' }
  const rendered = renderDomain({
    machine,
    node: 'n1',
    host,
    sources,
    podNetwork: 'gitvirt-pod',
    paths,
    ...(previous === undefined ? {} : { previous }),
  })
  return { domain: rendered.element, text: writeXml(rendered.element), media }
}

function contentOf({ label, files }: NonNullable<ReturnType<typeof mediumOf>>): string {
  return JSON.stringify([label, ...[...files].map(([name, content]) => [name, Buffer.from(content).toString()])])
}

/** As the agent finds it, without looking at a disk. */
function sourceOf(volume: Volume, made: boolean): DiskSource | undefined {
  const { name, hostDisk, emptyDisk, dataVolume, persistentVolumeClaim: claim } = volume
  const image = (of: string): string => `/pool/${of}.raw`
  if (made) return { type: 'file', path: `/state/${name}.iso`, format: 'raw', readonly: true, made: true }
  if (emptyDisk !== undefined) return { type: 'file', path: `/state/${name}.qcow2`, format: 'qcow2' }
  if (hostDisk !== undefined)
    return { type: 'file', path: hostDisk.path, format: 'raw', ...(hostDisk.shared === true ? { shareable: true } : {}) }
  if (dataVolume !== undefined) return { type: 'file', path: image(dataVolume.name), format: 'raw' }
  if (claim !== undefined)
    return { type: 'file', path: image(claim.claimName), format: 'raw', ...(claim.readOnly === true ? { readonly: true } : {}) }
  const base = volume.ephemeral?.persistentVolumeClaim?.claimName
  if (base === undefined) return undefined
  return { type: 'file', path: `/state/${name}.qcow2`, format: 'qcow2', base: { path: image(base), format: 'raw' } }
}
