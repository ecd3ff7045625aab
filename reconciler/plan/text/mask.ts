import type { Change, FieldChange, MachineSpec, Plan, PolicySpec, Step, VolumeSpec } from '../../../schemas/generated/plan.ts'
import { entrySegment, fieldSegment, parsePath, type Segments } from '../diff/path.ts'
import { isSensitive, type TableKind } from '../disruption/table.ts'
import { isCipherText } from '../../desired/sealed/recognise.ts'
import { parseKey } from '../../lib/object-key.ts'

/** What stands in place of a value that nobody should read. */
export const maskedText = '(sensitive value)'

/** What stands in place of what a Secret or ConfigMap holds; that it is encrypted in Git may be known. */
export function hiddenText(value: unknown): string {
  const values = value !== null && typeof value === 'object' ? Object.values(value) : [value]
  return values.length > 0 && values.every(isCipherText) ? '(encrypted)' : maskedText
}

/** A value with everything masked that the disruption table calls sensitive; `path` is its place in the object. */
export function maskValue(kind: TableKind, path: Segments, value: unknown): unknown {
  if (value === undefined || value === null) return value
  if (isSensitive(kind, path)) return maskedText
  if (typeof value === 'string') return maskUrl(value)
  if (typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map((entry: unknown) => maskValue(kind, [...path, entrySegment(entryName(entry))], entry))
  const masked: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(value)) masked[name] = maskValue(kind, [...path, fieldSegment(name)], field)
  return masked
}

function entryName(entry: unknown): string {
  return entry !== null && typeof entry === 'object' && 'name' in entry && typeof entry.name === 'string' ? entry.name : ''
}

/** Name and password in front of a URL's host (RFC 3986 section 3.2.1), and keys in its query, are secrets. */
function maskUrl(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1***@`).replace(/\?[^#]*/, '?***')
}

/** The plan as people may see it: no secret in fields or in what the steps carry. Its id is still that of the real plan. */
export function maskPlan(plan: Plan): Plan {
  return { ...plan, changes: plan.changes.map(maskChange) }
}

function maskChange(change: Change): Change {
  return { ...change, fields: maskFields(change), steps: change.steps.map(maskStep) }
}

/** The field changes of one object without what is sensitive in them. */
export function maskFields({ key, fields }: Pick<Change, 'key' | 'fields'>): FieldChange[] {
  const kind = tableKind(key)
  return fields.map((field) => maskField(kind, field))
}

/** One field change without what is sensitive in it, also inside an added or removed list entry. */
export function maskField(kind: TableKind, field: FieldChange): FieldChange {
  const path = parsePath(field.path)
  const mask = (value: unknown): unknown => (field.sensitive === true ? maskedText : maskValue(kind, path, value))
  return {
    ...field,
    ...(field.before === undefined ? {} : { before: mask(field.before) }),
    ...(field.after === undefined ? {} : { after: mask(field.after) }),
  }
}

/** The kind whose rows apply to a key's object. */
export function tableKind(key: string): TableKind {
  const { kind } = parseKey(key)
  return kind === 'DataVolume' || kind === 'NodeNetworkConfigurationPolicy' ? kind : 'VirtualMachine'
}

function maskStep(step: Step): Step {
  return {
    ...step,
    ...(step.machine === undefined ? {} : { machine: maskMachine(step.machine) }),
    ...(step.volume === undefined ? {} : { volume: maskVolume(step.volume) }),
    ...(step.policy === undefined ? {} : { policy: maskPolicy(step.policy) }),
  }
}

function maskMachine(machine: MachineSpec): MachineSpec {
  const mask = <T>(path: Segments, value: T): T => maskValue('VirtualMachine', path, value) as T
  return {
    ...machine,
    annotations: mask(['metadata', 'annotations'], machine.annotations),
    template: mask(['spec', 'template'], machine.template),
    inputs: mask(['inputs'], machine.inputs),
  }
}

function maskVolume(volume: VolumeSpec): VolumeSpec {
  const mask = <T>(path: Segments, value: T): T => maskValue('DataVolume', path, value) as T
  return {
    ...volume,
    annotations: mask(['metadata', 'annotations'], volume.annotations),
    spec: mask(['spec'], volume.spec),
    ...(volume.sourceUrl === undefined ? {} : { sourceUrl: maskUrl(volume.sourceUrl) }),
  }
}

function maskPolicy(policy: PolicySpec): PolicySpec {
  const mask = <T>(path: Segments, value: T): T => maskValue('NodeNetworkConfigurationPolicy', path, value) as T
  return { ...policy, desiredState: mask(['spec', 'desiredState'], policy.desiredState) }
}
