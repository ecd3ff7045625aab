import { GitvirtError } from '../lib/errors.ts'
import { readSignedCommit, type SignedCommit } from './signed-commit.ts'
import { readSignedTag } from './signed-tag.ts'
import { verifySignature, type Keys, type Signer } from './verify-signature.ts'

/** Which commits must be signed: none, the one that is tracked, or every one since the last that was in force. */
export type TrustMode = 'none' | 'head' | 'every-commit'

export type TrustOptions = {
  readonly mode: TrustMode
  readonly keys: Keys
  /** Keys with which a forge signs the merges it makes; they are good for commits of more than one parent only. */
  readonly forge?: Keys
}

export type RawCommit = { readonly id: string; readonly bytes: Uint8Array }

/**
 * Who signed the newest of these commits; undefined where nothing must be signed.
 * @param commits newest first, never empty
 * @throws GitvirtError `UntrustedCommit` with the commits that nobody trusted signed, and what reading keys throws
 */
export async function checkCommits(commits: readonly RawCommit[], options: TrustOptions): Promise<Signer | undefined> {
  if (options.mode === 'none') return undefined
  const wanted = options.mode === 'head' ? commits.slice(0, 1) : commits
  let head: Signer | undefined
  const refused: SignedCommit[] = []
  for (const { id, bytes } of wanted) {
    const commit = readSignedCommit(id, bytes)
    const signer = await trustedSigner(commit, options)
    head ??= signer
    if (signer === undefined) refused.push(commit)
  }
  if (refused.length > 0) throw untrusted(refused, wanted.length)
  return head
}

/** A tag object and the name by which it is tracked. */
export type RawTag = RawCommit & { readonly name: string }

/**
 * Who signed an annotated tag that is tracked; keys of the forge do not count, which makes no tags by itself.
 * @throws GitvirtError `UntrustedTag` where nobody trusted did, or where it was made with another name; `InvalidTag`, and what reading keys throws
 */
export async function checkTag({ id, name, bytes }: RawTag, { keys }: TrustOptions): Promise<Signer> {
  const tag = readSignedTag(id, bytes)
  if (tag.name !== name) throw untrustedTag(name, `it was made as the tag ${tag.name}, and pushed under another name`)
  if (tag.signature === undefined) throw untrustedTag(name, 'it is annotated, but not signed')
  const signer = await verifySignature(tag, keys)
  if (signer === undefined) throw untrustedTag(name, 'no trusted key made its signature, or it was altered since')
  return signer
}

function untrustedTag(name: string, why: string): GitvirtError {
  return new GitvirtError({
    code: 'UntrustedTag',
    message: `The tag ${name} cannot be trusted: ${why}.`,
    action: `Sign it with a key that the reconciler knows (git tag -s ${name}), or add the key to its files; what is applied stays as it is.`,
  })
}

async function trustedSigner(commit: SignedCommit, { keys, forge }: TrustOptions): Promise<Signer | undefined> {
  const signer = await verifySignature(commit, keys)
  if (signer !== undefined || forge === undefined || commit.parents.length < 2) return signer
  return await verifySignature(commit, forge)
}

const mostNamed = 10

function untrusted(refused: readonly SignedCommit[], of: number): GitvirtError {
  const named = refused.slice(0, mostNamed).map(({ id, signature }) => {
    const why = signature === undefined ? 'unsigned' : 'no trusted key made its signature, or it was altered since'
    return `${id.slice(0, 12)} (${why})`
  })
  const more = refused.length > mostNamed ? `, and ${refused.length - mostNamed} more` : ''
  return new GitvirtError({
    code: 'UntrustedCommit',
    message: `${refused.length} of ${of} new commits cannot be trusted: ${named.join(', ')}${more}.`,
    action: 'Sign them with a key that the reconciler knows, or add the key to its files; what is applied stays as it is.',
  })
}
