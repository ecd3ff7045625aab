import { hash } from 'node:crypto'
import { posix } from 'node:path'
import { fleetFile } from '../desired/fleet-file.ts'
import type { ManifestError, ReadBlobs } from '../desired/types.ts'
import { digestOf } from '../lib/digest.ts'
import { GitvirtError } from '../lib/errors.ts'
import type { FileTree } from '../source/types.ts'
import { build } from './build.ts'
import { readClosure, type Closure } from './closure.ts'
import { encryptedFiles } from './encrypted.ts'
import { findProgram } from './program.ts'
import { splitRendered, type RenderedFile } from './rendered.ts'
import { defaultRenderLimits, type Overlay, type RenderLimits, type RenderOptions } from './types.ts'

/** What the kustomization of a folder, which it has, makes of its files; see `renderOverlay`. */
export async function makeOverlay(options: RenderOptions): Promise<Overlay> {
  const { tree, root } = options
  const limits = { ...defaultRenderLimits, ...options.limits }
  const closure = await readClosure(tree, root, limits)
  const policy = await readPolicy(tree, root)
  if (closure.faults.length > 0) return failed({ closure, policy, tree }, closure.faults)
  try {
    const made = await rendered({ ...options, limits, closure })
    if (made.faults !== undefined) return failed({ closure, policy, tree }, made.faults)
    return overlayOf({ closure, policy, tree }, made.files, made.identity)
  } catch (error) {
    if (!(error instanceof GitvirtError) || !ownFaults.has(error.code)) throw error
    const { code, message, action } = error
    const place = { severity: 'error', path: closure.kustomization, line: 1, column: 1 } as const
    return failed({ closure, policy, tree }, [{ ...place, code, message, ...(action === undefined ? {} : { action }) }])
  }
}

/** Failures of the rendering itself; all others are those of the repository. */
const ownFaults: ReadonlySet<string> = new Set([
  'KustomizeMissing',
  'KustomizeTooOld',
  'RenderFailed',
  'OutputTooLarge',
  'CommandTimedOut',
  'EncryptedInOverlay',
])

/** The policy file, which is read as it is. */
type Policy = Pick<Overlay, 'entries' | 'refused'>

async function readPolicy(tree: FileTree, root: string): Promise<Policy> {
  const path = posix.join(root, fleetFile)
  const node = await tree.at(path)
  if (node?.kind === 'refused') return { entries: [], refused: [{ path, code: node.code, message: node.message }] }
  return { entries: node?.kind === 'file' ? [{ path, id: node.id, size: node.size }] : [], refused: [] }
}

type Parts = { readonly closure: Closure; readonly policy: Policy; readonly tree: FileTree }

function failed({ closure, policy, tree }: Parts, errors: readonly ManifestError[]): Overlay {
  const covering = errors.map((error) => ({ ...error, covers: '' }))
  const refused = { path: '', code: 'RenderFailed', message: 'The overlay cannot be rendered.', errors: covering }
  return {
    entries: policy.entries,
    refused: [...policy.refused, refused],
    read: (ids) => tree.read(ids),
    identity: `failed:${digestOf([policy, errors])}`,
    files: new Set(closure.files.keys()),
    rendered: new Set(),
  }
}

function overlayOf({ closure, policy, tree }: Parts, files: readonly RenderedFile[], identity: string): Overlay {
  const texts = new Map(files.map((file) => [renderedId(file), file]))
  const entries = [...texts].map(([id, { path, text }]) => ({ path, id, size: Buffer.byteLength(text) }))
  const read: ReadBlobs = async function* (ids) {
    for (const id of ids) {
      const file = texts.get(id)
      if (file !== undefined) yield { id, bytes: Buffer.from(file.text), made: file.made }
    }
    yield* tree.read(ids.filter((id) => !texts.has(id)))
  }
  return {
    entries: [...policy.entries, ...entries],
    refused: policy.refused,
    read,
    identity: `overlay:${digestOf([policy, identity])}`,
    files: new Set(closure.files.keys()),
    rendered: new Set(texts.keys()),
  }
}

/** Stands for a rendered text and its places, as a blob's id for a blob. */
function renderedId({ path, text, made }: RenderedFile): string {
  return hash('sha256', `${path}\0${JSON.stringify(made)}\0${text}`, 'hex')
}

type Rendering = RenderOptions & { readonly limits: RenderLimits; readonly closure: Closure }

type Rendered =
  | { readonly files: readonly RenderedFile[]; readonly identity: string; readonly faults?: undefined }
  | { readonly faults: readonly ManifestError[] }

/** From the cache, by the blobs of all files and the program's version; else rendered anew. */
async function rendered(options: Rendering): Promise<Rendered> {
  const { tree, root, cache, limits, closure } = options
  const program = await findProgram(cache)
  const identity = digestOf([program.version, root, [...closure.files].sort(([a], [b]) => (a < b ? -1 : 1))])
  const known = parseFiles(cache.get([identity]).get(identity))
  if (known !== undefined) return { files: known, identity }
  const faults = await encryptedFiles(tree, closure)
  if (faults.length > 0) return { faults }
  const output = await build({ tree, closure, root, program, limits })
  const files = await splitRendered(output, { tree, root, closure, fleetPath: posix.join(root, fleetFile) })
  cache.put([[identity, JSON.stringify(files)]])
  return { files, identity }
}

function parseFiles(text: string | undefined): readonly RenderedFile[] | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as RenderedFile[])
  } catch {
    return undefined
  }
}
