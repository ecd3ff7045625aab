import type { DesiredObject } from '../../desired/types.ts'
import { digestOf } from '../../lib/digest.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import type { Draft } from '../api-object.ts'
import { commonConditions } from '../common-conditions.ts'
import type { Subject } from '../subject.ts'
import { metadataOf } from './draft-metadata.ts'

/** Eight asterisks in base64: kubectl decodes values, and must not show real ones. */
const mask = Buffer.from('********').toString('base64')

/** kubectl's copy of the whole manifest; of a Secret it would hold the values. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** Kinds that Git declares and that have no life on a host: Namespace, StorageClass, ConfigMap, Secret, Fleet. */
export function plain(subject: Subject): Draft | undefined {
  const { desired } = subject
  if (desired === undefined) return subject.kind === 'Namespace' ? implicitNamespace(subject.name) : undefined
  const { apiVersion, kind, metadata: _metadata, status: _status, ...fields } = desired.object as unknown as Record<string, unknown>
  return {
    apiVersion: String(apiVersion),
    kind: String(kind),
    ...metadataOf(subject),
    ...(desired.kind === 'Secret' ? { annotations: withoutLastApplied(metadataOf(subject).annotations) } : {}),
    // What is encrypted is as new as its contents, not as its cipher text.
    specDigest: desired.sealed?.digest ?? digestOf(fields),
    settled: true,
    fields: desired.kind === 'Secret' ? maskedSecret(desired) : desired.sealed === undefined ? fields : maskedFields(fields),
    conditions: desired.kind === 'Fleet' ? commonConditions(subject) : [],
    ...statusOf(desired.kind),
    marks: {},
  }
}

function statusOf(kind: string): Pick<Draft, 'status'> {
  if (kind === 'Namespace') return { status: () => ({ phase: 'Active' }) }
  return kind === 'Fleet' ? { status: ({ conditions, observedGeneration }) => ({ observedGeneration, conditions }) } : {}
}

/** Metadata, type and the names of the keys; never a value. */
function maskedSecret(desired: DesiredObject): Record<string, unknown> {
  const object = desired.object as unknown as Record<string, unknown>
  const keys = [object['data'], object['stringData']].flatMap((part) =>
    part !== null && typeof part === 'object' ? Object.keys(part) : [],
  )
  const data = Object.fromEntries([...new Set(keys)].sort().map((key) => [key, mask]))
  return { type: typeof object['type'] === 'string' ? object['type'] : 'Opaque', data }
}

/** Of an encrypted ConfigMap, the names of the keys. */
function maskedFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([field, values]) => [
      field,
      values !== null && typeof values === 'object'
        ? Object.fromEntries(Object.keys(values).map((key) => [key, field === 'binaryData' ? mask : '(encrypted)']))
        : values,
    ]),
  )
}

function withoutLastApplied(annotations: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => key !== lastApplied))
}

function implicitNamespace(name: string): Draft {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    namespace: '',
    name,
    deleting: false,
    specDigest: '',
    settled: true,
    fields: {},
    conditions: [],
    status: () => ({ phase: 'Active' }),
    marks: {},
  }
}

/** The Namespace object that an object lives in. */
export function namespaceKey(key: ObjectKey): ObjectKey | undefined {
  const start = key.indexOf('/') + 1
  const end = key.indexOf('/', start)
  return end <= start ? undefined : `Namespace//${key.slice(start, end)}`
}
