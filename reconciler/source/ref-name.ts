import { GitvirtError } from '../lib/errors.ts'
import { hasControl, type Remote } from './options.ts'

/** What the tracked reference may mean at the remote. */
export type RefTarget =
  | { readonly kind: 'head' }
  | { readonly kind: 'commit'; readonly id: string }
  | { readonly kind: 'name'; readonly candidates: readonly string[] }

/**
 * Reads the configured reference. A short name means the branch, and where there is none the tag.
 * Source of the rules for names: git-check-ref-format(1).
 * @throws GitvirtError `InvalidRef`
 */
export function parseRef(ref: string | undefined): RefTarget {
  if (ref === undefined || ref === 'HEAD') return { kind: 'head' }
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)) return { kind: 'commit', id: ref }
  if (!isRefName(ref)) {
    throw new GitvirtError({
      code: 'InvalidRef',
      message: `"${ref}" is not a name that Git allows for a branch or tag.`,
      action: 'Name a branch, a tag or a full commit id.',
      terminal: true,
    })
  }
  return { kind: 'name', candidates: ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`] }
}

function isRefName(ref: string): boolean {
  if (ref.startsWith('-') || ref.endsWith('.') || ref === '@' || ref.length > 1000) return false
  if (hasControl(ref) || /[ ~^:?*[\\]|\.\.|@\{/.test(ref)) return false
  return ref.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'))
}

export function refNotFound(remote: Remote, name: string): GitvirtError {
  return new GitvirtError({
    code: 'RefNotFound',
    message: `${remote.url} has no ${name}.`,
    action: 'Check the name of the branch, tag or commit; what is applied stays as it is.',
  })
}

export function emptyRepository(remote: Remote): GitvirtError {
  return new GitvirtError({
    code: 'EmptyRepository',
    message: `${remote.url} has no commits yet.`,
    action: 'Push a first commit; what is applied stays as it is.',
  })
}
