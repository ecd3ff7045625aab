import type { FeatureHyperv, Features, FeatureState } from '../../../../schemas/generated/virtual-machine.ts'
import { element, type XmlElement } from '../xml.ts'
import { domainSpec, onOff, type Rendered, type RenderInput } from './input.ts'

/** `<features>`. A feature that stands in the manifest is on unless it says `enabled: false`. */
export function renderFeatures(input: RenderInput): Rendered {
  const domain = domainSpec(input.machine)
  const features = domain.features ?? {}
  const kvm = input.host.accelerator === 'kvm'
  const notes: string[] = []
  const secure = domain.firmware?.bootloader?.efi !== undefined && domain.firmware.bootloader.efi.secureBoot !== false
  const parts: (XmlElement | undefined)[] = [
    features.acpi?.enabled === false ? undefined : element('acpi'),
    features.apic?.enabled === false ? undefined : element('apic', features.apic?.endOfInterrupt === true ? { eoi: 'on' } : {}),
    kvm ? renderHyperv(features) : undefined,
    kvm && features.kvm?.hidden !== undefined ? element('kvm', {}, [element('hidden', { state: onOff(features.kvm.hidden) })]) : undefined,
    kvm && features.pvspinlock !== undefined ? element('pvspinlock', { state: onOff(features.pvspinlock.enabled) }) : undefined,
    secure || features.smm !== undefined ? element('smm', { state: secure ? 'on' : onOff(features.smm?.enabled) }) : undefined,
  ]
  if (!kvm) {
    for (const name of ['hyperv', 'hypervPassthrough', 'kvm', 'pvspinlock'] as const) {
      if (features[name] !== undefined) notes.push(`spec.template.spec.domain.features.${name}: needs KVM.`)
    }
  }
  return { elements: [element('features', {}, parts)], notes }
}

/** Upstream's name -> libvirt's name of the enlightenments that only switch on or off. */
const enlightenments: readonly (readonly [keyof FeatureHyperv, string])[] = [
  ['relaxed', 'relaxed'],
  ['vapic', 'vapic'],
  ['vpindex', 'vpindex'],
  ['runtime', 'runtime'],
  ['synic', 'synic'],
  ['reset', 'reset'],
  ['frequencies', 'frequencies'],
  ['reenlightenment', 'reenlightenment'],
  ['ipi', 'ipi'],
  ['evmcs', 'evmcs'],
]

function renderHyperv(features: Features): XmlElement | undefined {
  if (features.hypervPassthrough !== undefined && features.hypervPassthrough.enabled !== false) {
    return element('hyperv', { mode: 'passthrough' })
  }
  const hyperv = features.hyperv
  if (hyperv === undefined) return undefined
  const parts = enlightenments.map(([key, name]) => switchOf(name, hyperv[key]))
  const { spinlocks, synictimer, tlbflush, vendorid } = hyperv
  if (spinlocks !== undefined) {
    const on = onOff(spinlocks.enabled)
    parts.push(element('spinlocks', { state: on, retries: on === 'on' ? (spinlocks.spinlocks ?? 4096) : undefined }))
  }
  if (synictimer !== undefined) {
    const direct = synictimer.direct === undefined ? [] : [element('direct', { state: onOff(synictimer.direct.enabled) })]
    parts.push(element('stimer', { state: onOff(synictimer.enabled) }, direct))
  }
  if (tlbflush !== undefined) parts.push(element('tlbflush', { state: onOff(tlbflush.enabled) }))
  if (vendorid !== undefined) parts.push(element('vendor_id', { state: onOff(vendorid.enabled), value: vendorid.vendorid?.slice(0, 12) }))
  return element('hyperv', { mode: 'custom' }, parts)
}

function switchOf(name: string, state: FeatureState | undefined): XmlElement | undefined {
  return state === undefined ? undefined : element(name, { state: onOff(state.enabled) })
}
