import { foldersAbove, rootOf } from '../lib/folders-above.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { BlobCache } from './cache.ts'
import { Claims } from './engine/claims.ts'
import { fileState, keysOf, unreadContent } from './engine/file-state.ts'
import type { FileContent, FileState } from './engine/file-state.ts'
import { loadBlobs } from './engine/load-blobs.ts'
import { openSealed } from './engine/open-sealed.ts'
import type { Owners } from './engine/owners.ts'
import { coveredKeys, treeEdits } from './engine/tree-edits.ts'
import type { PathEdit } from './engine/tree-edits.ts'
import { editObjects } from './engine/view-edits.ts'
import type { JudgedBlob } from './judge/types.ts'
import { defaultLimits } from './parse/limits.ts'
import type { ParseLimits } from './parse/limits.ts'
import type { BlobOpener } from './sealed/blob-opener.ts'
import type { DesiredEngine, DesiredUpdate, DesiredView, ManifestError, ReadBlobs, UpdateInput } from './types.ts'
import { fleetFile } from './fleet-file.ts'
import { createView, emptyParts } from './view/desired-view.ts'
import type { ViewParts } from './view/desired-view.ts'

export type DesiredOptions = {
  /** Without one, every start parses everything. */
  readonly cache?: BlobCache
  /** The environment's folder in the repository, without slashes at its ends; default the repository's root. */
  readonly root?: string
  readonly limits?: Partial<ParseLimits>
  /** Without one, encrypted files stay shut: names are told, values are not. */
  readonly opener?: BlobOpener
  /** Where several sources are told of: who had what. Without it, what two of them declare is nobody's. */
  readonly owners?: Owners
}

/** Makes the engine that keeps the desired state of one environment. Pure but for the reader, the cache and the owners that it is handed. */
export function createDesired(options: DesiredOptions = {}): DesiredEngine {
  const engine = new Engine(options)
  return { update: (input) => engine.update(input), reopen: (read, source) => engine.reopen(read, source), view: () => engine.view }
}

/** What reads files, of which source, and what is known of their owners. */
type Reading = Pick<UpdateInput, 'read' | 'source' | 'ownersUnknown'>

class Engine {
  readonly #cache: BlobCache | undefined
  readonly #limits: ParseLimits
  readonly #opener: BlobOpener | undefined
  readonly #fleetPath: string
  readonly #files = new Map<string, FileState>()
  /** Files of which some could not be opened. */
  readonly #locked = new Set<string>()
  /** Those that were not tried with the newest keys; some may be open or gone by now. */
  readonly #untried = new Set<string>()
  /** Encrypted files of which not all is told that they declare. */
  readonly #veiled = new Set<string>()
  readonly #claims: Claims
  readonly #severalSources: boolean
  #parts: ViewParts = emptyParts()
  view: DesiredView | undefined

  constructor({ cache, root = '', limits, opener, owners }: DesiredOptions) {
    this.#cache = cache
    this.#opener = opener
    this.#claims = new Claims(owners === undefined ? undefined : { owners, isShut: (path) => this.#isShut(path) })
    this.#severalSources = owners !== undefined
    this.#limits = { ...defaultLimits, ...limits }
    this.#fleetPath = root === '' ? fleetFile : `${root}/${fleetFile}`
  }

  async update(input: UpdateInput): Promise<DesiredUpdate> {
    return await this.#update(input.revision, treeEdits(input, this.#files, this.view === undefined), input)
  }

  async reopen(read: ReadBlobs, source?: string): Promise<DesiredUpdate | undefined> {
    if (this.view === undefined || this.#locked.size === 0) return undefined
    // New keys are told of once, and each source opens its own files with them.
    if ((await this.#opener?.keysChanged()) === true) for (const path of this.#locked) this.#untried.add(path)
    const edits = new Map<string, PathEdit>()
    for (const path of this.#untried) {
      const id = this.#locked.has(path) ? this.#files.get(path)?.id : undefined
      if (id !== undefined && (source === undefined || rootOf(path) === source)) edits.set(path, { kind: 'blob', id })
    }
    if (edits.size === 0) return undefined
    const update = await this.#update(this.view.revision, edits, { read })
    for (const path of edits.keys()) this.#untried.delete(path)
    return update
  }

  async #update(revision: string, edits: ReadonlyMap<string, PathEdit>, { read, ...of }: Reading): Promise<DesiredUpdate> {
    // All that can fail comes first; what follows runs to its end.
    const options = { cache: this.#cache, limits: this.#limits, read }
    const blobs = await loadBlobs(this.#wanted(edits), options)
    await openSealed(blobs, this.#opener, read)
    const changed = this.#apply(edits, blobs, of)
    this.view = createView(revision, this.#parts, { veiled: [...this.#veiled].sort(), severalSources: this.#severalSources })
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
    { source, ownersUnknown = false }: Omit<Reading, 'read'>,
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
      member(this.#locked, path, after?.sealed?.locked === true)
      member(this.#veiled, path, after?.sealed !== undefined && after.broken)
      this.#claims.replace(before, after, touched)
      const [broken, errors] = [after?.broken === true, after?.errors ?? []]
      if (broken || before?.broken === true) unknownPaths.set(path, broken ? true : undefined)
      if (errors.length > 0 || (before !== undefined && before.errors.length > 0))
        pathErrors.set(path, errors.length > 0 ? errors : undefined)
    }
    for (const key of this.#claims.awaited()) touched.add(key)
    if (ownersUnknown) {
      this.#claims.doubtOwners(touched)
      // What was removed while nobody looked is in none of its files.
      for (const key of this.#claims.ownedBy(source ?? '')) touched.add(key)
    }
    if (this.#severalSources) this.#suspectLost(edits, touched)
    // A first view touches everything.
    if (this.view !== undefined) this.#touchOwned(touched)
    const { parts, changed } = editObjects(this.#parts, this.#claims, touched)
    this.#claims.noteOwners(touched)
    const { unknownPaths: paths, pathErrors: errors } = this.#parts
    this.#parts = { ...parts, unknownPaths: paths.with(unknownPaths), pathErrors: errors.with(pathErrors) }
    return changed
  }

  /** What its source does not declare any more may stand in a file of it that broke at the same time: it is not given up before that is mended. */
  #suspectLost(edits: ReadonlyMap<string, PathEdit>, touched: Set<ObjectKey>): void {
    const broken = [...edits.keys()].filter((path) => this.#files.get(path)?.broken === true)
    const lost = broken.length === 0 ? undefined : this.#claims.lost(touched)
    for (const path of broken) {
      const [file, keys] = [this.#files.get(path), lost?.get(rootOf(path))]
      if (file === undefined || keys === undefined) continue
      const after = { ...file, suspected: new Set([...file.suspected, ...keys]) }
      this.#files.set(path, after)
      this.#claims.replace(file, after, touched)
    }
  }

  #content(edit: Exclude<PathEdit, { kind: 'gone' }>, blobs: ReadonlyMap<string, JudgedBlob>): FileContent {
    if (edit.kind === 'refused') return edit
    const blob = blobs.get(edit.id)
    return blob === undefined ? unreadContent(edit.id, edit.size, this.#limits) : { id: edit.id, blob }
  }

  /** True for a file that is there and broken, and for one below a folder that was refused. */
  #isShut(path: string): boolean {
    return [path, ...foldersAbove(path)].some((one) => this.#files.get(one)?.broken === true)
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

function member(set: Set<string>, path: string, is: boolean): void {
  if (is) set.add(path)
  else set.delete(path)
}
