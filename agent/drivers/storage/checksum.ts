import type { Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'

export type Checksum = { readonly algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512'; readonly hex: string }

const hexLengths = { md5: 32, sha1: 40, sha256: 64, sha512: 128 } as const

/**
 * Reads `algorithm:hex`, as CDI writes checksums.
 * @throws GitvirtError `InvalidChecksum`
 */
export function parseChecksum(text: string | undefined): Checksum | undefined {
  if (text === undefined || text === '') return undefined
  const [algorithm = '', hex = ''] = text.toLowerCase().split(':')
  if (isAlgorithm(algorithm) && hex.length === hexLengths[algorithm] && /^[0-9a-f]+$/.test(hex)) return { algorithm, hex }
  throw new GitvirtError({
    code: 'InvalidChecksum',
    message: `"${text.slice(0, 200)}" is not a checksum.`,
    action: 'Write md5:, sha1:, sha256: or sha512: and the digest in hex.',
    terminal: true,
  })
}

/** Feeds the first `bytes` of a file to the hash; there must be at least one. */
export async function hashFile(hash: Hash, file: string, part: { readonly bytes: number; readonly signal: AbortSignal }): Promise<void> {
  const stream = createReadStream(file, { end: part.bytes - 1, highWaterMark: 2 ** 20, signal: part.signal })
  for await (const chunk of stream) hash.update(chunk as Buffer)
}

function isAlgorithm(text: string): text is Checksum['algorithm'] {
  return Object.hasOwn(hexLengths, text)
}
