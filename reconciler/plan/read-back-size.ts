import type { VirtualMachineInstanceSpec } from '../../schemas/generated/virtual-machine.ts'
import { domainPath, type DriftMap, type Reader, type ReadField } from './read-back-drift.ts'

function readMemory(drift: DriftMap): ReadField[] {
  const memory = drift.get('domain/memory')
  const current = drift.get('domain/currentMemory')
  // A guest that sees less than it could has no field here.
  if (memory?.actual === undefined || !/^\d+$/.test(memory.actual)) return []
  const from = ['domain/memory', ...(current?.actual === memory.actual ? ['domain/currentMemory'] : [])]
  return [{ path: [...domainPath, 'memory', 'guest'], value: sizeText(Number(memory.actual)), from }]
}

/** KiB in the largest unit that fits. */
function sizeText(kib: number): string {
  if (kib % 1_048_576 === 0) return `${kib / 1_048_576}Gi`
  return kib % 1024 === 0 ? `${kib / 1024}Mi` : `${kib}Ki`
}

/** libvirt asks that sockets, cores and threads make up the most vCPUs, so these are told together. */
function readCpu(drift: DriftMap, spec: VirtualMachineInstanceSpec): ReadField[] {
  const paths = ['domain/vcpu', 'domain/vcpu/@current', ...['sockets', 'cores', 'threads'].map((part) => `domain/cpu/topology/@${part}`)]
  const from = paths.filter((path) => drift.get(path) !== undefined)
  if (from.length === 0) return []
  const { cpu = {} } = spec.domain
  const part = (name: string, otherwise: number): number => Number(drift.get(`domain/cpu/topology/@${name}`)?.actual ?? otherwise)
  const cores = part('cores', cpu.cores ?? 1)
  const threads = part('threads', cpu.threads ?? 1)
  const most = part('sockets', Number(drift.get('domain/vcpu')?.actual ?? 0) / (cores * threads) || (cpu.maxSockets ?? cpu.sockets ?? 1))
  const current = drift.get('domain/vcpu/@current')
  const sockets =
    current?.actual === undefined
      ? current === undefined
        ? Math.min(cpu.sockets ?? most, most)
        : most
      : Number(current.actual) / (cores * threads)
  const wanted = drift.get('domain/vcpu') !== undefined && current === undefined ? most : sockets
  if (![cores, threads, most, wanted].every((count) => Number.isInteger(count) && count > 0)) return []
  const field = (name: string, value: number): ReadField => ({ path: [...domainPath, 'cpu', name], value, from })
  return [
    ...(wanted === (cpu.sockets ?? 1) ? [] : [field('sockets', wanted)]),
    ...(cores === (cpu.cores ?? 1) ? [] : [field('cores', cores)]),
    ...(threads === (cpu.threads ?? 1) ? [] : [field('threads', threads)]),
    ...(cpu.maxSockets === undefined && most === wanted ? [] : most === cpu.maxSockets ? [] : [field('maxSockets', most)]),
  ]
}

/** Memory and vCPUs. */
export const sizeReaders: readonly Reader[] = [readMemory, readCpu]
