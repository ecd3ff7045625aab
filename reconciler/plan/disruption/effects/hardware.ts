import type { Clock, FeatureHyperv, FeatureState } from '../../../../schemas/generated/virtual-machine.ts'
import { guestMemory, guestTopology } from '../../../lib/guest-size.ts'
import { parseBytes } from '../../../lib/quantity.ts'
import { machineUid } from '../../resolve/identity.ts'
import type { Effect, Guest } from './guest.ts'

/** What the host knows the machine by. */
export function uidOf({ name, namespace, spec }: Guest): string {
  return spec.domain.firmware?.uuid ?? machineUid(namespace, name)
}

export const identity: Effect = uidOf

const isKvm = ({ accelerator }: Guest): boolean => accelerator !== 'tcg'

/** vCPUs and memory. */
export const size: Effect = ({ spec: { domain } }) => {
  const memory = guestMemory(domain)
  return [guestTopology(domain), memory === undefined ? undefined : Math.ceil(parseBytes(memory) / 1024)]
}

/** Without KVM there is no CPU of a host to take after: the guest gets all that can be emulated. */
export const cpuModel: Effect = (guest) => {
  const model = guest.spec.domain.cpu?.model ?? 'host-model'
  return !isKvm(guest) && model.startsWith('host-') ? 'maximum' : model
}

export const cpuFeatures: Effect = ({ spec }) => (spec.domain.cpu?.features ?? []).map(({ name, policy = 'require' }) => [name, policy])

/** A feature that stands in the manifest is on unless it says `enabled: false`. */
function stateOf(state: FeatureState | undefined): boolean | undefined {
  return state === undefined ? undefined : state.enabled !== false
}

export const features: Effect = (guest) => {
  const { acpi, apic, smm, pvspinlock, kvm } = guest.spec.domain.features ?? {}
  const hasApic = apic?.enabled !== false
  const ofKvm = isKvm(guest) ? [enlightenments(guest), kvm?.hidden, stateOf(pvspinlock)] : []
  return [acpi?.enabled !== false, hasApic, hasApic && apic?.endOfInterrupt === true, isSecure(guest) || stateOf(smm), ...ofKvm]
}

function enlightenments({ spec }: Guest): unknown {
  const { hyperv, hypervPassthrough } = spec.domain.features ?? {}
  if (stateOf(hypervPassthrough) === true) return 'passthrough'
  if (hyperv === undefined) return undefined
  const states = Object.entries(hyperv).map(([name, state]: [string, FeatureState]) => [name, stateOf(state)])
  return [Object.fromEntries(states), ...detailsOf(hyperv)]
}

function detailsOf({ spinlocks, synictimer, vendorid }: FeatureHyperv): unknown[] {
  return [
    stateOf(spinlocks) === true ? (spinlocks?.spinlocks ?? 4096) : undefined,
    stateOf(synictimer?.direct),
    vendorid?.vendorid?.slice(0, 12),
  ]
}

function isSecure({ spec }: Guest): boolean {
  const efi = spec.domain.firmware?.bootloader?.efi
  return efi !== undefined && efi.secureBoot !== false
}

/** The NVRAM of EFI is always kept. */
export const bootloader: Effect = (guest) => {
  const { efi, bios } = guest.spec.domain.firmware?.bootloader ?? {}
  return efi === undefined ? bios?.useSerial === true : ['efi', isSecure(guest)]
}

export const chassis: Effect = ({ spec }) => Object.entries(spec.domain.chassis ?? {}).filter(([, value]) => value !== '')

export const clock: Effect = (guest) => {
  const { timezone, utc, timer = {} } = guest.spec.domain.clock ?? {}
  const { rtc, pit, hpet, kvm, hyperv } = timer
  const timers = [rtc, pit, hpet, ...(isKvm(guest) ? [kvm, hyperv] : [])]
  return [timezone ?? utc?.offsetSeconds, ...timers.map(timerOf)]
}

type Timer = NonNullable<Clock['timer']>
type AnyTimer = Partial<NonNullable<Timer['rtc'] & Timer['hpet']>>

function timerOf(timer: AnyTimer | undefined): unknown {
  if (timer === undefined) return undefined
  const { present = true, tickPolicy, track } = timer
  return [present, present ? tickPolicy : undefined, track]
}
