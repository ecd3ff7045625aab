import type { Pointer } from '../types.ts'
import { checkAmount, checkResourceAmounts } from './amounts.ts'
import { fields, present, quantity, switchedOn, type Fields } from './read.ts'
import type { Report } from './report.ts'

const mebibyte = 1024 * 1024

/** Memory, CPU and firmware. */
export function checkCompute(
  report: Report,
  { guest, pointer, instancetype }: { guest: Fields; pointer: Pointer; instancetype: boolean },
): void {
  const domain = fields(guest['domain'])
  const at = [...pointer, 'domain']
  checkMemoryGiven(report, { domain, at, instancetype })
  checkMemoryBounds(report, domain, at)
  checkResources(report, domain['resources'], [...at, 'resources'])
  checkCpu(report, domain['cpu'], [...at, 'cpu'])
  checkFirmware(report, domain, at)
}

function checkMemoryGiven(report: Report, { domain, at, instancetype }: { domain: Fields; at: Pointer; instancetype: boolean }): void {
  if (instancetype) return
  const resources = fields(domain['resources'])
  const given = [fields(domain['memory'])['guest'], fields(resources['requests'])['memory'], fields(resources['limits'])['memory']]
  if (given.some((value) => value !== undefined)) return
  report.missing([...at, 'memory'], 'guest', 'Say how much memory the guest has, for example memory: {guest: 2Gi}.')
}

function checkMemoryBounds(report: Report, domain: Fields, at: Pointer): void {
  const memory = fields(domain['memory'])
  for (const field of ['guest', 'maxGuest']) checkAmount(report, memory[field], [...at, 'memory', field])
  checkAmount(report, fields(memory['hugepages'])['pageSize'], [...at, 'memory', 'hugepages', 'pageSize'])
  const guest = quantity(memory['guest'])
  if (guest === undefined) return
  const pointer = [...at, 'memory', 'guest']
  if (guest < mebibyte) report.add('InvalidValue', pointer, { message: 'memory.guest must be at least 1Mi.' })
  const limit = quantity(fields(fields(domain['resources'])['limits'])['memory'])
  if (limit !== undefined && guest > limit) {
    report.add('InvalidValue', pointer, {
      message: 'memory.guest is larger than resources.limits.memory.',
      action: 'Raise the limit or lower the memory.',
    })
  }
  const most = quantity(memory['maxGuest'])
  if (most !== undefined && guest > most) {
    report.add('InvalidValue', pointer, { message: 'memory.guest is larger than memory.maxGuest.', action: 'Raise maxGuest.' })
  }
  const page = quantity(fields(memory['hugepages'])['pageSize'])
  if (page !== undefined && page > 0 && guest % page !== 0) {
    report.add('InvalidValue', pointer, {
      message: 'memory.guest is not a multiple of memory.hugepages.pageSize.',
      action: 'Use a multiple of the page size.',
    })
  }
}

/** Requests and limits: not negative, and no request above its limit. */
function checkResources(report: Report, resources: unknown, pointer: Pointer): void {
  checkResourceAmounts(report, resources, pointer)
  const requests = fields(fields(resources)['requests'])
  const limits = fields(fields(resources)['limits'])
  for (const [kind, amounts] of [
    ['requests', requests],
    ['limits', limits],
  ] as const) {
    for (const [name, amount] of Object.entries(amounts)) {
      if ((quantity(amount) ?? 0) < 0)
        report.add('InvalidValue', [...pointer, kind, name], { message: `${kind}.${name} must not be negative.` })
    }
  }
  for (const [name, amount] of Object.entries(requests)) {
    const [request, limit] = [quantity(amount), quantity(limits[name])]
    if (request === undefined || limit === undefined || request <= limit) continue
    report.add('InvalidValue', [...pointer, 'requests', name], {
      message: `requests.${name} is larger than limits.${name}.`,
      action: 'Raise the limit or lower the request.',
    })
  }
}

function checkCpu(report: Report, value: unknown, pointer: Pointer): void {
  const cpu = fields(value)
  const [sockets, maxSockets] = [cpu['sockets'], cpu['maxSockets']]
  if (typeof sockets === 'number' && typeof maxSockets === 'number' && maxSockets > 0 && sockets > maxSockets) {
    report.add('InvalidValue', [...pointer, 'sockets'], {
      message: 'cpu.sockets is larger than cpu.maxSockets.',
      action: 'Raise maxSockets.',
    })
  }
  if (cpu['dedicatedCpuPlacement'] === true) return
  for (const field of present(cpu, ['isolateEmulatorThread', 'realtime'])) {
    if (cpu[field] === false) continue
    report.add('ConflictingFields', [...pointer, field], {
      message: `cpu.${field} needs CPUs of the guest's own.`,
      action: 'Set cpu.dedicatedCpuPlacement: true.',
    })
  }
}

function checkFirmware(report: Report, domain: Fields, at: Pointer): void {
  const firmware = fields(domain['firmware'])
  const bootloader = fields(firmware['bootloader'])
  if (present(bootloader, ['bios', 'efi']).length === 2) {
    report.add('ConflictingFields', [...at, 'firmware', 'bootloader', 'bios'], {
      message: 'firmware.bootloader has both bios and efi.',
      action: 'Keep one of them.',
    })
  }
  const efi = bootloader['efi']
  if (efi !== undefined && fields(efi)['secureBoot'] !== false && !switchedOn(fields(domain['features'])['smm'])) {
    report.add('ConflictingFields', [...at, 'firmware', 'bootloader', 'efi'], {
      message: 'EFI boots with Secure Boot unless told otherwise, and Secure Boot needs features.smm.',
      action: 'Add features: {smm: {enabled: true}}, or set efi.secureBoot: false.',
    })
  }
  const kernelBoot = fields(firmware['kernelBoot'])
  if (kernelBoot['kernelArgs'] !== undefined && kernelBoot['container'] === undefined) {
    report.add('ConflictingFields', [...at, 'firmware', 'kernelBoot', 'kernelArgs'], {
      message: 'Kernel arguments need a kernel.',
      action: 'Add kernelBoot.container.',
    })
  }
}
