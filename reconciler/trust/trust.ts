import { GitvirtError } from '../lib/errors.ts'
import { readSignedCommit, type SignedCommit } from './signed-commit.ts'
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
