import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GitvirtError } from '../lib/errors.ts'

/** Where a secret value stands; it is read anew at every fetch, so that it can be rotated. */
export type SecretPlace = { readonly env: string } | { readonly file: string }

/** Credentials for HTTP(S). A token is sent as the password of Basic, which every forge accepts. */
export type SourceAuth =
  | { readonly kind: 'token'; readonly token: SecretPlace; readonly username?: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: SecretPlace }

/** Bounds against hostile repositories. */
export type SourceCaps = {
  /** Largest manifest, bytes. */
  readonly blobBytes: number
  /** Most manifests below the sub-path. */
  readonly entries: number
  /** Most folders between the repository's root and a manifest. */
  readonly depth: number
  /** Most bytes of all manifests together. */
  readonly totalBytes: number
  /** Most bytes that one fetch may write. */
  readonly fetchBytes: number
  /** Most bytes that fetching and merging one request may write: anybody may open one, so far less than of the tracked branch. */
  readonly requestBytes: number
  /** Milliseconds that one fetch may take. */
  readonly fetchTime: number
}

export const defaultCaps: SourceCaps = {
  blobBytes: 2 ** 20,
  entries: 200_000,
  depth: 32,
  totalBytes: 2 ** 29,
  fetchBytes: 2 ** 31,
  requestBytes: 2 ** 28,
  fetchTime: 300_000,
}

export type SourceOptions = {
  /** https://, http://, ssh://, file://, host:path (ssh) or a local folder. */
  readonly url: string
  /** A branch, a tag, a full reference name or a full commit id; default: the remote's HEAD. */
  readonly ref?: string
  /** Folder inside the repository, `/`-separated; default: the root. */
  readonly path?: string
  /** Folder of the bare object store; made when absent, used by one process at a time. */
  readonly storeDir: string
  readonly auth?: SourceAuth
  /** Fetch all of the history at the first time already: for those who look at every commit. Default false. */
  readonly wholeHistory?: boolean
  /** What is asked for that only the git program can do, by the names of its flags; without git the repository is not opened then. */
  readonly gitNeededFor?: readonly string[]
  readonly caps?: Partial<SourceCaps>
  /** `auto`: the git program where it is installed, else isomorphic-git (HTTP(S) only). */
  readonly engine?: 'auto' | 'git' | 'isomorphic'
}

/** A remote repository; `url` holds no credentials. */
export type Remote = {
  readonly url: string
  readonly transport: 'http' | 'ssh' | 'local'
  /** Credentials that stood in the URL. */
  readonly inline?: { readonly username: string; readonly password: string }
}

const scpLike = /^(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!\/\/)[^-].*$/

/**
 * Reads the remote's address and takes credentials out of it. Only http(s), ssh and local repositories are let through:
 * git's remote helpers such as `ext::` run commands (gitremote-helpers(7)).
 * @throws GitvirtError `InvalidUrl`
 */
export function parseRemote(text: string): Remote {
  if (text === '' || text.startsWith('-') || hasControl(text) || text.includes('::')) throw invalidUrl(text)
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return parseBareRemote(text)
  const url = URL.parse(text)
  if (url === null) throw invalidUrl(text)
  if (scheme === 'file') return { url: fileURLToPath(url), transport: 'local' }
  if (scheme === 'ssh') return parseSshRemote(url, text)
  if (scheme !== 'http' && scheme !== 'https') throw invalidUrl(text)
  const inline = { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
  url.username = ''
  url.password = ''
  return { url: url.href, transport: 'http', ...(inline.username === '' && inline.password === '' ? {} : { inline }) }
}

function parseBareRemote(text: string): Remote {
  if (isAbsolute(text) || !text.includes(':')) return { url: resolve(text), transport: 'local' }
  if (scpLike.test(text)) return { url: text, transport: 'ssh' }
  throw invalidUrl(text)
}

function parseSshRemote(url: URL, text: string): Remote {
  // A host or user that begins with a dash would be an option to ssh.
  if (!/^[A-Za-z0-9[]/.test(url.hostname) || decodeURIComponent(url.username).startsWith('-') || url.password !== '') throw invalidUrl(text)
  return { url: text, transport: 'ssh' }
}

/**
 * The sub-path without leading and trailing slashes.
 * @throws GitvirtError `InvalidPath`
 */
export function parseSubPath(text: string): string {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.some((part) => part === '..' || part.toLowerCase() === '.git' || hasControl(part))) {
    throw new GitvirtError({
      code: 'InvalidPath',
      message: `"${text}" is not a path inside the repository.`,
      action: 'Name a folder of the repository, without "..".',
      terminal: true,
    })
  }
  return parts.join('/')
}

export function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}

function invalidUrl(text: string): GitvirtError {
  return new GitvirtError({
    code: 'InvalidUrl',
    message: `"${text.replace(/\/\/[^/@]*@/, '//')}" is not a repository address that may be used.`,
    action: 'Give an https://, http://, ssh:// or file:// URL, host:path for ssh, or a local folder.',
    terminal: true,
  })
}
