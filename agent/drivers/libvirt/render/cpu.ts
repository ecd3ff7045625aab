import type { CPU } from '../../../../schemas/generated/virtual-machine.ts'
import { guestTopology, vcpusOf, type Topology } from '../../../../reconciler/lib/guest-size.ts'
import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import { element, type XmlElement } from '../xml.ts'
import { domainSpec, invalidMachine, type Rendered, type RenderInput } from './input.ts'

/**
 * The guest's topology.
 * @throws GitvirtError `InvalidMachine`
 */
function topologyOf(machine: MachineSpec): Topology {
  const topology = guestTopology(domainSpec(machine))
  const count = topology.maxSockets * topology.cores * topology.threads
  if (!Object.values(topology).every((part) => Number.isInteger(part) && part > 0) || count > 512) {
    throw invalidMachine(
      machine,
      'spec.template.spec.domain.cpu: sockets, cores and threads must be whole numbers from 1 up, 512 vCPUs at most.',
    )
  }
  return topology
}

export function vcpuCount(machine: MachineSpec): number {
  return vcpusOf(topologyOf(machine))
}

/** `<vcpu>` and `<cpu>`. */
export function renderCpu(input: RenderInput): Rendered {
  const cpu = domainSpec(input.machine).cpu ?? {}
  const topology = topologyOf(input.machine)
  const most = topology.maxSockets * topology.cores * topology.threads
  const now = vcpuCount(input.machine)
  const notes: string[] = []
  const model = renderModel(input, cpu, notes)
  const topologyElement = element('topology', {
    sockets: topology.maxSockets,
    dies: 1,
    cores: topology.cores,
    threads: topology.threads,
  })
  const features = (cpu.features ?? []).map((feature) => element('feature', { policy: feature.policy ?? 'require', name: feature.name }))
  noteUnsupported(cpu, notes)
  return {
    elements: [
      element('vcpu', { placement: 'static', current: now === most ? undefined : now }, most),
      element('cpu', model.attributes, [...model.children, topologyElement, ...features]),
    ],
    notes,
  }
}

type Model = { readonly attributes: Record<string, string>; readonly children: readonly XmlElement[] }

/** Under TCG there is no host CPU to pass through: everything that QEMU can emulate is nearest to it. */
const emulated: Model = { attributes: { mode: 'maximum', check: 'none' }, children: [] }

function renderModel(input: RenderInput, cpu: CPU, notes: string[]): Model {
  const name = cpu.model ?? 'host-model'
  const kvm = input.host.accelerator === 'kvm'
  if (name === 'host-model' || name === 'host-passthrough') {
    if (kvm) return { attributes: { mode: name, ...(name === 'host-model' ? { check: 'partial' } : { check: 'none' }) }, children: [] }
    if (cpu.model !== undefined)
      notes.push(`spec.template.spec.domain.cpu.model: ${name} needs KVM; the guest gets all that emulation offers.`)
    return emulated
  }
  if (!kvm && !input.host.cpuModels.includes(name)) {
    notes.push(`spec.template.spec.domain.cpu.model: ${name} cannot be emulated without KVM; the guest gets all that emulation offers.`)
    return emulated
  }
  return {
    attributes: { mode: 'custom', match: 'exact', check: kvm ? 'partial' : 'none' },
    children: [element('model', { fallback: 'forbid' }, name)],
  }
}

function noteUnsupported(cpu: CPU, notes: string[]): void {
  const path = 'spec.template.spec.domain.cpu'
  if (cpu.dedicatedCpuPlacement === true) notes.push(`${path}.dedicatedCpuPlacement: this host does not pin vCPUs.`)
  if (cpu.isolateEmulatorThread === true) notes.push(`${path}.isolateEmulatorThread: this host does not pin threads.`)
  if (cpu.realtime !== undefined) notes.push(`${path}.realtime: this host does not schedule vCPUs in real time.`)
  if (cpu.numa !== undefined) notes.push(`${path}.numa: this host does not map NUMA nodes into the guest.`)
}
