import { describeError, errorCode } from './lib/errors.ts'
import type { MergeResult } from './source/types.ts'
import { checkCommits, type TrustOptions } from './trust/trust.ts'

/**
 * Why the branch would not come into force any more once a request is merged, in words for its readers; undefined where its commits are
 * trusted, or where those of requests need not be: in the mode `head` the merge itself is judged, which nobody has made yet.
 * @throws GitvirtError what reading commits and keys throws
 */
export async function untrustedWords(request: Pick<MergeResult, 'commits'>, trust: TrustOptions): Promise<string | undefined> {
  if (trust.mode !== 'every-commit') return undefined
  try {
    await checkCommits(await request.commits(), trust)
    return undefined
  } catch (error) {
    if (errorCode(error) !== 'UntrustedCommit') throw error
    return `Once this is merged, nothing of the branch comes into force any more: ${describeError(error)}`
  }
}
