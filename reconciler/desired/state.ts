import type { ObjectKey } from '../lib/object-key.ts'
import type { BlobCache } from './cache.ts'
import { Claims } from './engine/claims.ts'
import { fileState, keysOf, unreadContent } from './engine/file-state.ts'
import type { FileContent, FileState } from './engine/file-state.ts'
import { loadBlobs } from './engine/load-blobs.ts'
import { coveredKeys, treeEdits } from './engine/tree-edits.ts'
import type { PathEdit } from './engine/tree-edits.ts'
import { editObjects } from './engine/view-edits.ts'
import type { JudgedBlob } from './judge/types.ts'
import type { OpenJudges } from './judges.ts'
import { defaultLimits } from './parse/limits.ts'
import type { ParseLimits } from './parse/limits.ts'
import type { DesiredEngine, DesiredUpdate, DesiredView, ManifestError, UpdateInput } from './types.ts'
import { createView, emptyParts } from './view/desired-view.ts'
import type { ViewParts } from './view/desired-view.ts'

export type DesiredOptions = {
  /** Without one, every start parses everything. */
  readonly cache?: BlobCache
  /** The environment's folder in the repository, without slashes at its ends; default the repository's root. */
  readonly root?: string
  readonly limits?: Partial<ParseLimits>
  /** Without them, this thread judges all blobs. */
  readonly openJudges?: OpenJudges
}

/** Makes the engine that keeps the desired state of one environment. Pure but for the reader and the cache that it is handed. */
export function createDesired(options: DesiredOptions = {}): DesiredEngine {
  const engine = new Engine(options)
  return { update: (input) => engine.update(input), view: () => engine.view }
}

/** File below the environment's root that holds its Fleet. */
export const fleetFile = 'gitvirt.yaml'

class Engine {
  readonly #cache: BlobCache | undefined
  readonly #limits: ParseLimits
  readonly #openJudges: OpenJudges | undefined
  readonly #fleetPath: string
  readonly #files = new Map<string, FileState>()
  readonly #claims = new Claims()
  #parts: ViewParts = emptyParts()
  view: DesiredView | undefined

  constructor({ cache, root = '', limits, openJudges }: DesiredOptions) {
    this.#cache = cache
    this.#openJudges = openJudges
    this.#limits = { ...defaultLimits, ...limits }
    this.#fleetPath = root === '' ? fleetFile : `${root}/${fleetFile}`
  }

  async update(input: UpdateInput): Promise<DesiredUpdate> {
    const edits = treeEdits(input, this.#files, this.view === undefined)
    // All that can fail comes first; what follows runs to its end.
    const options = { cache: this.#cache, limits: this.#limits, read: input.read, openJudges: this.#openJudges }
    const blobs = await loadBlobs(this.#wanted(edits), options)
    const changed = this.#apply(edits, blobs, input)
    this.view = createView(input.revision, this.#parts)
    return { view: this.view, changed }
  }

  /** Ids of blobs to load: of a blob that is known to be too large, nothing is read. */
  #wanted(edits: ReadonlyMap<string, PathEdit>): string[] {
    const ids = new Set<string>()
    for (const edit of edits.values()) if (edit.kind === 'blob' && (edit.size ?? 0) <= this.#limits.maxBytes) ids.add(edit.id)
    return [...ids]
  }

  #apply(
    edits: ReadonlyMap<string, PathEdit>,
    blobs: ReadonlyMap<string, JudgedBlob>,
    { source, ownersUnknown = false }: Pick<UpdateInput, 'source' | 'ownersUnknown'>,
  ): Set<ObjectKey> {
    const touched = new Set<ObjectKey>()
    const unknownPaths = new Map<string, true | undefined>()
    const pathErrors = new Map<string, readonly ManifestError[] | undefined>()
    const covered = coveredKeys(edits, this.#files)
    for (const [path, edit] of edits) {
      const before = this.#files.get(path)
      const remembered = [...keysOf(before), ...(covered.get(path) ?? [])]
      const place = { path, fleetPath: this.#fleetPath }
      const after = edit.kind === 'gone' ? undefined : fileState(place, this.#content(edit, blobs), remembered)
      if (after === undefined) this.#files.delete(path)
      else this.#files.set(path, after)
      this.#claims.replace(before, after, touched)
      unknownPaths.set(path, after?.broken === true ? true : undefined)
      pathErrors.set(path, after === undefined || after.errors.length === 0 ? undefined : after.errors)
    }
    if (source !== undefined) this.#claims.settleOwners(touched, source, ownersUnknown)
    this.#touchOwned(touched)
    const { parts, changed } = editObjects(this.#parts, this.#claims, touched)
    const { unknownPaths: paths, pathErrors: errors } = this.#parts
    this.#parts = { ...parts, unknownPaths: paths.with(unknownPaths), pathErrors: errors.with(pathErrors) }
    return changed
  }

  #content(edit: Exclude<PathEdit, { kind: 'gone' }>, blobs: ReadonlyMap<string, JudgedBlob>): FileContent {
    if (edit.kind === 'refused') return edit
    const blob = blobs.get(edit.id)
    return blob === undefined ? unreadContent(edit.id, edit.size, this.#limits) : { id: edit.id, blob }
  }

  /** Whether a template's volume is known hangs on its VirtualMachine, so the verdict on the one touches the other. */
  #touchOwned(touched: Set<ObjectKey>): void {
    for (const key of touched) {
      for (const claim of this.#claims.of(key)) {
        for (const owned of this.#files.get(claim.path)?.owned.get(key) ?? []) touched.add(owned)
      }
    }
  }
}
