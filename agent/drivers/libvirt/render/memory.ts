import { guestMemory } from '../../../../reconciler/lib/guest-size.ts'
import { parseBytes } from '../../../../reconciler/lib/quantity.ts'
import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import { element } from '../xml.ts'
import { domainSpec, invalidMachine, type Rendered, type RenderInput } from './input.ts'

/**
 * Bytes that the guest sees: `memory.guest`, else the memory request, else the limit.
 * @throws GitvirtError `InvalidMachine`
 */
function guestBytes(machine: MachineSpec): number {
  const wanted = guestMemory(domainSpec(machine))
  if (wanted === undefined) throw invalidMachine(machine, 'spec.template.spec.domain.memory.guest is missing.')
  const bytes = parseBytes(wanted)
  if (bytes >= 1024 * 1024 && bytes <= 2 ** 46) return bytes
  throw invalidMachine(machine, `spec.template.spec.domain.memory.guest: ${wanted} is not a size that a guest can have.`)
}

/** `<memory>`, `<currentMemory>`, `<memoryBacking>`. */
export function renderMemory(input: RenderInput): Rendered {
  const kib = Math.ceil(guestBytes(input.machine) / 1024)
  const { memory } = domainSpec(input.machine)
  const pageSize = memory?.hugepages?.pageSize
  const notes =
    memory?.maxGuest === undefined ? [] : ['spec.template.spec.domain.memory.maxGuest: memory cannot be added while the guest runs here.']
  const hugepages =
    pageSize === undefined
      ? undefined
      : element('memoryBacking', {}, [
          element('hugepages', {}, [element('page', { size: Math.ceil(parseBytes(pageSize) / 1024), unit: 'KiB' })]),
        ])
  const size = (name: string): ReturnType<typeof element> => element(name, { unit: 'KiB' }, kib)
  return { elements: [size('memory'), size('currentMemory'), ...(hugepages === undefined ? [] : [hugepages])], notes }
}
