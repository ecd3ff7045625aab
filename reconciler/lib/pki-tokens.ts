import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { GitvirtError } from './errors.ts'
import { readIfPresent, writePrivateFile } from './private-file.ts'

type StoredToken = { readonly node: string; readonly hash: string; readonly expires: string }

/** One-time tokens that let a new host ask for its certificate. Only hashes are stored. */
export type JoinTokens = {
  create(node: string, expires: Date): Promise<string>
  /** Uses a token up and tells the node it was made for. @throws GitvirtError `InvalidJoinToken` */
  redeem(secret: string, now: Date): Promise<string>
}

/** Keeps the tokens of one file. */
export function createJoinTokens(path: string): JoinTokens {
  let tail: Promise<unknown> = Promise.resolve()
  // Two requests with the same token must not both find it.
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => undefined)
    return await result
  }
  const read = async (): Promise<StoredToken[]> => JSON.parse((await readIfPresent(path)) ?? '[]') as StoredToken[]
  const write = (tokens: readonly StoredToken[]): Promise<void> => writePrivateFile(path, JSON.stringify(tokens))
  return {
    create: (node, expires) =>
      inTurn(async () => {
        const secret = randomBytes(32).toString('base64url')
        await write([...(await read()), { node, hash: hashOf(secret), expires: expires.toISOString() }])
        return secret
      }),
    redeem: (secret, now) =>
      inTurn(async () => {
        const live = (await read()).filter((token) => Date.parse(token.expires) > now.getTime())
        const found = live.find((token) => timingSafeEqual(Buffer.from(token.hash, 'hex'), Buffer.from(hashOf(secret), 'hex')))
        await write(live.filter((token) => token !== found))
        if (found !== undefined) return found.node
        throw new GitvirtError({
          code: 'InvalidJoinToken',
          message: 'The join token is unknown, used up or expired.',
          action: 'Make a new one on the reconciler.',
        })
      }),
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
