import { errorCode } from '../lib/errors.ts'
import type { ForgeHttp } from './http.ts'

/** Who the token's own user is. */
export type OwnId = {
  /** Undefined where neither the forge tells nor anything was made yet. @throws GitvirtError what the forge's calls throw */
  ask(): Promise<number | undefined>
  /** The forge named us as the author of what was just made. */
  learn(author: number | undefined): void
  /** The token may have been rotated and be another user's. */
  forget(): void
}

/**
 * Asks the forge, and remembers the answer. Tokens of apps and pipelines may not ask, nor Gitea's without `read:user`; who made a
 * comment is told to each. A refusal is not remembered, because the token may be rotated, nor a failure, because the forge may recover.
 */
export function createOwnId(http: ForgeHttp): OwnId {
  let known: number | undefined
  return {
    ask: async () => (known ??= await ask(http)),
    learn: (author) => (known = author ?? known),
    forget: () => (known = undefined),
  }
}

async function ask(http: ForgeHttp): Promise<number | undefined> {
  try {
    return (await http.call<{ readonly id?: number }>('GET', '/user')).id
  } catch (error) {
    if (errorCode(error) === 'ForgeRefused') return undefined
    throw error
  }
}
