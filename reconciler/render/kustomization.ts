import { parseManifest, type ParsedDocument } from '../desired/parse/parse-manifest.ts'
import { defaultLimits } from '../desired/parse/limits.ts'
import { isObject } from '../desired/convert/json.ts'
import { configEntry } from './plugin-config.ts'
import { keyedFiles, mappings, name, names, plain, ReferenceReader, type FieldReader, type Fields } from './references.ts'
import type { Fault, Reference, Rewritten } from './types.ts'

const generatorFields: Fields = {
  name: plain,
  namespace: plain,
  behavior: plain,
  type: plain,
  literals: plain,
  options: plain,
  files: keyedFiles,
  envs: names('file'),
  env: name('file'),
}
const patchFields: Fields = { patch: plain, target: plain, options: plain, path: name('file') }

const helm: FieldReader = (reader, value, pointer) => {
  reader.fault(pointer, {
    code: 'PluginRefused',
    message: 'Helm charts are not rendered: that would run another program and fetch from the network.',
    action: 'Render the chart beforehand (helm template) and commit what it prints.',
  })
  return value
}

/** A patch in the list itself, or the name of its file. */
const mergePatch: FieldReader = (reader, value, pointer) =>
  reader.list(value, pointer, (entry, at) => (typeof entry === 'string' && isInline(entry) ? entry : reader.name('file', entry, at)))

const configs: FieldReader = (reader, value, pointer) =>
  reader.list(value, pointer, (entry, at) =>
    typeof entry === 'string' && isInline(entry) ? configEntry(reader, entry, at) : reader.name('config', entry, at),
  )

/** All fields of a kustomization that may stand in one. Source: kustomize's type Kustomization, of version 5. */
const fields: Fields = {
  apiVersion: plain,
  kind: plain,
  metadata: plain,
  namePrefix: plain,
  nameSuffix: plain,
  namespace: plain,
  commonLabels: plain,
  labels: plain,
  commonAnnotations: plain,
  images: plain,
  replicas: plain,
  vars: plain,
  generatorOptions: plain,
  sortOptions: plain,
  buildMetadata: plain,
  resources: names('entry'),
  bases: names('folder'),
  components: names('folder'),
  crds: names('file'),
  configurations: names('file'),
  patches: mappings(patchFields),
  patchesJson6902: mappings(patchFields),
  patchesStrategicMerge: mergePatch,
  replacements: mappings({ path: name('file'), source: plain, targets: plain }),
  configMapGenerator: mappings(generatorFields),
  secretGenerator: mappings(generatorFields),
  openapi: (reader, value, pointer) => reader.mapping(value, pointer, { path: name('file'), version: plain }),
  generators: configs,
  transformers: configs,
  validators: configs,
  helmCharts: helm,
  helmChartInflationGenerator: helm,
  helmGlobals: helm,
}

function isInline(text: string): boolean {
  return text.includes('\n') || /^\s*[{[]/.test(text)
}

/** Where the objects of generators are configured, by their names. */
export type GeneratorPlace = { readonly name: string; readonly line: number; readonly column: number }
export type Kustomization = Rewritten & { readonly generators: readonly GeneratorPlace[]; readonly keepsOrigins: boolean }

/**
 * Reads one kustomization. What the program is handed is written anew from what was read, so that it sees no field and no name that was
 * not judged here.
 * @param withOrigins lets the program tell of each object where it comes from
 */
export function readKustomization(bytes: Uint8Array, maxBytes: number, withOrigins: boolean): Kustomization {
  const { documents, problems } = parseManifest(bytes, { ...defaultLimits, maxBytes })
  const [document] = documents
  if (problems.length > 0 || document === undefined || documents.length > 1 || !isObject(document.value))
    return unreadable(problems.length > 0 ? problems : [notOne(document)])
  const reader = new ReferenceReader((pointer) => document.locate(pointer))
  const written = reader.mapping(document.value, [], fields)
  const metadata = stringsOf(written['buildMetadata'])
  const buildMetadata = withOrigins ? { buildMetadata: [...new Set([...metadata, 'originAnnotations'])] } : {}
  return {
    text: JSON.stringify({ ...written, ...buildMetadata }),
    references: reader.references,
    faults: reader.faults,
    generators: generatorPlaces(document),
    keepsOrigins: metadata.includes('originAnnotations'),
  }
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
}

function unreadable(faults: readonly Fault[]): Kustomization {
  return { text: '{}', references: [] satisfies Reference[], faults, generators: [], keepsOrigins: false }
}

function notOne(document: ParsedDocument | undefined): Fault {
  const message = 'A kustomization is one YAML document, a mapping.'
  return { code: 'InvalidValue', message, ...(document?.locate([]) ?? { line: 1, column: 1 }) }
}

function generatorPlaces({ value, locate }: ParsedDocument): GeneratorPlace[] {
  if (!isObject(value)) return []
  return ['configMapGenerator', 'secretGenerator'].flatMap((field) => {
    const list: unknown = value[field]
    if (!Array.isArray(list)) return []
    return list.flatMap((entry: unknown, index): GeneratorPlace[] => {
      const found = isObject(entry) ? entry['name'] : undefined
      return typeof found === 'string' ? [{ name: found, ...locate([field, index]) }] : []
    })
  })
}
