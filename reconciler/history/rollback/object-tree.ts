import { GitvirtError } from '../../lib/errors.ts'
import { keyText, type ObjectKey } from '../../lib/object-key.ts'
import { objectPart, restoreObject, type FileEdit, type PlacedPart } from '../meaning/object-part.ts'
import { readBlob } from '../read/blobs.ts'
import type { LocalRepository } from '../read/repository.ts'
import { diffManifests } from '../read/tree-diff.ts'
import { writeGit } from './write-git.ts'

export type ObjectTreeQuery = {
  readonly repository: LocalRepository
  readonly commit: string
  readonly parent: string
  readonly object: ObjectKey
  readonly path: string
}

/**
 * The tree of a commit with one object as it was at the parent. Returns the tree's id.
 * @throws GitvirtError `NothingToRevert`, `ObjectNotSeparate`
 */
export async function objectTree({ repository, commit, parent, object, path }: ObjectTreeQuery): Promise<string> {
  const { gitDir } = repository
  const edits = await diffManifests(gitDir, { from: parent, to: commit, path })
  const now = await find(
    gitDir,
    object,
    edits.map((edit) => ({ path: edit.path, id: edit.after })),
  )
  const then = await find(
    gitDir,
    object,
    edits.map((edit) => ({ path: edit.path, id: edit.before })),
  )
  const beside = edits.find((edit) => edit.path === then?.path)?.after
  const file = beside === undefined ? undefined : await text(gitDir, beside)
  const edit = restoreObject(now, then, file)
  if (edit === undefined) throw notTouched(commit, object)
  return await writeTree(repository, commit, edit)
}

type Files = readonly { readonly path: string; readonly id: string | undefined }[]

async function find(gitDir: string, object: ObjectKey, files: Files): Promise<PlacedPart | undefined> {
  for (const { path, id } of files) {
    const file = id === undefined ? undefined : await text(gitDir, id)
    const part = file === undefined ? undefined : objectPart(file, object)
    if (file === undefined || part === undefined) continue
    if (part.others > 0) throw notSeparate(path, object)
    return { path, file, part }
  }
  return undefined
}

async function text(gitDir: string, id: string): Promise<string | undefined> {
  return (await readBlob(gitDir, id))?.toString('utf8')
}

async function writeTree(repository: LocalRepository, commit: string, { path, text }: FileEdit): Promise<string> {
  await writeGit(repository, ['read-tree', commit])
  const id = text === undefined ? undefined : (await writeGit(repository, ['hash-object', '-w', '--stdin'], { input: text })).stdout.trim()
  const mode = (await writeGit(repository, ['ls-files', '--stage', '-z', '--', path])).stdout.split(' ')[0] || '100644'
  const entry = id === undefined ? `0 ${'0'.repeat(commit.length)}\t${path}\0` : `${mode} ${id}\t${path}\0`
  await writeGit(repository, ['update-index', '-z', '--index-info'], { input: entry })
  return (await writeGit(repository, ['write-tree'])).stdout.trim()
}

function notTouched(commit: string, object: ObjectKey): GitvirtError {
  return new GitvirtError({
    code: 'NothingToRevert',
    message: `Commit ${commit.slice(0, 12)} did not touch a document that declares ${keyText(object)}.`,
    action: 'Name a commit that "gitvirt log KIND/NAME" lists; a volume of a machine\'s template goes with its machine.',
    object,
    terminal: true,
  })
}

function notSeparate(path: string, object: ObjectKey): GitvirtError {
  return new GitvirtError({
    code: 'ObjectNotSeparate',
    message: `${path} declares ${keyText(object)} in a List together with others, so it cannot be taken back apart from them.`,
    action: 'Take the whole commit back, or make the objects documents of their own first.',
    object,
    terminal: true,
  })
}
