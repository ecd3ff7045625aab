import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import type { Interface, Network } from '../../../../schemas/generated/virtual-machine.ts'
import { derivedMac, plainMac } from '../../../../reconciler/lib/derived-mac.ts'
import { aliasOf } from '../mark.ts'
import { element, type XmlElement } from '../xml.ts'
import { vcpuCount } from './cpu.ts'
import { domainSpec, invalidMachine, vmiSpec, type Rendered, type RenderInput } from './input.ts'
import { pciAddress } from './pci.ts'

export type Nic = { readonly interface: Interface; readonly network: Network }

/** The guest's NICs with their networks; upstream's default is one NIC on the pod network. */
export function nicsOf(machine: MachineSpec): readonly Nic[] {
  const spec = vmiSpec(machine)
  const { interfaces = [], autoattachPodInterface } = domainSpec(machine).devices
  const networks = spec.networks ?? []
  if (interfaces.length === 0) {
    if (autoattachPodInterface === false || networks.length > 0) return []
    return [{ interface: { name: 'default', masquerade: {} }, network: { name: 'default', pod: {} } }]
  }
  return interfaces.flatMap((item) => {
    if (item.state === 'absent') return []
    const network = networks.find((candidate) => candidate.name === item.name)
    if (network === undefined)
      throw invalidMachine(machine, `spec.template.spec.domain.devices.interfaces[${item.name}] has no network of that name.`)
    return [{ interface: item, network }]
  })
}

/** True where a NIC stands on the pod network. */
export function usesPodNetwork(machine: MachineSpec): boolean {
  return nicsOf(machine).some((nic) => nic.network.pod !== undefined)
}

/** A NIC's address: the manifest's, else the machine's own for it. @throws GitvirtError `InvalidMachine` */
export function macOf(machine: MachineSpec, nic: Interface): string {
  if (nic.macAddress === undefined || nic.macAddress === '') return derivedMac(machine.uid, nic.name)
  const mac = plainMac(nic.macAddress)
  if (/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/.test(mac)) return mac
  throw invalidMachine(machine, `spec.template.spec.domain.devices.interfaces[${nic.name}].macAddress: not a unicast MAC address.`)
}

/** `<interface>` for each NIC that this host can attach. */
export function renderInterfaces(input: RenderInput): Rendered {
  const notes: string[] = []
  const elements = nicsOf(input.machine).flatMap((nic) => renderNic(input, nic, notes) ?? [])
  return { elements, notes }
}

function renderNic(input: RenderInput, nic: Nic, notes: string[]): XmlElement | undefined {
  const item = nic.interface
  const path = `spec.template.spec.domain.devices.interfaces[${item.name}]`
  const source = sourceOf(input, nic)
  if (source === undefined) {
    notes.push(`${path}: ${bindingOf(item)} is not possible on this host; the guest has no such NIC.`)
    return undefined
  }
  noteNic(item, path, notes)
  const model = item.model ?? 'virtio'
  const vcpus = vcpuCount(input.machine)
  const multiqueue = domainSpec(input.machine).devices.networkInterfaceMultiqueue === true && model === 'virtio' && vcpus > 1
  return element('interface', { type: source.type }, [
    element('mac', { address: macOf(input.machine, item) }),
    source.element,
    element('model', { type: model }),
    multiqueue ? element('driver', { queues: Math.min(vcpus, 256) }) : undefined,
    item.state === 'down' ? element('link', { state: 'down' }) : undefined,
    item.bootOrder === undefined ? undefined : element('boot', { order: item.bootOrder }),
    item.acpiIndex === undefined ? undefined : element('acpi', { index: item.acpiIndex }),
    element('alias', { name: aliasOf('nic', item.name) }),
    item.pciAddress === undefined ? undefined : pciAddress(input.machine, item.pciAddress),
  ])
}

type NicSource = { readonly type: string; readonly element: XmlElement | undefined }

function sourceOf(input: RenderInput, nic: Nic): NicSource | undefined {
  const { interface: item, network } = nic
  const plain = item.masquerade !== undefined || item.bridge !== undefined || bindingOf(item) === 'no binding'
  if (network.pod !== undefined) {
    if (item.slirp !== undefined) return { type: 'user', element: undefined }
    return plain ? { type: 'network', element: element('source', { network: input.podNetwork }) } : undefined
  }
  if (network.multus !== undefined && plain && item.masquerade === undefined) {
    return { type: 'bridge', element: element('source', { bridge: bridgeName(input.machine, network.multus.networkName) }) }
  }
  return undefined
}

/**
 * A multus network names a NetworkAttachmentDefinition (`[namespace/]name`); here the name is that of a host bridge.
 * Linux allows 15 characters and neither slash nor space.
 */
function bridgeName(machine: MachineSpec, networkName: string): string {
  const name = networkName.slice(networkName.lastIndexOf('/') + 1)
  if (/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,14}$/.test(name)) return name
  throw invalidMachine(
    machine,
    `multus.networkName "${networkName}" cannot be the name of a host bridge.`,
    'Name a bridge that a NodeNetworkConfigurationPolicy makes, of at most 15 characters.',
  )
}

function bindingOf(item: Interface): string {
  const names = ['bridge', 'masquerade', 'sriov', 'macvtap', 'passt', 'passtBinding', 'slirp', 'binding'] as const
  return names.find((name) => item[name] !== undefined) ?? 'no binding'
}

function noteNic(item: Interface, path: string, notes: string[]): void {
  if (item.dhcpOptions !== undefined) notes.push(`${path}.dhcpOptions: the pod network of this host sends its own DHCP options only.`)
  if (item.ports !== undefined && item.ports.length > 0)
    notes.push(`${path}.ports: this host filters no ports; the guest is reachable from the host alone.`)
}
