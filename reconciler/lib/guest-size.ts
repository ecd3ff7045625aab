import type { DomainSpec } from '../../schemas/generated/virtual-machine.ts'
import { parseQuantity } from './quantity.ts'

/** How a guest's vCPUs are laid out. */
export type Topology = { readonly sockets: number; readonly cores: number; readonly threads: number; readonly maxSockets: number }

type Sized = Pick<DomainSpec, 'cpu' | 'memory' | 'resources'>

/**
 * The topology that a domain asks for. Where `cpu` is silent, the vCPU count comes from the CPU requests (then limits), rounded up.
 * Nothing is checked. Source: KubeVirt user guide, "CPU".
 * @throws GitvirtError where the request is no quantity
 */
export function guestTopology({ cpu = {}, resources }: Sized): Topology {
  const silent = cpu.sockets === undefined && cpu.cores === undefined && cpu.threads === undefined
  const wanted = resources?.requests?.['cpu'] ?? resources?.limits?.['cpu']
  const sockets = silent && wanted !== undefined ? Math.max(1, Math.ceil(parseQuantity(wanted))) : (cpu.sockets ?? 1)
  return { sockets, cores: cpu.cores ?? 1, threads: cpu.threads ?? 1, maxSockets: Math.max(cpu.maxSockets ?? sockets, sockets) }
}

/** vCPUs that the guest has when it starts. */
export function vcpusOf({ sockets, cores, threads }: Topology): number {
  return sockets * cores * threads
}

/** The quantity of memory that the guest sees: `memory.guest`, else the memory request, else the limit. */
export function guestMemory({ memory, resources }: Sized): string | number | undefined {
  return memory?.guest ?? resources?.requests?.['memory'] ?? resources?.limits?.['memory']
}
