import type { SignedCommit } from './signed-commit.ts'
import type { Signer } from './verify-signature.ts'

/** The e-mail addresses of a commit's author and committer, in small letters. They are what the commit says, not proven by anything. */
export function writersOf({ payload }: Pick<SignedCommit, 'payload'>): string[] {
  const text = payload.toString('utf8')
  const head = text.slice(0, Math.max(0, text.indexOf('\n\n')))
  const found = [...head.matchAll(/^(?:author|committer) [^\n]*?<([^>\n]*)> \d/gm)].map(([, email = '']) => email.trim().toLowerCase())
  return [...new Set(found)].filter((email) => email !== '')
}

/** All by which a signer may be known: the key, its name, and the address in that name. */
export function namesOf({ name, fingerprint }: Signer): string[] {
  const email = /<([^>]+)>/.exec(name)?.[1] ?? name
  return [fingerprint, name, email.trim().toLowerCase()].filter((one) => one !== '')
}

/** Stands for whoever signed a commit whose signature was not looked at. */
export const anybody = '*'

/** True where one of these names is among the makers, or where a maker may be anybody. */
export function isMaker(people: readonly string[], makers: ReadonlySet<string>): boolean {
  return makers.has(anybody) || people.some((one) => makers.has(one))
}
