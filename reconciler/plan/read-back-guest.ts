import type { VirtualMachineInstanceSpec } from '../../schemas/generated/virtual-machine.ts'
import { entrySegment } from './diff/path.ts'
import { domainPath, type DriftMap, type Reader, type ReadField } from './read-back-drift.ts'

const cpuModelPaths = ['@mode', '@match', '@check', '@migratable', 'model', 'model/@fallback'].map((part) => `domain/cpu/${part}`)

/** Modes of libvirt that a manifest names as a model. Source: KubeVirt user guide, "Virtual Hardware", CPU model. */
const namedModes: ReadonlySet<string> = new Set(['host-model', 'host-passthrough'])

/** The model, or the mode that stands for one; `maximum` has no name in a manifest. */
function readModel(drift: DriftMap): ReadField[] {
  const from = cpuModelPaths.filter((path) => drift.get(path) !== undefined)
  const mode = drift.get('domain/cpu/@mode')
  const model = drift.get('domain/cpu/model')
  const named = mode?.actual !== undefined && namedModes.has(mode.actual) ? mode.actual : undefined
  const exact = mode === undefined || mode.actual === 'custom' ? model?.actual : undefined
  const value = named ?? exact
  return value === undefined ? [] : [{ path: [...domainPath, 'cpu', 'model'], value, from }]
}

/** Single features on top of the model; a manifest knows them by the same names and policies. */
function readFeatures(drift: DriftMap, { domain }: VirtualMachineInstanceSpec): ReadField[] {
  const names = new Set(drift.below('domain/cpu').flatMap(({ path }) => /^domain\/cpu\/feature\[([^\]]+)\]\//.exec(path)?.[1] ?? []))
  return [...names].flatMap((name): ReadField[] => {
    const known = drift.below(`domain/cpu/feature[${name}]`)
    const policy = drift.get(`domain/cpu/feature[${name}]/@policy`)
    const there = domain.cpu?.features?.some((one) => one.name === name) === true
    const path = [...domainPath, 'cpu', 'features', entrySegment(name)]
    const from = known.map((one) => one.path)
    if (policy === undefined || (policy.actual === undefined && !there)) return []
    if (policy.actual === undefined) return [{ path, from }]
    return there ? [{ path: [...path, 'policy'], value: policy.actual, from }] : [{ path, value: { name, policy: policy.actual }, from }]
  })
}

const clockPaths = ['@offset', '@timezone', '@basis'].map((part) => `domain/clock/${part}`)

/**
 * UTC or a time zone; a clock that goes by an offset in seconds or by the host's own time cannot be told. What comes stands before what
 * goes: a section that loses its last line cannot be edited in place.
 */
function readClock(drift: DriftMap, { domain }: VirtualMachineInstanceSpec): ReadField[] {
  const from = clockPaths.filter((path) => drift.get(path) !== undefined)
  const offset = drift.get('domain/clock/@offset')
  const timezone = drift.get('domain/clock/@timezone')?.actual
  const place = [...domainPath, 'clock']
  const without = (name: 'utc' | 'timezone'): ReadField[] => (domain.clock?.[name] === undefined ? [] : [{ path: [...place, name], from }])
  if (timezone !== undefined && (offset === undefined || offset.actual === 'timezone'))
    return [{ path: [...place, 'timezone'], value: timezone, from }, ...without('utc')]
  return offset?.actual === 'utc' ? [{ path: [...place, 'utc'], value: {}, from }, ...without('timezone')] : []
}

/** Names of timers that a manifest has by the same name. */
const timers = ['rtc', 'pit', 'hpet'] as const

function readTimers(drift: DriftMap): ReadField[] {
  return timers.flatMap((name) => {
    const at = (part: string): string => `domain/clock/timer[${name}]/@${part}`
    const known = drift.below(`domain/clock/timer[${name}]`)
    const place = [...domainPath, 'clock', 'timer', name]
    if (known.length === 0) return []
    if (drift.get(at('name'))?.expected !== undefined) return [{ path: place, from: known.map(({ path }) => path) }]
    const parts: readonly (readonly [part: string, field: string, read: (text: string) => unknown])[] = [
      ['present', 'present', (text) => text === 'yes'],
      ['tickpolicy', 'tickPolicy', (text) => text],
      ['track', 'track', (text) => text],
    ]
    return parts.flatMap(([part, field, read]): ReadField[] => {
      const one = drift.get(at(part))
      if (one === undefined) return []
      const value = one.actual === undefined ? {} : { value: read(one.actual) }
      return [{ path: [...place, field], ...value, from: [one.path, at('name')].filter((path) => drift.get(path) !== undefined) }]
    })
  })
}

/** The board of the machine, as libvirt names it. */
function readMachineType(drift: DriftMap): ReadField[] {
  const type = drift.get('domain/os/type/@machine')
  return type?.actual === undefined ? [] : [{ path: [...domainPath, 'machine', 'type'], value: type.actual, from: [type.path] }]
}

/** What a guest's own reboot does. */
function readReboot(drift: DriftMap): ReadField[] {
  const path = 'domain/on_reboot'
  const actual = drift.get(path)?.actual
  const field = [...domainPath, 'rebootPolicy']
  if (actual === 'destroy') return [{ path: field, value: 'Terminate', from: [path] }]
  return actual === 'restart' ? [{ path: field, from: [path] }] : []
}

/** What the guest is, but for its size and its devices. */
export const guestReaders: readonly Reader[] = [readModel, readFeatures, readClock, readTimers, readMachineType, readReboot]
