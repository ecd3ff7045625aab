import type {
  CDRomTarget,
  CPU,
  Devices,
  Disk,
  DomainSpec,
  Interface,
  Memory,
  Probe,
  VirtualMachine,
  VirtualMachineInstanceSpec,
  VirtualMachineSpec,
  Volume,
} from '../../../schemas/generated/virtual-machine.ts'
import { deepFreeze, ofFrozen } from '../../lib/frozen.ts'
import { parseQuantity } from '../../lib/quantity.ts'

/**
 * Sets what KubeVirt sets where a VirtualMachine is silent. Values that KubeVirt generates (UUID, MAC address, serial) are not set:
 * they are observed, never desired. Takes a valid object of the newest version; returns a new one.
 * Source: KubeVirt pkg/defaults, pkg/network/vmispec/defaults.go, api/core/v1/defaults.go and its domain converter.
 */
export function defaultVirtualMachine(vm: VirtualMachine): VirtualMachine {
  const { template } = vm.spec
  const instance = template.spec === undefined ? template : { ...template, spec: defaultInstance(template.spec) }
  return { ...vm, spec: { ...withRunStrategy(vm.spec), template: instance } }
}

/** One of running and runStrategy is required; validation sees to it. */
function withRunStrategy(given: VirtualMachineSpec): VirtualMachineSpec {
  if (given.running === undefined && given.runStrategy !== undefined) return given
  const { running, ...spec } = given
  return { ...spec, runStrategy: spec.runStrategy ?? (running === true ? 'Always' : 'Halted') }
}

function defaultInstance(given: VirtualMachineInstanceSpec): VirtualMachineInstanceSpec {
  const spec = withPodNetwork(given)
  const volumes = spec.volumes?.map(defaultVolume)
  return {
    ...spec,
    domain: domainOf(spec),
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    ...(volumes === undefined ? {} : { volumes }),
    ...(spec.livenessProbe === undefined ? {} : { livenessProbe: defaultProbe(spec.livenessProbe) }),
    ...(spec.readinessProbe === undefined ? {} : { readinessProbe: defaultProbe(spec.readinessProbe) }),
  }
}

/** A guest that names no network gets the pod network, by upstream's default binding (bridge), unless it opts out. */
function withPodNetwork(spec: VirtualMachineInstanceSpec): VirtualMachineInstanceSpec {
  const devices = spec.domain.devices
  const silent = (spec.networks ?? []).length === 0 && (devices.interfaces ?? []).length === 0
  if (!silent || devices.autoattachPodInterface === false) return spec
  const interfaces: Interface[] = [{ name: 'default', bridge: {} }]
  return { ...spec, networks: [{ name: 'default', pod: {} }], domain: { ...spec.domain, devices: { ...devices, interfaces } } }
}

function domainOf(spec: VirtualMachineInstanceSpec): DomainSpec {
  const { domain, architecture } = spec
  const unshown = volumesWithoutDisk(spec)
  return architecture === undefined && unshown.length === 0 ? domainOfItself(domain) : defaultDomain(domain, { architecture, unshown })
}

/** Of a domain that depends on nothing else; what is made of a shared one is shared as well. */
const domainOfItself = ofFrozen((domain: DomainSpec) => {
  const made = defaultDomain(domain, { architecture: undefined, unshown: [] })
  return Object.isFrozen(domain) ? deepFreeze(made) : made
})

type Around = { readonly architecture: string | undefined; readonly unshown: readonly Volume[] }

function defaultDomain(domain: DomainSpec, { architecture, unshown }: Around): DomainSpec {
  const { devices } = domain
  const memory = defaultMemory(domain)
  const interfaces = devices.interfaces?.map(defaultInterface)
  const inputs = devices.inputs?.map((input) => ({ ...input, bus: input.bus ?? 'usb', type: input.type }))
  return {
    ...domain,
    machine: { ...domain.machine, type: domain.machine?.type || machineTypeOf(architecture) },
    cpu: defaultCpu(domain, architecture),
    ...(memory === undefined ? {} : { memory }),
    devices: {
      ...devices,
      disks: [...(devices.disks ?? []), ...unshown.map((volume): Disk => ({ name: volume.name }))].map(defaultDisk),
      ...(interfaces === undefined ? {} : { interfaces }),
      ...(inputs === undefined ? {} : { inputs }),
    },
  }
}

/** An empty architecture means the host's: only x86 is defaulted for, as upstream does. */
function machineTypeOf(architecture: string | undefined): string {
  if (architecture === 'arm64') return 'virt'
  return architecture === 's390x' ? 's390-ccw-virtio' : 'q35'
}

/** Where the topology is silent, the CPU limit or else the request becomes sockets, rounded up to whole CPUs. */
function defaultCpu({ cpu = {}, resources = {} }: DomainSpec, architecture: string | undefined): CPU {
  const model = cpu.model || (architecture === 'arm64' ? 'host-passthrough' : 'host-model')
  if ((cpu.cores ?? 0) > 0 || (cpu.sockets ?? 0) > 0 || (cpu.threads ?? 0) > 0) {
    return { ...cpu, model, cores: cpu.cores || 1, sockets: cpu.sockets || 1, threads: cpu.threads || 1 }
  }
  const asked = resources.limits?.['cpu'] ?? resources.requests?.['cpu']
  const sockets = asked === undefined ? 1 : Math.max(1, Math.ceil(parseQuantity(asked)))
  return { ...cpu, model, cores: 1, sockets, threads: 1 }
}

/** Guest memory is the request, else the limit, else one huge page. */
function defaultMemory({ memory, resources }: DomainSpec): Memory | undefined {
  if (memory?.guest !== undefined) return memory
  const guest = resources?.requests?.['memory'] ?? resources?.limits?.['memory'] ?? memory?.hugepages?.pageSize
  return guest === undefined ? memory : { ...memory, guest }
}

/** Every volume that no disk and no filesystem shows gets a disk; memory dumps and utility volumes are no disks. */
function volumesWithoutDisk({ domain: { devices }, volumes = [] }: VirtualMachineInstanceSpec): Volume[] {
  const shown = namesShown(devices)
  return volumes.filter((volume) => !shown.has(volume.name) && volume.memoryDump === undefined)
}

/** The volumes that disks and file systems show. */
const namesShown = ofFrozen(({ disks = [], filesystems = [] }: Devices): ReadonlySet<string> => {
  return new Set([...disks, ...filesystems].map(({ name }) => name))
})

function defaultDisk(disk: Disk): Disk {
  if (disk.cdrom !== undefined) return { ...disk, cdrom: defaultCdrom(disk.cdrom) }
  // libvirt takes a LUN on virtio and SCSI only, so SATA cannot be its default.
  if (disk.lun !== undefined) return { ...disk, lun: { ...disk.lun, bus: disk.lun.bus || 'scsi' } }
  return { ...disk, disk: { ...disk.disk, bus: disk.disk?.bus || 'sata' } }
}

function defaultCdrom(cdrom: CDRomTarget): CDRomTarget {
  return { ...cdrom, bus: cdrom.bus || 'sata', readonly: cdrom.readonly ?? true, tray: cdrom.tray || 'closed' }
}

function defaultInterface(entry: Interface): Interface {
  // A function of the host's card has no emulated model.
  return entry.model !== undefined || entry.sriov !== undefined ? entry : { ...entry, model: 'virtio' }
}

/** Images without a tag, or with the tag latest, are looked up again at each start. */
function defaultVolume(volume: Volume): Volume {
  const disk = volume.containerDisk
  if (disk === undefined || disk.imagePullPolicy !== undefined) return volume
  const moving = disk.image.endsWith(':latest') || !/[:@]/.test(disk.image)
  return { ...volume, containerDisk: { ...disk, imagePullPolicy: moving ? 'Always' : 'IfNotPresent' } }
}

function defaultProbe(probe: Probe): Probe {
  return {
    ...probe,
    timeoutSeconds: atLeastOne(probe.timeoutSeconds, 1),
    periodSeconds: atLeastOne(probe.periodSeconds, 10),
    successThreshold: atLeastOne(probe.successThreshold, 1),
    failureThreshold: atLeastOne(probe.failureThreshold, 3),
  }
}

function atLeastOne(value: number | undefined, otherwise: number): number {
  return value === undefined || value < 1 ? otherwise : value
}
