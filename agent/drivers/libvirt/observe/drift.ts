import type { Drift, ObservedMachine } from '../../../../schemas/generated/observation.ts'
import { child, type XmlElement } from '../xml.ts'

/** Most differences that are reported of one machine. */
const most = 200

/** What is reported of all differences, and how many are not: without these nobody can tell what belongs to one device. */
export function reported(drift: readonly Drift[]): Pick<ObservedMachine, 'drift' | 'driftOmitted'> {
  return { drift: drift.slice(0, most), ...(drift.length > most ? { driftOmitted: drift.length - most } : {}) }
}

/** What differs between the definition as libvirt returned it after our define, and now. */
export function definitionDrift(expected: XmlElement, actual: XmlElement): Drift[] {
  const before = flatten(expected)
  const after = flatten(actual)
  const drift: Drift[] = []
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(path) !== after.get(path)) drift.push(difference(path, before.get(path), after.get(path)))
  }
  return drift.sort((one, other) => (one.path < other.path ? -1 : 1))
}

/** What differs between the devices of the running guest as we left them, and now. */
export function liveDrift(expected: readonly string[], actual: readonly string[]): Drift[] {
  const before = new Map(expected.map(splitFingerprint))
  const after = new Map(actual.map(splitFingerprint))
  const drift: Drift[] = []
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(path) !== after.get(path)) drift.push(difference(`live/devices/${path}`, before.get(path), after.get(path)))
  }
  return drift.sort((one, other) => (one.path < other.path ? -1 : 1))
}

function difference(path: string, expected: string | undefined, actual: string | undefined): Drift {
  return { path, ...(expected === undefined ? {} : { expected }), ...(actual === undefined ? {} : { actual }) }
}

function splitFingerprint(text: string): [string, string] {
  const at = text.indexOf('=')
  return [text.slice(0, at), text.slice(at + 1)]
}

/** The attached disks, NICs and passed-through devices of a live definition, one `path=value` each. */
export function fingerprints(domain: XmlElement): string[] {
  const prints: string[] = []
  for (const device of child(domain, 'devices')?.children ?? []) {
    if (!['disk', 'interface', 'hostdev'].includes(device.name)) continue
    const source = child(device, 'source')?.attributes ?? {}
    const value = [
      device.attributes['device'] ?? device.attributes['type'] ?? '',
      child(device, 'target')?.attributes['bus'] ?? child(device, 'model')?.attributes['type'] ?? '',
      source['file'] ?? source['dev'] ?? source['network'] ?? source['bridge'] ?? '',
      child(device, 'link')?.attributes['state'] ?? '',
    ]
    prints.push(`${device.name}[${label(device)}]=${value.join(' ').trim()}`)
  }
  return prints.sort()
}

/** A path for every attribute and text; entries of a list are told apart by what names them. */
function flatten(root: XmlElement): Map<string, string> {
  const flat = new Map<string, string>()
  const walk = (item: XmlElement, path: string): void => {
    for (const [name, value] of Object.entries(item.attributes)) {
      // libvirt stores the guest's own clock setting here.
      if (path === 'domain/clock' && name === 'adjustment') continue
      flat.set(`${path}/@${name}`, value)
    }
    if (item.text !== undefined) flat.set(path, item.text)
    if (item.text === undefined && Object.keys(item.attributes).length === 0 && item.children.length === 0) flat.set(path, '')
    const seen = new Map<string, number>()
    for (const part of item.children) {
      const name = `${part.name}${suffix(part)}`
      const count = seen.get(name) ?? 0
      seen.set(name, count + 1)
      walk(part, `${path}/${name}${count === 0 ? '' : `#${count + 1}`}`)
    }
  }
  walk(root, root.name)
  return flat
}

function suffix(item: XmlElement): string {
  if (['disk', 'interface'].includes(item.name)) return `[${label(item)}]`
  const { name, type, index, model } = item.attributes
  if (item.name === 'controller') return `[${type ?? ''}${index ?? ''}]`
  if (['feature', 'entry', 'timer', 'input', 'channel'].includes(item.name)) return `[${name ?? type ?? model ?? ''}]`
  return ''
}

function label(device: XmlElement): string {
  return child(device, 'mac')?.attributes['address'] ?? child(device, 'target')?.attributes['dev'] ?? ''
}
