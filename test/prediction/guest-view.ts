import { child, type XmlElement } from '../../agent/drivers/libvirt/xml.ts'

/** Parts of a domain that say how libvirt carries it, not what the guest has; of a running one libvirt fills them in. */
const notSeen: ReadonlySet<string> = new Set([
  'metadata',
  'emulator',
  'seclabel',
  'resource',
  'currentMemory',
  'alias',
  'address',
  'backingStore',
  'controller',
  'serial',
  'console',
  'channel',
  'graphics',
  'audio',
  'stats',
  'log',
  'on_poweroff',
  'on_crash',
  'iothreads',
])

const notSeenAttributes: ReadonlySet<string> = new Set(['id', 'portid', 'check', 'mode', 'match', 'fallback', 'adjustment'])

/** What a guest sees of its machine: a text for each place, the same for a running domain and for its definition. */
export function guestView(domain: XmlElement): Map<string, string> {
  const view = new Map<string, string>()
  const note = (path: string, value: string): void => void view.set(path, value)
  const walk = (item: XmlElement, path: string): void => {
    for (const [name, value] of Object.entries(item.attributes))
      if (!notSeenAttributes.has(name) && !(item.name === 'source' && name === 'index')) note(`${path}@${name}`, value)
    if (item.text !== undefined) note(path, item.text)
    const seen = new Map<string, number>()
    for (const part of item.children) {
      if (notSeen.has(part.name) && !(part.name === 'serial' && item.name === 'disk')) continue
      // What TCG makes of the CPU is told of the running guest only; its topology is ours.
      if (item.name === 'cpu' && part.name !== 'topology') continue
      const place = placeOf(part, item)
      const count = seen.get(place) ?? 0
      seen.set(place, count + 1)
      walk(part, `${path}/${place}${count === 0 ? '' : `#${count}`}`)
    }
    if (item.children.length === 0 && item.text === undefined && Object.keys(item.attributes).length === 0) note(path, '')
  }
  walk(domain, 'domain')
  // A link is up unless it says otherwise.
  for (const [path, value] of view) if (path.endsWith('/link@state') && value === 'up') view.delete(path)
  // The name of the host's end of a NIC is the kernel's choice.
  for (const path of view.keys()) if (/\/interface\[[^\]]*\]\/target@dev$/.test(path)) view.delete(path)
  for (const path of view.keys()) if (/\/interface\[[^\]]*\]\/source@bridge$/.test(path) && view.get(path) === 'gvpod0') view.delete(path)
  return view
}

function placeOf(part: XmlElement, parent: XmlElement): string {
  if (parent.name !== 'devices') return part.name
  const alias = child(part, 'alias')?.attributes['name'] ?? ''
  return alias.startsWith('ua-') ? `${part.name}[${alias}]` : part.name
}

/** Places in which two views differ, with both values. */
export function differences(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  const paths = new Set([...one.keys(), ...other.keys()])
  return [...paths]
    .filter((path) => one.get(path) !== other.get(path))
    .map((path) => `${path}: ${one.get(path) ?? 'absent'} -> ${other.get(path) ?? 'absent'}`)
    .sort()
}

/** The devices, by our alias, that a list of differences touches. */
export function devicesIn(found: readonly string[]): Set<string> {
  return new Set(found.flatMap((line) => /\[(ua-[^\]]+)\]/.exec(line)?.[1] ?? []))
}
