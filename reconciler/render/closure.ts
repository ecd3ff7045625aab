import { posix } from 'node:path'
import type { ManifestError } from '../desired/types.ts'
import type { FileTree, TreeNode } from '../source/types.ts'
import { findKustomization } from './find-kustomization.ts'
import { readKustomization, type GeneratorPlace, type Kustomization } from './kustomization.ts'
import { kustomizationNames } from './names.ts'
import { readPluginConfig } from './plugin-config.ts'
import { looksLikeHost, remoteFault } from './references.ts'
import type { Fault, Reference, RenderLimits, Rewritten } from './types.ts'

/** All that an overlay is made of. Paths are from the repository's root. */
export type Closure = {
  /** Path of the overlay's own kustomization. */
  readonly kustomization: string
  /** Blobs by path. */
  readonly files: ReadonlyMap<string, string>
  /** What is written in place of the blob: kustomizations, and what configures generators. */
  readonly written: ReadonlyMap<string, string>
  /** Generators by the path of their kustomization. */
  readonly generators: ReadonlyMap<string, readonly GeneratorPlace[]>
  /** True where the overlay itself asks for origins. */
  readonly keepsOrigins: boolean
  readonly faults: readonly ManifestError[]
}

/** Follows all that the kustomization of a folder names, before any program sees it. Faults are collected, never thrown. */
export async function readClosure(tree: FileTree, root: string, limits: RenderLimits): Promise<Closure> {
  const walk = new ClosureWalk(tree, limits)
  const kustomization = await walk.visit(root, { above: [] })
  return { kustomization, ...walk.result() }
}

type Visit = { readonly above: readonly string[]; readonly from?: Named }
/** A file that names another, and where. */
type Named = { readonly path: string; readonly line: number; readonly column: number }

class ClosureWalk {
  readonly #tree: FileTree
  readonly #limits: RenderLimits
  readonly #files = new Map<string, string>()
  readonly #written = new Map<string, string>()
  readonly #generators = new Map<string, readonly GeneratorPlace[]>()
  readonly #faults: ManifestError[] = []
  /** How often the program would read each folder's kustomization, with all below it. */
  readonly #visits = new Map<string, number>()
  #keepsOrigins = false
  #bytes = 0
  #full = false

  constructor(tree: FileTree, limits: RenderLimits) {
    this.#tree = tree
    this.#limits = limits
  }

  result(): Omit<Closure, 'kustomization'> {
    return {
      files: this.#files,
      written: this.#written,
      generators: this.#generators,
      keepsOrigins: this.#keepsOrigins,
      faults: this.#faults,
    }
  }

  /** Reads the kustomization of a folder and all that it names; returns its path. */
  async visit(folder: string, { above, from }: Visit): Promise<string> {
    const names = (await findKustomization(this.#tree, folder)) ?? []
    const [path = posix.join(folder, kustomizationNames[0])] = names
    const place = from ?? { path, line: 1, column: 1 }
    if (names.length !== 1) {
      this.#fault(place, names.length === 0 ? notThere(folder) : twice(names))
      return path
    }
    const bytes = await this.#read(path, place, this.#limits.kustomizationBytes)
    if (bytes === undefined) return path
    const read = readKustomization(bytes, this.#limits.kustomizationBytes, above.length === 0)
    if (above.length === 0) this.#keepsOrigins = read.keepsOrigins
    this.#generators.set(path, read.generators)
    await this.#follow({ folder, path, above: [...above, folder] }, read)
    return path
  }

  /** Reads all that a file names. */
  async #follow(at: At, { text, references, faults }: Rewritten | Kustomization): Promise<void> {
    this.#written.set(at.path, text)
    for (const fault of faults) this.#fault({ ...fault, path: at.path }, fault)
    if (references.length > this.#limits.files) this.#stop({ path: at.path, line: 1, column: 1 }, tooManyFiles(this.#limits.files))
    if (this.#full) return
    const nodes = await Promise.all(references.map(async ({ path }) => await this.#look(posix.join(at.folder, path))))
    let visits = 1
    for (const [index, reference] of references.entries()) {
      if (this.#full) return
      visits += await this.#take(at, { ...reference, target: posix.join(at.folder, reference.path), node: nodes[index] })
    }
    this.#visits.set(at.folder, (this.#visits.get(at.folder) ?? 0) + visits)
  }

  async #look(path: string): Promise<TreeNode | undefined> {
    return isAbove(path) ? undefined : await this.#tree.at(path === '.' ? '' : path)
  }

  /** Takes one reference in; how many kustomizations the program reads for it. */
  async #take(at: At, { kind, path, target, node, line, column }: Found): Promise<number> {
    const from = { path: at.path, line, column }
    const wrong = this.#refusal(at, { kind, path, target, node })
    if (wrong !== undefined) {
      this.#fault(from, wrong)
      return 0
    }
    if (node?.kind === 'folder') return await this.#enter(target === '.' ? '' : target, { above: at.above, from })
    const bytes = kind === 'config' ? await this.#read(target, from, this.#limits.fileBytes) : undefined
    if (bytes !== undefined) await this.#follow({ ...at, path: target }, readPluginConfig(bytes, this.#limits.fileBytes))
    if (kind !== 'config') await this.#count(target, from, this.#limits.fileBytes)
    return 0
  }

  async #enter(folder: string, { above, from }: Required<Pick<Visit, 'above'>> & { readonly from: Named }): Promise<number> {
    if (above.includes(folder)) {
      this.#fault(from, cycle(above, folder))
      return 0
    }
    if (above.length >= this.#limits.depth) {
      this.#fault(from, { code: 'TooDeep', message: `Bases are nested deeper than ${this.#limits.depth}.`, action: 'Nest fewer of them.' })
      return 0
    }
    if (!this.#visits.has(folder)) await this.visit(folder, { above, from })
    const visits = this.#visits.get(folder) ?? 0
    if (visits <= this.#limits.visits || this.#full) return visits
    this.#stop(from, `Kustomizations name one another more than ${this.#limits.visits} times.`)
    return visits
  }

  #refusal(
    at: At,
    { kind, path, target, node }: Pick<Found, 'kind' | 'path' | 'target' | 'node'>,
  ): Omit<Fault, 'line' | 'column'> | undefined {
    if (isAbove(target)) return outside(path)
    if (node === undefined) return looksLikeHost(path) ? remoteFault(path) : missing(target, kind)
    if (node.kind === 'refused') return refusedNode(target, node)
    if (node.kind === 'file' && kind === 'folder') return { code: 'NotAFolder', message: `${target} is a file, not a folder.` }
    if (node.kind === 'folder' && (kind === 'file' || kind === 'config'))
      return { code: 'NotAFile', message: `${target} is a folder, not a file.` }
    // What the program calls its load restrictor: bases may be anywhere, files only below.
    if (node.kind === 'file' && path.startsWith('..')) return notBelow(target, at.folder)
    return undefined
  }

  /** Counts a file in, and reads it. */
  async #read(path: string, from: Named, most: number): Promise<Uint8Array | undefined> {
    const id = await this.#count(path, from, most)
    if (id !== undefined && !this.#full) for await (const { bytes } of this.#tree.read([id])) return bytes
    return undefined
  }

  /** The blob of a file that may be a part of the overlay. */
  async #count(path: string, from: Named, most: number): Promise<string | undefined> {
    const node = await this.#tree.at(path)
    if (node?.kind !== 'file') {
      this.#fault(from, node?.kind === 'refused' ? refusedNode(path, node) : { code: 'NotAFile', message: `${path} is no file.` })
      return undefined
    }
    if (node.size > most) {
      this.#fault(from, { code: 'TooLarge', message: `${path} has ${node.size} bytes; at most ${most} are read.` })
      return undefined
    }
    if (!this.#files.has(path)) this.#bytes += node.size
    this.#files.set(path, node.id)
    if (this.#files.size > this.#limits.files) this.#stop(from, tooManyFiles(this.#limits.files))
    if (this.#bytes > this.#limits.bytes) this.#stop(from, `The files of an overlay may have ${this.#limits.bytes} bytes together at most.`)
    return node.id
  }

  #fault({ path, line, column }: Named, { code, message, action }: Omit<Fault, 'line' | 'column'>): void {
    this.#faults.push({ severity: 'error', code, message, path, line, column, ...(action === undefined ? {} : { action }) })
    if (this.#faults.length >= mostFaults) this.#full = true
  }

  /** What is too much is told once. */
  #stop(from: Named, message: string): void {
    if (!this.#full) this.#fault(from, { code: 'TooLarge', message, action: 'Split the overlay into several environments.' })
    this.#full = true
  }
}

const mostFaults = 100

type At = { readonly folder: string; readonly path: string; readonly above: readonly string[] }
type Found = Reference & { readonly target: string; readonly node: TreeNode | undefined }

function tooManyFiles(most: number): string {
  return `An overlay may be made of ${most} files at most.`
}

function isAbove(path: string): boolean {
  return path === '..' || path.startsWith('../')
}

function refusedNode(path: string, { code, message }: TreeNode & { readonly kind: 'refused' }): Omit<Fault, 'line' | 'column'> {
  return { code, message: `${path}: ${message}`, action: 'Commit the file itself.' }
}

function outside(path: string): Omit<Fault, 'line' | 'column'> {
  return {
    code: 'OutsideRepository',
    message: `${JSON.stringify(path)} is outside of the repository.`,
    action: 'Move what it names into the repository.',
  }
}

function notThere(folder: string): Omit<Fault, 'line' | 'column'> {
  const action = `Give it one of ${kustomizationNames.join(', ')}.`
  return { code: 'NoKustomization', message: `The folder ${folder === '' ? '.' : folder} has no kustomization.`, action }
}

function twice(names: readonly string[]): Omit<Fault, 'line' | 'column'> {
  return {
    code: 'DuplicateObject',
    message: `A folder has one kustomization; here are ${names.join(' and ')}.`,
    action: 'Keep one of them.',
  }
}

function missing(target: string, kind: Reference['kind']): Omit<Fault, 'line' | 'column'> {
  const what = kind === 'folder' ? 'folder' : kind === 'entry' ? 'file or folder' : 'file'
  return { code: 'PathNotFound', message: `There is no ${what} ${target} in this commit.`, action: 'Correct the name, or add it.' }
}

function notBelow(target: string, folder: string): Omit<Fault, 'line' | 'column'> {
  return {
    code: 'OutsideOverlay',
    message: `${target} is a file outside of ${folder === '' ? '.' : folder}: a kustomization may name files in its own folder and below only.`,
    action: 'Give the other folder a kustomization of its own and name that folder.',
  }
}

function cycle(above: readonly string[], folder: string): Omit<Fault, 'line' | 'column'> {
  const round = [...above.slice(above.indexOf(folder)), folder].map((one) => (one === '' ? '.' : one))
  return { code: 'BaseCycle', message: `Bases name one another in a circle: ${round.join(' > ')}.`, action: 'Break the circle.' }
}
