import { posix } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { isObject, type JsonObject } from '../desired/convert/json.ts'
import { defaultLimits } from '../desired/parse/limits.ts'
import { parseManifest, type ParsedDocument } from '../desired/parse/parse-manifest.ts'
import type { Pointer } from '../desired/parse/problem.ts'
import { valueAt } from '../desired/validate/pointer.ts'
import type { FileTree } from '../source/types.ts'
import type { Closure } from './closure.ts'
import { kustomizationNames } from './names.ts'

/** A line of a patch; of one that stands in a kustomization, the line where it begins. */
export type PatchPlace = { readonly path: string; readonly line: number }

/** An object as it was rendered, and the name that it had before. */
export type RenderedObject = { readonly object: JsonObject; readonly name: string | undefined }

/** Tells which patch of an overlay says something of a field. */
export type Patches = { placeOf(of: RenderedObject, field: Pointer): Promise<PatchPlace | undefined> }

type Target = { readonly kind?: unknown; readonly name?: unknown }
type Patch = {
  readonly path: string
  readonly target: Target | undefined
  readonly document: ParsedDocument
  /** Where an inline patch begins; undefined for one in a file of its own. */
  readonly line: number | undefined
}

/** Fields that are asked for; of what has more faults than that, a person mends the first ones first. */
const mostAsked = 1000

/** Reads the patches of an overlay when they are first asked for: most overlays have no faults. */
export function openPatches(tree: FileTree, closure: Closure): Patches {
  let all: Promise<readonly Patch[]> | undefined
  let asked = 0
  return {
    placeOf: async (of, field) => {
      asked += 1
      if (asked > mostAsked) return undefined
      const patches = (await (all ??= readPatches(tree, closure))).filter((patch) => concerns(patch, of))
      for (const patch of patches) {
        const place = placeIn(patch, of, field)
        if (place !== undefined) return place
      }
      return undefined
    },
  }
}

/** The one that is applied last first: the overlay's own kustomization is read before its bases, and a list of patches from its end. */
async function readPatches(tree: FileTree, { files }: Closure): Promise<readonly Patch[]> {
  const patches: Patch[] = []
  const text = async (path: string): Promise<Uint8Array | undefined> => {
    const id = files.get(path)
    if (id !== undefined) for await (const { bytes } of tree.read([id])) return bytes
    return undefined
  }
  for (const path of files.keys()) {
    if (!(kustomizationNames as readonly string[]).includes(posix.basename(path))) continue
    const [document] = parseManifest((await text(path)) ?? new Uint8Array()).documents
    for (const { file, inline, target, line } of document === undefined ? [] : entriesOf(document)) {
      const from = file === undefined ? path : posix.join(posix.dirname(path), file)
      const bytes = file === undefined ? Buffer.from(inline ?? '') : await text(from)
      const { documents } = parseManifest(bytes ?? new Uint8Array(), defaultLimits)
      for (const one of documents) patches.push({ path: from, target, document: one, line: file === undefined ? line : undefined })
    }
  }
  return patches
}

type Entry = { readonly file?: string; readonly inline?: string; readonly target?: Target; readonly line: number }

function entriesOf({ value, locate }: ParsedDocument): Entry[] {
  if (!isObject(value)) return []
  const entries = ['patchesStrategicMerge', 'patchesJson6902', 'patches'].flatMap((field) => {
    const list: unknown = value[field]
    return (Array.isArray(list) ? list : []).map((entry: unknown, index) => entryOf(entry, locate([field, index]).line))
  })
  return entries.toReversed()
}

function entryOf(entry: unknown, line: number): Entry {
  if (typeof entry === 'string') return /[\n{[]/.test(entry) ? { inline: entry, line } : { file: entry, line }
  if (!isObject(entry)) return { inline: '', line }
  const { path, patch, target } = entry
  const named = isObject(target) ? { target } : {}
  return typeof path === 'string' ? { file: path, line, ...named } : { inline: typeof patch === 'string' ? patch : '', line, ...named }
}

/** By kind and name; what else a target asks for is taken as given. */
function concerns({ target, document }: Patch, { object, name }: RenderedObject): boolean {
  const of = target ?? (isObject(document.value) ? identityOf(document.value) : {})
  const own = identityOf(object)
  const names = [own.name, name].filter((one) => typeof one === 'string')
  const kindFits = of.kind === undefined || of.kind === own.kind
  return kindFits && (typeof of.name !== 'string' || names.some((one) => fits(String(of.name), one)))
}

function identityOf(object: JsonObject): Target {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  return { kind: object['kind'], name: metadata['name'] }
}

/** Targets name objects by regular expressions; what is more than `.*` in them is left open. */
function fits(pattern: string, name: string): boolean {
  return /^[\w.-]+$/.test(pattern) ? pattern === name : true
}

function placeIn({ path, document, line }: Patch, { object }: RenderedObject, field: Pointer): PatchPlace | undefined {
  const found = Array.isArray(document.value) ? operationFor(document.value, field) : saidIn(document.value, field, valueAt(object, field))
  return found === undefined ? undefined : { path, line: line ?? document.locate(found).line }
}

/** The last operation at, above or below a field. Source: RFC 6902. */
function operationFor(operations: readonly unknown[], field: Pointer): Pointer | undefined {
  const index = operations.findLastIndex((operation) => {
    const path = isObject(operation) ? operation['path'] : undefined
    if (typeof path !== 'string') return false
    const parts = path.split('/').slice(1)
    return parts.slice(0, field.length).every((part, at) => samePart(part.replaceAll('~1', '/').replaceAll('~0', '~'), field[at]))
  })
  return index < 0 ? undefined : [index]
}

function samePart(part: string, of: string | number | undefined): boolean {
  return typeof of === 'number' ? part === '-' || /^\d+$/.test(part) : part === of
}

/** Where a merge patch says a field: entries of lists stand at other places in it, so that any entry that says the same will do. */
function saidIn(patch: unknown, field: Pointer, rendered: unknown): Pointer | undefined {
  const [part, ...rest] = field
  if (part === undefined) return isObject(patch) || Array.isArray(patch) || isDeepStrictEqual(patch, rendered) ? [] : undefined
  const entries: readonly (readonly [string | number, unknown])[] =
    typeof part === 'number' ? (Array.isArray(patch) ? [...patch.entries()] : []) : isObject(patch) ? Object.entries(patch) : []
  for (const [key, entry] of entries) {
    const found = typeof part === 'number' || key === part ? saidIn(entry, rest, rendered) : undefined
    if (found !== undefined) return [key, ...found]
  }
  return undefined
}
