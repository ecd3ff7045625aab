import { digestOf } from './digest.ts'

/** Digest of what a network policy asks of a host; where it stands in Git and which nodes take part do not count. Pure. */
export function policyDigest({ desiredState, capture }: { readonly desiredState: unknown; readonly capture?: unknown }): string {
  return digestOf({ desiredState, capture })
}
