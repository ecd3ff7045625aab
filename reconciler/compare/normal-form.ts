import { isCipherText } from '../desired/sealed/recognise.ts'
import type { JsonObject } from './types.ts'

/** Annotations that a client writes by itself. */
const clientAnnotations: ReadonlySet<string> = new Set(['kubectl.kubernetes.io/last-applied-configuration'])

export type FormOptions = {
  readonly kind: string
  /** True: only what a host reports of what it applied. */
  readonly live: boolean
}

/**
 * What counts of an object when it is compared: its labels, annotations and what it asks for. Names are matched before; what an API
 * server or a controller writes, and null, count as absent. The volumes that a VirtualMachine's templates make are objects of
 * their own, so the templates are left out.
 */
export function normalForm(object: JsonObject, { kind, live }: FormOptions): JsonObject {
  const { apiVersion: _, kind: __, metadata, status: ___, ...rest } = object
  const marks = marksOf(metadata, kind, live)
  const body = bodyOf(kind, rest, live)
  return Object.keys(marks).length === 0 ? body : { ...body, metadata: marks }
}

function marksOf(metadata: unknown, kind: string, live: boolean): JsonObject {
  const { labels, annotations } = fields(metadata)
  const kept = Object.fromEntries(Object.entries(fields(annotations)).filter(([name]) => !clientAnnotations.has(name)))
  // Hosts are told the labels of machines only, and nothing of the metadata of policies.
  const withLabels = !live || kind === 'VirtualMachine'
  const withAnnotations = !live || kind !== 'NodeNetworkConfigurationPolicy'
  return {
    ...(withLabels && Object.keys(fields(labels)).length > 0 ? { labels } : {}),
    ...(withAnnotations && Object.keys(kept).length > 0 ? { annotations: kept } : {}),
  }
}

function bodyOf(kind: string, body: JsonObject, live: boolean): JsonObject {
  const spec = fields(body['spec'])
  switch (kind) {
    case 'VirtualMachine': {
      const { dataVolumeTemplates: _, ...rest } = spec
      return { ...body, spec: live ? pick(spec, ['runStrategy', 'template']) : rest }
    }
    case 'NodeNetworkConfigurationPolicy':
      return live ? { spec: pick(spec, ['desiredState', 'capture']) } : body
    case 'Fleet': {
      // How environments are compared is no difference between them.
      const { environments: _, ...rest } = spec
      return { ...body, ...(Object.keys(rest).length === 0 ? { spec: undefined } : { spec: rest }) }
    }
    case 'Secret':
      return secretForm(body)
    default:
      return body
  }
}

/** The API server merges stringData over data, in base64, and an absent type is Opaque. Source: Kubernetes' Secret documentation. */
function secretForm({ stringData, data, type, ...rest }: JsonObject): JsonObject {
  const encoded = Object.entries(fields(stringData)).map(([name, text]) => {
    return [name, isCipherText(text) ? text : Buffer.from(String(text)).toString('base64')]
  })
  return { ...rest, type: type ?? 'Opaque', data: { ...fields(data), ...Object.fromEntries(encoded) } }
}

function pick(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.filter((name) => object[name] !== undefined).map((name) => [name, object[name]]))
}

function fields(value: unknown): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {}
}
