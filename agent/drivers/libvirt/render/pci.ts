import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import { element, type XmlElement } from '../xml.ts'
import { invalidMachine } from './input.ts'

/** `0000:81:01.1` as libvirt's `<address>`. @throws GitvirtError `InvalidMachine` */
export function pciAddress(machine: MachineSpec, text: string): XmlElement {
  const match = /^([0-9a-fA-F]{4}):([0-9a-fA-F]{2}):([01][0-9a-fA-F])\.([0-7])$/.exec(text)
  if (match === null) throw invalidMachine(machine, `"${text}" is not a PCI address such as 0000:81:01.0.`)
  const [, domain, bus, slot, fn] = match
  return element('address', { type: 'pci', domain: `0x${domain}`, bus: `0x${bus}`, slot: `0x${slot}`, function: `0x${fn}` })
}
