import { readFileSync } from 'node:fs'
import { resources, type Resource } from './resources.ts'

/** Kinds that Git may declare, and the schema of each. */
const files: Readonly<Record<string, string>> = {
  VirtualMachine: 'virtual-machine.json',
  DataVolume: 'data-volume.json',
  NodeNetworkConfigurationPolicy: 'node-network-configuration-policy.json',
  Fleet: 'fleet.json',
  Namespace: 'namespace.json',
  Node: 'node.json',
  StorageClass: 'storage-class.json',
  ConfigMap: 'config-map.json',
  Secret: 'secret.json',
}

type Json = Readonly<Record<string, unknown>>

/** The index at /openapi/v3: one document per group and version. */
export function openapiIndex(): unknown {
  const paths = Object.fromEntries(documentNames().map((name) => [name, { serverRelativeURL: `/openapi/v3/${name}` }]))
  return { paths }
}

const documents = new Map<string, string>()

/** The OpenAPI v3 document of `api/v1` or `apis/{group}/{version}`, as text; undefined where it is not served. */
export function openapiDocument(name: string): string | undefined {
  if (!documentNames().includes(name)) return undefined
  let text = documents.get(name)
  if (text === undefined) {
    text = JSON.stringify(documentOf(resources.filter((resource) => nameOf(resource) === name && resource.hidden !== true)))
    documents.set(name, text)
  }
  return text
}

function documentNames(): string[] {
  return [...new Set(resources.filter((resource) => resource.hidden !== true).map(nameOf))]
}

function nameOf({ group, version }: Resource): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`
}

function documentOf(list: readonly Resource[]): unknown {
  const schemas: Record<string, unknown> = {}
  const paths: Record<string, unknown> = {}
  for (const resource of list) {
    const { group, version, kind } = resource
    const gvk = { group, version, kind }
    addKind(schemas, resource, gvk)
    const scope = resource.namespaced ? 'namespaces/{namespace}/' : ''
    const base = `/${nameOf(resource)}/${scope}${resource.plural}`
    const shown = { responses: { 200: { description: 'OK', content: { 'application/json': { schema: reference(kind) } } } } }
    // kubectl asks whether the server validates fields; it does not get that far, since every write is refused with a reason.
    const validated = { parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }], ...shown }
    const kinded = { 'x-kubernetes-group-version-kind': gvk }
    paths[base] = {
      get: { 'x-kubernetes-action': 'list', ...kinded, ...shown },
      post: { 'x-kubernetes-action': 'post', ...kinded, ...validated },
    }
    paths[`${base}/{name}`] = {
      get: { 'x-kubernetes-action': 'get', ...kinded, ...shown },
      patch: { 'x-kubernetes-action': 'patch', ...kinded, ...validated },
      put: { 'x-kubernetes-action': 'put', ...kinded, ...validated },
    }
  }
  return { openapi: '3.0.0', info: { title: 'gitvirt', version: 'v1' }, paths, components: { schemas } }
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` }
}

function addKind(schemas: Record<string, unknown>, { kind }: Resource, gvk: Json): void {
  const marked = { 'x-kubernetes-group-version-kind': [gvk] }
  const file = files[kind]
  if (file === undefined) {
    schemas[kind] = { type: 'object', description: 'Written by gitvirt; Git never declares it.', ...marked }
    return
  }
  const { definitions: _definitions, ...root } = read(file)
  schemas[kind] = { ...convert(root, { file, schemas }), ...marked }
}

type Target = { readonly file: string; readonly schemas: Record<string, unknown> }

/** Words of draft-07 that OpenAPI 3.0 lacks, or that only concern our tools. */
const dropped: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  'definitions',
  'title',
  'tsType',
  'patternErrorMessage',
  'const',
  'patternProperties',
  'markdownDescription',
  'if',
  'then',
  'else',
  'propertyNames',
  'dependencies',
  'examples',
])

function convert(schema: Json, target: Target): Json {
  const reference = schema['$ref']
  if (typeof reference === 'string') return { ...describe(schema), allOf: [refer(reference, target)] }
  const out: Record<string, unknown> = {}
  for (const [word, value] of Object.entries(schema)) {
    if (word === 'type' && Array.isArray(value)) Object.assign(out, convertTypes(value as string[]))
    else if (word === 'properties') out[word] = mapValues(value as Record<string, Json>, (part) => convert(part, target))
    else if (isSchema(value) && (word === 'items' || word === 'additionalProperties' || word === 'not')) out[word] = convert(value, target)
    else if (Array.isArray(value) && ['oneOf', 'anyOf', 'allOf'].includes(word))
      out[word] = value.map((part) => convert(part as Json, target))
    else if (!dropped.has(word)) out[word] = value
  }
  if (schema['const'] !== undefined) out['enum'] = [schema['const']]
  const [first] = Array.isArray(out['enum']) ? (out['enum'] as unknown[]) : []
  if (typeof first === 'string') out['type'] ??= 'string'
  return out
}

function describe(schema: Json): Json {
  return schema['description'] === undefined ? {} : { description: schema['description'] }
}

/** OpenAPI 3.0 has one type and `nullable`; several types are what Kubernetes calls int-or-string, or anything. */
function convertTypes(types: readonly string[]): Json {
  const real = types.filter((type) => type !== 'null')
  const nullable = real.length < types.length ? { nullable: true } : {}
  if (real.length === 1) return { type: real[0], ...nullable }
  return real.includes('string') ? { type: 'string', 'x-kubernetes-int-or-string': true, ...nullable } : nullable
}

/** Brings the definition that a reference names into the document, once. */
function refer(pointer: string, { file, schemas }: Target): Json {
  const [other = '', path = ''] = pointer.split('#')
  const name = path.replace('/definitions/', '')
  if (!Object.hasOwn(schemas, name)) {
    const home = other === '' ? file : other
    const definition = (read(home)['definitions'] as Record<string, Json> | undefined)?.[name]
    schemas[name] = {}
    schemas[name] = convert(definition ?? {}, { file: home, schemas })
  }
  return reference(name)
}

const parsed = new Map<string, Json>()

function read(file: string): Json {
  let schema = parsed.get(file)
  if (schema === undefined) {
    schema = JSON.parse(readFileSync(new URL(`../../schemas/${file}`, import.meta.url), 'utf8')) as Json
    parsed.set(file, schema)
  }
  return schema
}

function isSchema(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function mapValues(values: Readonly<Record<string, Json>>, map: (value: Json) => Json): Json {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]))
}
