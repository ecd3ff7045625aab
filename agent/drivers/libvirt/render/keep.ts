import { child, childrenOf, element, type XmlElement } from '../xml.ts'

/** Root ports beyond what the devices need, for devices that come while the guest runs. */
const spareRootPorts = 8

/**
 * Carries addresses over from the definition that stands now, so that a guest finds its devices where they were
 * (a changed PCI address renames a NIC and may break booting). PCI controllers that libvirt made are kept with them.
 */
export function keepAddresses(
  devices: readonly XmlElement[],
  previous: XmlElement | undefined,
  machineType: string,
): readonly XmlElement[] {
  const old = sameMachineFamily(previous, machineType) ? (child(previous, 'devices')?.children ?? []) : []
  const byIdentity = new Map(identities(old))
  const kept = identities(devices).map(([identity, device]) => withOldAddress(device, byIdentity.get(identity)))
  return [...pciControllers(kept, old, machineType), ...kept]
}

function sameMachineFamily(previous: XmlElement | undefined, machineType: string): boolean {
  const before = child(previous, 'os', 'type')?.attributes['machine'] ?? ''
  return /q35/.test(before) === /q35/.test(machineType)
}

/** Pairs each device with what stays the same about it across definitions. */
function identities(devices: readonly XmlElement[]): [string, XmlElement][] {
  const seen = new Map<string, number>()
  return devices.map((device) => {
    const base = identityOf(device)
    const count = seen.get(base) ?? 0
    seen.set(base, count + 1)
    return [`${base}#${count}`, device]
  })
}

function identityOf(device: XmlElement): string {
  const alias = child(device, 'alias')?.attributes['name'] ?? ''
  const { type = '', index = '', model = '', bus = '' } = device.attributes
  if (alias.startsWith('ua-')) return `${device.name}:${alias}:${child(device, 'target')?.attributes['bus'] ?? ''}`
  if (device.name === 'controller') return `controller:${type}:${index}`
  if (device.name === 'input') return `input:${type}:${bus}`
  return `${device.name}:${device.name === 'video' ? '' : model}`
}

function withOldAddress(device: XmlElement, old: XmlElement | undefined): XmlElement {
  const address = child(old, 'address')
  if (address === undefined || child(device, 'address') !== undefined) return device
  return { ...device, children: [...device.children, address] }
}

/** The old PCI controllers, or for a new q35 guest one root port per device and spare ones. */
function pciControllers(devices: readonly XmlElement[], old: readonly XmlElement[], machineType: string): readonly XmlElement[] {
  if (!/q35|^virt/.test(machineType)) return childrenOf({ name: '', attributes: {}, children: old }, 'controller').filter(isPci)
  const ports = old.filter((item) => isPci(item))
  const rootPorts = ports.filter((item) => item.attributes['model'] === 'pcie-root-port').length
  const needed = devices.filter((device) => onPci(device)).length
  if (rootPorts >= needed + 2) return ports
  const root = ports.length === 0 ? [element('controller', { type: 'pci', index: 0, model: 'pcie-root' })] : []
  const more = Math.min(needed + spareRootPorts - rootPorts, 26)
  const first = 1 + Math.max(0, ...ports.map((item) => Number(item.attributes['index'] ?? 0)))
  const added = Array.from({ length: more }, (_, index) =>
    element('controller', { type: 'pci', index: first + index, model: 'pcie-root-port' }),
  )
  return [...root, ...ports, ...added]
}

function isPci(item: XmlElement): boolean {
  return item.name === 'controller' && item.attributes['type'] === 'pci'
}

function onPci(device: XmlElement): boolean {
  if (device.name === 'disk') return child(device, 'target')?.attributes['bus'] === 'virtio'
  if (device.name === 'controller') return device.attributes['type'] !== 'sata' && device.attributes['model'] !== 'none'
  if (device.name === 'memballoon') return device.attributes['model'] !== 'none'
  return ['interface', 'rng'].includes(device.name) || (device.name === 'input' && device.attributes['bus'] === 'virtio')
}
