import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../lib/exec.ts'
import { describeError, GitvirtError } from '../../lib/errors.ts'
import { gitEnvironment } from '../../source/git-environment.ts'

/**
 * A repository of this machine, opened for reading. Everything is read through `gitDir`, a Git folder of our own that borrows the
 * repository's objects: so nothing of the repository's configuration, hooks, grafts, attributes or remotes takes part.
 */
export type LocalRepository = {
  /** As the caller named it. */
  readonly folder: string
  readonly gitDir: string
  /** Folder of the repository's objects. */
  readonly objects: string
  /** Id of the commit or other object that a name stands for; undefined where there is none. */
  resolve(name: string): Promise<string | undefined>
  /** The branch that is checked out; undefined where none is. */
  checkedOut(): Promise<string | undefined>
  close(): Promise<void>
}

/**
 * @param folder the repository, a folder in its work tree, or a bare repository
 * @throws GitvirtError `RepositoryNotFound`
 */
export async function openRepository(folder: string): Promise<LocalRepository> {
  const gitDir = await mkdtemp(join(tmpdir(), 'gitvirt-history-'))
  const close = async (): Promise<void> => await rm(gitDir, { recursive: true, force: true })
  try {
    const { objects, shallow, format } = await locate(folder, gitDir)
    await borrow(gitDir, objects, format)
    await copyShallow(shallow, gitDir)
    const resolve = async (name: string): Promise<string | undefined> => await resolveName(folder, gitDir, name)
    return { folder, gitDir, objects, resolve, checkedOut: async () => await headBranch(folder, gitDir), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The environment of commands that look at the repository itself: its names are there, not in the borrowed store. */
function plainEnvironment(gitDir: string): Record<string, string> {
  const { GIT_DIR: _, ...env } = gitEnvironment(gitDir)
  return env
}

// The operator named this folder, so another owner of it is no surprise (git-config(1), safe.directory). These commands run no program.
const trusted = ['-c', 'safe.directory=*']

type Place = { readonly objects: string; readonly shallow: string; readonly format: string }

async function locate(folder: string, gitDir: string): Promise<Place> {
  const wanted = ['--path-format=absolute', '--git-path', 'objects', '--git-path', 'shallow', '--show-object-format']
  try {
    const { stdout } = await run('git', ['-C', folder, ...trusted, 'rev-parse', ...wanted], { env: plainEnvironment(gitDir) })
    const [objects = '', shallow = '', format = 'sha1'] = stdout.trimEnd().split('\n')
    return { objects, shallow, format }
  } catch (cause) {
    throw new GitvirtError({
      code: 'RepositoryNotFound',
      message: `${folder} is no Git repository that can be read: ${describeError(cause)}`,
      action: 'Name a clone with --repo, or go to one.',
      cause,
    })
  }
}

/** Source of the layout: gitrepository-layout(5); of the format's entry: git-config(1), extensions.objectFormat. */
async function borrow(gitDir: string, objects: string, format: string): Promise<void> {
  if (/\p{Cc}/u.test(objects))
    throw new GitvirtError({ code: 'RepositoryNotFound', message: 'The path of the repository holds a control character.' })
  await mkdir(join(gitDir, 'objects/info'), { recursive: true })
  await mkdir(join(gitDir, 'refs'))
  await writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/none\n')
  const version = format === 'sha1' ? '0' : `1\n[extensions]\n\tobjectFormat = ${format}`
  await writeFile(join(gitDir, 'config'), `[core]\n\tbare = true\n\trepositoryFormatVersion = ${version}\n`)
  // Names that begin with a quote are read as C strings (gitrepository-layout(5), objects/info/alternates).
  await writeFile(join(gitDir, 'objects/info/alternates'), `${JSON.stringify(objects)}\n`)
}

async function copyShallow(from: string, gitDir: string): Promise<void> {
  const text = await readFile(from).catch(() => undefined)
  if (text !== undefined) await writeFile(join(gitDir, 'shallow'), text)
}

async function resolveName(folder: string, gitDir: string, name: string): Promise<string | undefined> {
  if (name === '' || name.startsWith('-') || /\p{Cc}/u.test(name)) return undefined
  const args = ['-C', folder, ...trusted, 'rev-parse', '--verify', '--quiet', '--end-of-options', name]
  const { stdout, exitCode } = await run('git', args, { env: plainEnvironment(gitDir), okCodes: [1, 128] })
  const id = stdout.trim()
  return exitCode === 0 && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id) ? id : undefined
}

async function headBranch(folder: string, gitDir: string): Promise<string | undefined> {
  const args = ['-C', folder, ...trusted, 'symbolic-ref', '--quiet', '--short', 'HEAD']
  const { stdout, exitCode } = await run('git', args, { env: plainEnvironment(gitDir), okCodes: [1, 128] })
  return exitCode === 0 ? stdout.trim() : undefined
}

/**
 * The commit that a name stands for.
 * @throws GitvirtError `RefNotFound`
 */
export async function resolveCommit(repository: LocalRepository, name: string): Promise<string> {
  const id = await repository.resolve(`${name}^{commit}`)
  if (id !== undefined) return id
  throw new GitvirtError({
    code: 'RefNotFound',
    message: `${repository.folder} has no commit ${JSON.stringify(name)}.`,
    action: 'Check the name of the branch, tag or commit; fetch it first where it is on a server only.',
    terminal: true,
  })
}
