import fs from 'node:fs'
import * as git from 'isomorphic-git'
import { GitvirtError, errorCode } from '../lib/errors.ts'
import { readCredentials, redact } from './auth.ts'
import type { Engine, GitObject } from './engine.ts'
import type { EngineOptions } from './git-engine.ts'
import { createGitHttpClient } from './git-http-client.ts'
import { emptyRepository, refNotFound } from './ref-name.ts'

const remoteName = 'gitvirt'
const haveRef = 'refs/gitvirt/have'
const keptBytes = 2 ** 24
const smallBlob = 2 ** 16

type ServerRef = { readonly ref: string; readonly oid: string }

/**
 * Fills and reads the store without the git program, over HTTP(S) only. It is slower: objects are read one by one
 * (about a millisecond each), and their sizes are known only by reading them.
 */
export async function createIsomorphicEngine(options: EngineOptions): Promise<Engine> {
  const store = { fs, gitdir: options.storeDir, cache: {} }
  await git.init({ ...store, bare: true, defaultBranch: 'main' })
  await git.setConfig({ ...store, path: `remote.${remoteName}.fetch`, value: `+refs/heads/*:refs/remotes/${remoteName}/*` })
  const kept = new Map<string, GitObject>()
  let bytes = 0
  const read = async (id: string): Promise<GitObject | undefined> => {
    const known = kept.get(id)
    if (known !== undefined) return known
    const object = await readRaw(store, id)
    if (object?.type === 'blob' && object.bytes.length <= smallBlob && bytes < keptBytes) {
      kept.set(id, object)
      bytes += object.bytes.length
    }
    return object
  }
  const take = async (id: string): Promise<GitObject | undefined> => {
    const object = await read(id)
    if (object !== undefined && kept.delete(id)) bytes -= object.bytes.length
    return object
  }
  let fetched: string | undefined
  return {
    fetch: async (have, signal) => {
      fetched = await fetchHead(options, { store, have, signal })
      return await peel(store, fetched)
    },
    tag: async (maxBytes) => {
      const object = fetched === undefined ? undefined : await readRaw(store, fetched)
      return object?.type === 'tag' && object.bytes.length <= maxBytes ? object : undefined
    },
    merge: async () => await Promise.reject(gitNeeded(`A merge of ${options.remote.url} is worked out`)),
    branch: async () => await Promise.reject(gitNeeded(`Branches of ${options.remote.url} are written`)),
    note: async () => await Promise.reject(gitNeeded(`Notes of ${options.remote.url} are written`)),
    readRef: async (name) => await readRef(store, name),
    writeRefs: async (refs) => {
      for (const { name, id } of refs) await git.writeRef({ ...store, ref: name, value: id, force: true })
    },
    isAncestor: async (ancestor, descendant) => await isAncestor(store, ancestor, descendant),
    between: async (after, head, most) => {
      const known = new Set((await git.log({ ...store, ref: after })).map(({ oid }) => oid))
      const all = await git.log({ ...store, ref: head })
      return all.flatMap(({ oid }) => (known.has(oid) ? [] : [oid])).slice(0, most)
    },
    sizes: async (ids) => {
      const sizes = new Map<string, number>()
      for (const id of new Set(ids)) {
        const object = await read(id)
        if (object !== undefined) sizes.set(id, object.bytes.length)
      }
      return sizes
    },
    object: async (id, maxBytes) => {
      const object = await take(id)
      return object === undefined || object.bytes.length > maxBytes ? undefined : object
    },
    objects: async function* (ids, maxBytes) {
      for (const id of ids) {
        const object = await take(id)
        if (object === undefined) continue
        const { type, bytes: content } = object
        yield [{ id, type, size: content.length, ...(content.length > maxBytes ? {} : { bytes: content }) }]
      }
    },
    tidy: async () => undefined,
    close: async () => kept.clear(),
  }
}

function gitNeeded(what: string): GitvirtError {
  return new GitvirtError({
    code: 'GitNeeded',
    message: `${what} by the program "git", which is not installed where the reconciler runs.`,
    action: 'Install git 2.38 or newer there.',
  })
}

type Store = { readonly fs: typeof fs; readonly gitdir: string; readonly cache: object }
type FetchCall = { readonly store: Store; readonly have: string | undefined; readonly signal: AbortSignal | undefined }

/** Id of what the reference names: a commit, or a tag of one. */
async function fetchHead(options: EngineOptions, call: FetchCall): Promise<string> {
  const { remote, target, caps } = options
  const credentials = await readCredentials(remote, options.auth)
  const deadline = AbortSignal.timeout(caps.fetchTime)
  const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal])
  const http = createGitHttpClient({ maxBytes: caps.fetchBytes, signal, authorization: credentials?.header })
  try {
    const refs = await git.listServerRefs({ http, url: remote.url, protocolVersion: 1 })
    if (refs.length === 0) throw emptyRepository(remote)
    const wanted = target.kind === 'commit' ? { ref: target.id, oid: target.id } : findRef(options, refs)
    if ((await readRaw(call.store, wanted.oid)) === undefined)
      await fetchObject({ ...call, http, wanted, url: remote.url, wholeHistory: options.wholeHistory })
    await peel(call.store, wanted.oid)
    return wanted.oid
  } catch (error) {
    throw fetchError(options, { error, words: redact(describe(error), credentials) })
  }
}

async function fetchObject(
  call: FetchCall & {
    readonly http: ReturnType<typeof createGitHttpClient>
    readonly wanted: ServerRef
    readonly url: string
    readonly wholeHistory: boolean
  },
): Promise<void> {
  const { store, have, http, wanted, url, wholeHistory } = call
  if (have !== undefined) await git.writeRef({ ...store, ref: haveRef, value: have, force: true })
  await git.fetch({
    ...store,
    http,
    url,
    remote: remoteName,
    ref: haveRef,
    remoteRef: wanted.ref,
    singleBranch: true,
    tags: false,
    ...(have === undefined && !wholeHistory ? { depth: 1 } : {}),
  })
}

function findRef(options: EngineOptions, refs: readonly ServerRef[]): ServerRef {
  const wanted = options.target.kind === 'name' ? options.target.candidates : ['HEAD']
  const byName = new Map(refs.map((ref) => [ref.ref, ref]))
  for (const name of wanted) {
    const found = byName.get(name)
    if (found !== undefined) return found
  }
  throw refNotFound(options.remote, wanted[0] ?? 'HEAD')
}

async function readRaw(store: Store, id: string): Promise<GitObject | undefined> {
  try {
    const result = await git.readObject({ ...store, oid: id, format: 'content' })
    return { id, type: result.type, bytes: Buffer.from(result.object as Uint8Array) }
  } catch (error) {
    if (errorCode(error) === 'NotFoundError') return undefined
    throw error
  }
}

async function peel(store: Store, id: string): Promise<string> {
  const { oid } = await git.readCommit({ ...store, oid: id })
  return oid
}

async function readRef(store: Store, name: string): Promise<string | undefined> {
  try {
    return await git.resolveRef({ ...store, ref: name })
  } catch (error) {
    if (errorCode(error) === 'NotFoundError') return undefined
    throw error
  }
}

async function isAncestor(store: Store, ancestor: string, descendant: string): Promise<boolean> {
  if (ancestor === descendant) return true
  try {
    return await git.isDescendent({ ...store, oid: descendant, ancestor, depth: -1 })
  } catch (error) {
    // A shallow history ends before the ancestor was met.
    if (errorCode(error) === 'NotFoundError') return false
    throw error
  }
}

function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return error instanceof Error ? `${error.message}${cause}` : String(error)
}

function fetchError(options: EngineOptions, failure: { readonly error: unknown; readonly words: string }): GitvirtError {
  const { error, words } = failure
  if (error instanceof GitvirtError) return error
  const message = `The fetch from ${options.remote.url} failed: ${words}`
  const status = httpStatus(error)
  if (status === 401 || status === 403) {
    const action = 'Check the token or password of the repository, and that its owner may read the repository.'
    return new GitvirtError({ code: 'AuthenticationFailed', message, action })
  }
  if (status === 404) {
    const action = 'Check the address of the repository, and that the credentials may read it.'
    return new GitvirtError({ code: 'RepositoryNotFound', message, action })
  }
  if (/not our ref|upload-pack: not our ref/.test(words) || (errorCode(error) === 'NotFoundError' && options.target.kind === 'commit')) {
    return refNotFound(options.remote, options.target.kind === 'commit' ? options.target.id : 'reference')
  }
  return new GitvirtError({ code: 'FetchFailed', message, action: 'Check that the repository can be reached from this machine.' })
}

function httpStatus(error: unknown): number | undefined {
  if (error === null || typeof error !== 'object' || !('data' in error)) return undefined
  const { data } = error
  if (data === null || typeof data !== 'object' || !('statusCode' in data)) return undefined
  return typeof data.statusCode === 'number' ? data.statusCode : undefined
}
