import { posix } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { isObject, type JsonObject } from '../desired/convert/json.ts'
import { judgeBlob } from '../desired/judge/judge-blob.ts'
import { itemsOf, type ManifestItem } from '../desired/judge/manifest-items.ts'
import { defaultLimits } from '../desired/parse/limits.ts'
import { parseManifest } from '../desired/parse/parse-manifest.ts'
import type { Problem } from '../desired/parse/problem.ts'
import type { MadeField, MadeFrom } from '../desired/types.ts'
import { parseFieldPath, valueAt } from '../desired/validate/pointer.ts'
import { sopsField } from '../desired/sealed/recognise.ts'
import { GitvirtError } from '../lib/errors.ts'
import type { FileTree } from '../source/types.ts'
import type { Closure } from './closure.ts'
import { looksEncrypted, madeEncrypted } from './encrypted.ts'
import { openPatches, type Patches } from './patches.ts'

/** What an overlay makes of the objects of one file: JSON, one object a line, and where each comes from. */
export type RenderedFile = { readonly path: string; readonly text: string; readonly made: MadeFrom }

/** Source: kustomize, "buildMetadata". */
const originAnnotation = 'config.kubernetes.io/origin'

type Place = { readonly line: number; readonly column: number }
type Made = { readonly object: JsonObject; readonly path: string; readonly generated: boolean }

export type SplitInput = { readonly tree: FileTree; readonly root: string; readonly closure: Closure; readonly fleetPath: string }

/**
 * Sorts what the program printed by the files that the objects come from. Objects of the environment's policy file are left out: that
 * file is read as it is, so that no base can have a say in the policy.
 */
export async function splitRendered(output: string, input: SplitInput): Promise<RenderedFile[]> {
  const made = documentsOf(output).flatMap((object): Made[] => {
    const one = takeOrigin(object, input)
    return one.path === input.fleetPath ? [] : [one]
  })
  const files: RenderedFile[] = []
  const patches = openPatches(input.tree, input.closure)
  for (const [path, objects] of Map.groupBy(made, (one) => one.path)) {
    const declared = objects.some(({ generated }) => !generated) ? await declaredIn(input.tree, input.closure, path) : []
    const found = objects.map(({ object, generated }) => sourceOf(object, generated ? generatorsOf(input.closure, path) : declared))
    const text = objects.map(({ object }) => `${JSON.stringify(object)}\n`).join('---\n')
    for (const [index, { object }] of objects.entries()) await refuseEncrypted(object, { from: path, found: found[index], input, patches })
    const places = await placesOf(text, { found, objects: objects.map(({ object }) => object), patches })
    files.push({ path, text, made: { by: input.closure.kustomization, ...places } })
  }
  return files
}

type Suspect = { readonly from: string; readonly found: Declared | undefined; readonly input: SplitInput; readonly patches: Patches }

async function refuseEncrypted(object: JsonObject, { from, found, input, patches }: Suspect): Promise<void> {
  if (!looksEncrypted(object)) return
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  const patch = await patches.placeOf({ object, name: found?.name }, [sopsField])
  const by = patch === undefined ? input.closure.kustomization : `the patch ${patch.path}:${patch.line}`
  throw madeEncrypted({ kind: String(object['kind']), name: String(metadata['name']), from: `${from}:${found?.line ?? 1}`, by })
}

type Sources = { readonly found: readonly (Declared | undefined)[]; readonly objects: readonly JsonObject[]; readonly patches: Patches }

/** Where the lines of a text, one object on every other, and the fields that are told of it stand in the file, or which patch says them. */
async function placesOf(text: string, { found, objects: rendered, patches }: Sources): Promise<Pick<MadeFrom, 'places' | 'fields'>> {
  const { problems, objects } = judgeBlob(Buffer.from(text))
  const fields = new Map<string, MadeField>()
  for (const { line: from, field } of [...problems, ...objects.flatMap(({ references }) => references)]) {
    if (field === undefined || fields.has(`${from} ${field}`)) continue
    const index = (from - 1) / 2
    const [one, object = {}] = [found[index], rendered[index]]
    const pointer = parseFieldPath(field)
    const own = one?.field?.(field)
    const isOwn = own !== undefined && isDeepStrictEqual(own.value, valueAt(object, pointer))
    const patch = isOwn ? undefined : await patches.placeOf({ object, name: one?.name }, pointer)
    const place = patch === undefined ? own?.place : (own?.place ?? placeAt(one ?? { line: 1, column: 1 }))
    if (place !== undefined) fields.set(`${from} ${field}`, { from, field, ...place, ...(patch === undefined ? {} : { patch }) })
  }
  const places = found.map((one, index) => ({ from: index * 2 + 1, line: one?.line ?? 1, column: one?.column ?? 1 }))
  return { places, fields: [...fields.values()] }
}

/** The program separates documents by a line of their own, which stands in no text of an object: those are indented. */
function documentsOf(output: string): JsonObject[] {
  return output.split(/^---$/m).flatMap((text) => {
    const { documents, problems } = parseManifest(Buffer.from(text), { ...defaultLimits, maxBytes: 2 ** 26 })
    const [problem] = problems
    if (problem !== undefined) throw unreadable(problem)
    return documents.flatMap(({ value }) => (isObject(value) ? [value] : []))
  })
}

function unreadable({ message, action }: Problem): GitvirtError {
  return new GitvirtError({
    code: 'RenderFailed',
    message: `What the overlay renders cannot be read: ${message}`,
    ...(action === undefined ? {} : { action }),
  })
}

function takeOrigin(object: JsonObject, { root, closure }: SplitInput): Made {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  const annotations = isObject(metadata['annotations']) ? metadata['annotations'] : {}
  const { [originAnnotation]: text, ...others } = annotations
  const { path, generated } = originOf(text, root, closure)
  if (closure.keepsOrigins || text === undefined) return { object, path, generated }
  const { annotations: _, ...rest } = metadata
  const kept = Object.keys(others).length === 0 ? rest : { ...rest, annotations: others }
  return { object: { ...object, metadata: kept }, path, generated }
}

/** An origin counts only where it names a file of the overlay: objects may bring annotations of their own. */
function originOf(text: unknown, root: string, { files, kustomization }: Closure): { readonly path: string; readonly generated: boolean } {
  const [document] = typeof text === 'string' ? parseManifest(Buffer.from(text)).documents : []
  const origin = isObject(document?.value) ? document.value : {}
  const generated = typeof origin['configuredIn'] === 'string'
  const told = generated ? origin['configuredIn'] : origin['path']
  const path = typeof told === 'string' ? posix.join(root, told) : kustomization
  return files.has(path) ? { path, generated } : { path: kustomization, generated: true }
}

type Declared = Place & {
  readonly kind?: string
  readonly name: string
  /** What a field of it is, and where it stands; undefined where the file does not have it. */
  readonly field?: (path: string) => { readonly value: unknown; readonly place: Place } | undefined
}

function generatorsOf({ generators }: Closure, path: string): readonly Declared[] {
  return generators.get(path) ?? []
}

/** What a file of the overlay declares, and where. */
async function declaredIn(tree: FileTree, { files }: Closure, path: string): Promise<Declared[]> {
  const declared: Declared[] = []
  for await (const { bytes } of tree.read([files.get(path) ?? ''])) {
    for (const document of parseManifest(bytes).documents) {
      for (const item of itemsOf(document, defaultLimits).items) declared.push(...identity(item))
    }
  }
  return declared
}

function identity({ object, locate }: ManifestItem): Declared[] {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  const [kind, name] = [object['kind'], metadata['name']]
  if (typeof name !== 'string' || typeof kind !== 'string') return []
  const field: Declared['field'] = (path) => {
    const pointer = parseFieldPath(path)
    const value = valueAt(object, pointer)
    return value === undefined ? undefined : { value, place: placeAt(locate(pointer)) }
  }
  return [{ kind, name, field, ...placeAt(locate([])) }]
}

function placeAt({ line, column }: Place): Place {
  return { line, column }
}

/** The document that an object comes from: overlays put names before and behind its own. */
function sourceOf(object: JsonObject, declared: readonly Declared[]): Declared | undefined {
  const kind = object['kind']
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : ''
  const same = declared.filter((one) => one.kind === undefined || one.kind === kind)
  const [longest] = same.filter((one) => name.includes(one.name)).sort((a, b) => b.name.length - a.name.length)
  return same.find((one) => one.name === name) ?? longest ?? (same.length === 1 ? same[0] : undefined)
}
