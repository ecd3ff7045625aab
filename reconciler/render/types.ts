import type { BlobCache } from '../desired/cache.ts'
import type { ManifestError, ReadBlobs, RefusedFile, TreeEntry } from '../desired/types.ts'
import type { FileTree } from '../source/types.ts'

export type RenderOptions = {
  readonly tree: FileTree
  /** The environment's folder, from the repository's root, without slashes at its ends. */
  readonly root: string
  /** What was rendered, by all that it was made of. */
  readonly cache: BlobCache
  readonly limits?: Partial<RenderLimits>
}

/** What stands for the files of an environment that is an overlay. */
export type Overlay = {
  /** The policy file, and the rendered objects by the files that they come from. */
  readonly entries: readonly TreeEntry[]
  /** Where it cannot be rendered: the whole repository, whose objects are unknown then. */
  readonly refused: readonly RefusedFile[]
  readonly read: ReadBlobs
  /** Stands for all that it holds. */
  readonly identity: string
  /** Paths of the files that it is made of. */
  readonly files: ReadonlySet<string>
  /** Ids of entries that are rendered texts, not blobs. */
  readonly rendered: ReadonlySet<string>
}

/** What is wrong with an overlay before its file is known. */
export type Fault = Pick<ManifestError, 'code' | 'message' | 'line' | 'column' | 'action'>

/** Another file or folder that a kustomization names. */
export type Reference = {
  /** `entry`: a file of objects, or a folder with a kustomization; `config`: a file that configures a generator or transformer. */
  readonly kind: 'file' | 'folder' | 'entry' | 'config'
  /** Relative to the kustomization's folder, in its shortest form. */
  readonly path: string
  readonly line: number
  readonly column: number
}

/** A text that names other files, as it is handed to the program: written anew from what was read of it. */
export type Rewritten = { readonly text: string; readonly references: readonly Reference[]; readonly faults: readonly Fault[] }

/** How much an overlay may take. Its files are hostile input. */
export type RenderLimits = {
  /** Files, kustomizations included. */
  readonly files: number
  /** Bytes of one file. */
  readonly fileBytes: number
  /** Bytes of one kustomization. */
  readonly kustomizationBytes: number
  /** Bytes of all files. */
  readonly bytes: number
  /** Bases of bases. */
  readonly depth: number
  /** Kustomizations, each as often as others name it. */
  readonly visits: number
  /** Bytes that the program may print. */
  readonly outputBytes: number
  /** Milliseconds that the program may take. */
  readonly time: number
}

export const defaultRenderLimits: RenderLimits = {
  files: 5000,
  fileBytes: 2 ** 20,
  kustomizationBytes: 2 ** 18,
  bytes: 2 ** 25,
  depth: 32,
  visits: 1000,
  outputBytes: 2 ** 26,
  time: 60_000,
}
