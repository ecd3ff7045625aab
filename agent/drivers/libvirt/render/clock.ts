import type { Clock } from '../../../../schemas/generated/virtual-machine.ts'
import { element, type XmlElement } from '../xml.ts'
import { domainSpec, yesNo, type Rendered, type RenderInput } from './input.ts'

/** `<clock>`: UTC with an offset in seconds, or a time zone, and the timers. */
export function renderClock(input: RenderInput): Rendered {
  const clock = domainSpec(input.machine).clock ?? {}
  const kvm = input.host.accelerator === 'kvm'
  const timer = clock.timer ?? {}
  const notes: string[] = []
  if (!kvm) {
    for (const name of ['kvm', 'hyperv'] as const) {
      if (timer[name] !== undefined) notes.push(`spec.template.spec.domain.clock.timer.${name}: needs KVM.`)
    }
  }
  return { elements: [element('clock', offsetOf(clock), timersOf(timer, kvm))], notes }
}

function offsetOf(clock: Clock): Record<string, string | number> {
  if (clock.timezone !== undefined) return { offset: 'timezone', timezone: clock.timezone }
  const seconds = clock.utc?.offsetSeconds
  return seconds === undefined ? { offset: 'utc' } : { offset: 'variable', adjustment: seconds, basis: 'utc' }
}

type Timer = { readonly present?: boolean; readonly tickPolicy?: string; readonly track?: string }

function timersOf(timer: NonNullable<Clock['timer']>, kvm: boolean): (XmlElement | undefined)[] {
  const one = (name: string, wanted: Timer | undefined): XmlElement | undefined =>
    wanted === undefined
      ? undefined
      : element('timer', {
          name,
          present: yesNo(wanted.present ?? true),
          tickpolicy: wanted.present === false ? undefined : wanted.tickPolicy,
          track: wanted.track,
        })
  return [
    one('rtc', timer.rtc),
    one('pit', timer.pit),
    one('hpet', timer.hpet),
    kvm ? one('kvmclock', timer.kvm) : undefined,
    kvm ? one('hypervclock', timer.hyperv) : undefined,
  ]
}
