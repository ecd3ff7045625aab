import { errorCode } from '../lib/errors.ts'
import type { ForgeHttp } from './http.ts'

/**
 * Asks who the token's own user is, and remembers the answer. Undefined where the forge does not tell: tokens of apps and pipelines
 * may not ask. Neither that nor a failure is remembered, because the token may be rotated and the forge may recover.
 */
export function createOwnId(http: ForgeHttp): () => Promise<number | undefined> {
  let known: number | undefined
  return async () => (known ??= await ask(http))
}

async function ask(http: ForgeHttp): Promise<number | undefined> {
  try {
    return (await http.call<{ readonly id?: number }>('GET', '/user')).id
  } catch (error) {
    if (errorCode(error) === 'ForgeRefused') return undefined
    throw error
  }
}
