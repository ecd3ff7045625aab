import { GitvirtError } from '../../lib/errors.ts'

/** One side of a comparison as a person names it. */
export type Operand =
  | { readonly kind: 'live'; readonly name: string }
  | { readonly kind: 'folder'; readonly name: string; readonly folder: string }
  | { readonly kind: 'git'; readonly name: string; readonly revision: string; readonly path: string }

/** Told in the help of every command that takes one. */
export const operandHelp = `
  REF           branch, tag or commit: the folder of --path in it (default: the repository's root)
  REF:FOLDER    an environment's folder at a branch, tag or commit, from the repository's root
  :FOLDER       the same at HEAD
  ./FOLDER      files as they are on disk, committed or not; also ../FOLDER, /FOLDER and .`

/** Told in the help of a command that compares with what runs too. */
export const liveHelp = `
  live          what runs: what the agents report as applied
  A branch that is called "live" is refs/heads/live.`

/**
 * Reads one side, by the same rules wherever it is written: a dot or slash in front means files on disk, `live` what runs, all else Git.
 * @param defaultPath folder for a revision that names none
 * @throws GitvirtError `InvalidOperand`
 */
export function parseOperand(text: string, defaultPath = ''): Operand {
  if (text === 'live') return { kind: 'live', name: 'live' }
  if (text === '.' || text === '..' || /^(?:\.{0,2}\/)/.test(text)) return { kind: 'folder', name: text, folder: text }
  const colon = colonOf(text)
  const revision = colon === -1 ? text : text.slice(0, colon) || 'HEAD'
  const path = colon === -1 ? defaultPath : text.slice(colon + 1)
  if (revision === '' || revision.startsWith('-') || /[\s\0]/.test(revision)) {
    throw new GitvirtError({
      code: 'InvalidOperand',
      message: `"${text}" names no side of a comparison.`,
      action: 'Write REF, REF:FOLDER, :FOLDER, ./FOLDER or live.',
    })
  }
  return { kind: 'git', name: colon === -1 && path !== '' ? `${revision}:${path}` : text, revision, path }
}

/** The colon between revision and path; one inside braces, as in `main@{10:30}`, is the revision's. */
function colonOf(text: string): number {
  let depth = 0
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (character === '{') depth += 1
    else if (character === '}') depth -= 1
    else if (character === ':' && depth <= 0) return index
  }
  return -1
}
