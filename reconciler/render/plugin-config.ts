import { isObject, type JsonObject } from '../desired/convert/json.ts'
import { defaultLimits } from '../desired/parse/limits.ts'
import { parseManifest, type ParsedDocument } from '../desired/parse/parse-manifest.ts'
import type { Pointer } from '../desired/parse/problem.ts'
import { keyedFiles, mappings, name, names, plain, ReferenceReader, type FieldReader } from './references.ts'
import type { Rewritten } from './types.ts'

/** What the program does by itself, without another program or a container. Source: kustomize, "builtins" of version 5. */
const builtins: ReadonlySet<string> = new Set([
  'AnnotationsTransformer',
  'ConfigMapGenerator',
  'HashTransformer',
  'ImageTagTransformer',
  'LabelTransformer',
  'LegacyOrderTransformer',
  'NamespaceTransformer',
  'PatchJson6902Transformer',
  'PatchStrategicMergeTransformer',
  'PatchTransformer',
  'PrefixSuffixTransformer',
  'PrefixTransformer',
  'ReplacementTransformer',
  'ReplicaCountTransformer',
  'SecretGenerator',
  'SortOrderTransformer',
  'SuffixTransformer',
])

const file = name('file')
/** Fields of all of them that may name files. */
const naming: Readonly<Record<string, FieldReader>> = {
  path: file,
  paths: names('file'),
  files: keyedFiles,
  envs: names('file'),
  env: file,
  replacements: mappings({ path: file, source: plain, targets: plain }),
}

/** Reads a file that configures generators, transformers or validators. Only the program's own ones are let through. */
export function readPluginConfig(bytes: Uint8Array, maxBytes: number): Rewritten {
  const { documents, problems } = parseManifest(bytes, { ...defaultLimits, maxBytes })
  const read = documents.map((document) => readDocument(document))
  return {
    text: read.map(({ text }) => text).join('\n---\n'),
    references: read.flatMap(({ references }) => references),
    faults: [...problems, ...read.flatMap(({ faults }) => faults)],
  }
}

function readDocument({ value, locate }: ParsedDocument): Rewritten {
  const reader = new ReferenceReader(locate)
  return { text: JSON.stringify(writeConfig(reader, value, [])), references: reader.references, faults: reader.faults }
}

/** The same for one that stands in the kustomization itself; its faults are told at the place of its text. */
export function configEntry(reader: ReferenceReader, text: string, pointer: Pointer): string {
  const { documents, problems } = parseManifest(Buffer.from(text))
  for (const { code, message } of problems) reader.fault(pointer, { code, message })
  return documents.map(({ value }) => JSON.stringify(writeConfig(reader, value, pointer))).join('\n---\n')
}

function writeConfig(reader: ReferenceReader, value: unknown, pointer: Pointer): JsonObject {
  const { apiVersion, kind, metadata, ...rest } = isObject(value) ? value : {}
  if (apiVersion !== 'builtin' || typeof kind !== 'string' || !builtins.has(kind) || namesFunction(metadata)) {
    reader.fault(pointer, {
      code: 'PluginRefused',
      message: `${JSON.stringify(kind ?? '')} of ${JSON.stringify(apiVersion ?? '')} is a plugin, which would run another program.`,
      action: `Only the program's own generators and transformers are used: apiVersion builtin, kind ${[...builtins].slice(0, 3).join(', ')} …`,
    })
    return {}
  }
  const written: Record<string, unknown> = { apiVersion, kind, ...(metadata === undefined ? {} : { metadata }) }
  for (const [field, inner] of Object.entries(rest)) {
    const lower = field.toLowerCase()
    // The program takes letters of either case for the same field.
    if (lower !== field && Object.hasOwn(naming, lower))
      reader.fault(pointer, { code: 'UnknownField', message: `Write ${lower} for ${JSON.stringify(field)}.` })
    else written[field] = Object.hasOwn(naming, field) ? naming[field]?.(reader, inner, [...pointer, field]) : inner
  }
  return written
}

/** Source of the annotations: kustomize, "KRM functions". */
function namesFunction(metadata: unknown): boolean {
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined
  return isObject(annotations) && Object.keys(annotations).some((one) => /(?:^|[./])config\.(?:kubernetes|k8s)\.io\/function$/.test(one))
}
