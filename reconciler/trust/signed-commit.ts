import { GitvirtError } from '../lib/errors.ts'

/** A commit as Git signs it. */
export type SignedCommit = {
  readonly id: string
  readonly parents: readonly string[]
  /** Seconds since 1970, as the committer's clock had it. */
  readonly committedAt: number
  /** What the signature is over: the commit without it. */
  readonly payload: Buffer
  readonly signature?: { readonly kind: 'ssh' | 'openpgp'; readonly armored: string }
}

const newline = 0x0a
const space = 0x20
const signatureHeaders: ReadonlySet<string> = new Set(['gpgsig', 'gpgsig-sha256'])

/**
 * Takes a commit object apart into what was signed and the signature.
 * Source: gitformat-signature(5); continuation lines begin with a space.
 * @throws GitvirtError `InvalidCommit` where there is more than one signature: which of them others look at cannot be told
 */
export function readSignedCommit(id: string, bytes: Uint8Array): SignedCommit {
  const { commit, signatures } = takeApart(id, bytes)
  if (signatures.length > 1) {
    throw new GitvirtError({ code: 'InvalidCommit', message: `Commit ${id} carries more than one signature.`, action: 'Sign it once.' })
  }
  const [own] = signatures
  return own === undefined ? commit : { ...commit, signature: { kind: kindOf(id, own), armored: `${own.trimEnd()}\n` } }
}

/** A commit of whatever signature; `unreadable` tells in words why it counts as unsigned though it carries one. */
export type AnyCommit = SignedCommit & { readonly unreadable?: string }

/** The same where a signature that cannot be read must stop nothing: such a commit counts as unsigned. */
export function readAnyCommit(id: string, bytes: Uint8Array): AnyCommit {
  const { commit, signatures } = takeApart(id, bytes)
  const [own] = signatures
  if (own === undefined) return commit
  if (signatures.length > 1) return { ...commit, unreadable: 'it carries more than one signature' }
  const kind = signatureKind(own)
  if (kind === undefined) return { ...commit, unreadable: 'it is signed in a way that is not known here' }
  return { ...commit, signature: { kind, armored: `${own.trimEnd()}\n` } }
}

function takeApart(id: string, bytes: Uint8Array): { readonly commit: SignedCommit; readonly signatures: readonly string[] } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { headers, end } = readHeaders(buffer)
  const signed = headers.filter(({ name }) => signatureHeaders.has(name))
  const kept = headers.filter(({ name }) => !signatureHeaders.has(name)).map(({ raw }) => raw)
  const committer = headers.find(({ name }) => name === 'committer')?.value ?? ''
  const commit = {
    id,
    parents: headers.filter(({ name }) => name === 'parent').map(({ value }) => value),
    committedAt: Number(/> (\d{1,12}) [+-]\d{4}$/.exec(committer)?.[1] ?? 0),
    payload: Buffer.concat([...kept, buffer.subarray(end)]),
  }
  return { commit, signatures: signed.map(({ value }) => value) }
}

type Header = { readonly name: string; readonly value: string; readonly raw: Buffer }

/** Headers in order, and where the empty line before the message begins. */
function readHeaders(buffer: Buffer): { readonly headers: readonly Header[]; readonly end: number } {
  const headers: Header[] = []
  let at = 0
  while (at < buffer.length && buffer[at] !== newline) {
    let end = lineEnd(buffer, at)
    while (buffer[end] === space) end = lineEnd(buffer, end)
    const raw = buffer.subarray(at, end)
    const text = raw.toString('utf8').replace(/\n$/, '')
    const gap = text.indexOf(' ')
    headers.push({ name: text.slice(0, gap), value: text.slice(gap + 1).replaceAll('\n ', '\n'), raw })
    at = end
  }
  return { headers, end: at }
}

/** Where the next line begins. */
function lineEnd(buffer: Buffer, from: number): number {
  const end = buffer.indexOf(newline, from)
  return end === -1 ? buffer.length : end + 1
}

/** Of which kind a signature is, by its first line; undefined for kinds that are not known here. */
export function signatureKind(armored: string): 'ssh' | 'openpgp' | undefined {
  if (armored.startsWith('-----BEGIN SSH SIGNATURE-----')) return 'ssh'
  return armored.startsWith('-----BEGIN PGP SIGNATURE-----') ? 'openpgp' : undefined
}

function kindOf(id: string, armored: string): 'ssh' | 'openpgp' {
  const kind = signatureKind(armored)
  if (kind !== undefined) return kind
  throw new GitvirtError({
    code: 'UntrustedCommit',
    message: `Commit ${id.slice(0, 12)} is signed in a way that is not known here.`,
    action: 'Sign it with an SSH or an OpenPGP key.',
  })
}
