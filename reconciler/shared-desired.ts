import { movedMade } from './desired/judge/relocate.ts'
import type { DesiredEngine, DesiredUpdate, ManifestError, ReadBlobs, RefusedFile, UpdateInput } from './desired/types.ts'
import { GitvirtError } from './lib/errors.ts'
import { oneAtATime, type OneAtATime } from './source/one-at-a-time.ts'

/** One desired state of several sources: each updates its own files, as if the engine were its own. Updates must not overlap: see `turn`. */
export type SharedDesired = {
  /** Of the environment's own source, which has the policy. The others' objects are unknown until they are read. */
  readonly own: DesiredEngine
  /** Of another source, to be updated once the environment's own source has been read. */
  other(name: string): DesiredEngine
  /** Lets revisions of all sources in one at a time: taken up, and handed on. */
  readonly turn: OneAtATime
  /** Settles when the environment's own source has been read; false where all ends before. */
  readonly started: Promise<boolean>
  end(): void
}

/** The root of another source, as `rootOf` tells it of a path. */
export function sourceRoot(name: string): string {
  return `${name}/`
}

/** A path of another source; its own root is empty. */
function sourcePath(name: string, path: string): string {
  return path === '' ? sourceRoot(name) : `${name}//${path}`
}

export type SharedOptions = {
  /** Of the other sources, each once. */
  readonly names: readonly string[]
  /** Called when owners of objects may have changed, before anything is done by it, with whether all sources were read; must not throw. */
  readonly settled?: (isWhole: boolean) => void
}

export function shareDesired(engine: DesiredEngine, { names, settled = () => undefined }: SharedOptions): SharedDesired {
  const started = Promise.withResolvers<boolean>()
  const unread = new Set(['', ...names.map(sourceRoot)])
  /** One that is refused as a whole, as an overlay may be, has told nothing yet. */
  const told = (root: string, { view }: DesiredUpdate): void => {
    if (!view.isUnknownPath(root)) unread.delete(root)
    settled(unread.size === 0)
  }
  const reopen = async (read: ReadBlobs, root: string): Promise<DesiredUpdate | undefined> => {
    const update = await engine.reopen(read, root)
    if (update !== undefined) settled(unread.size === 0)
    return update
  }
  return {
    turn: oneAtATime(),
    started: started.promise,
    end: () => started.resolve(false),
    own: {
      view: () => engine.view(),
      update: async (input) => {
        const first = engine.view() === undefined
        const refused = [...(input.refused ?? []), ...(first ? names.map(unreadSource) : [])]
        const update = await engine.update({ ...input, refused, source: '', ownersUnknown: unread.has('') })
        told('', update)
        started.resolve(true)
        return update
      },
      reopen: async (read) => await reopen(read, ''),
    },
    other: (name) => ({
      view: () => engine.view(),
      update: async (input) => {
        const revision = engine.view()?.revision ?? input.revision
        const source = sourceRoot(name)
        const update = await engine.update({ ...placed(name, input), revision, source, ownersUnknown: unread.has(source) })
        told(source, update)
        return update
      },
      reopen: async (read) => await reopen(read, sourceRoot(name)),
    }),
  }
}

/** What a source declares, with the paths that it has among several sources. */
export function placed<T extends Partial<Omit<UpdateInput, 'read'>> & { readonly read: ReadBlobs }>(name: string, input: T): T {
  const move = <P extends { readonly path: string }>(one: P): P => ({ ...one, path: sourcePath(name, one.path) })
  const error = (one: ManifestError): ManifestError => ({
    ...move(one),
    ...(one.covers === undefined ? {} : { covers: sourcePath(name, one.covers) }),
  })
  const refusal = (one: RefusedFile): RefusedFile => ({
    ...move(one),
    ...(one.errors === undefined ? {} : { errors: one.errors.map(error) }),
  })
  const read: ReadBlobs = async function* (ids) {
    for await (const one of input.read(ids))
      yield one.made === undefined ? one : { ...one, made: movedMade(one.made, (path) => sourcePath(name, path)) }
  }
  return {
    ...input,
    read,
    ...(input.entries === undefined ? {} : { entries: input.entries.map(move) }),
    ...(input.changes === undefined ? {} : { changes: input.changes.map(move) }),
    ...(input.refused === undefined ? {} : { refused: input.refused.map(refusal) }),
  }
}

/** Nobody knows yet what the source declares: what came from it stays as it is. */
export function unreadSource(name: string): RefusedFile {
  const path = sourceRoot(name)
  const code = 'SourceUnread'
  const message = `The source ${name} could not be read yet, so its objects are left as they are.`
  const error: ManifestError = {
    severity: 'error',
    code,
    message,
    action: '"gitvirt status" tells why.',
    path,
    line: 1,
    column: 1,
    covers: path,
  }
  return { path, code, message, errors: [error] }
}

/**
 * The name of another source: what stands before the two slashes of its paths.
 * @throws GitvirtError `InvalidFlag`
 */
export function checkSourceName(name: string, taken: ReadonlySet<string>): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name) && !taken.has(name)) return name
  throw new GitvirtError({
    code: 'InvalidFlag',
    message: taken.has(name) ? `error: two sources are called "${name}"` : `error: "${name}" is not a name for a source`,
    action: 'Use small letters, digits and dashes, each name once.',
  })
}
