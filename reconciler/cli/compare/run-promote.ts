import { createMemoryBlobCache } from '../../desired/cache.ts'
import { GitvirtError } from '../../lib/errors.ts'
import { keyText, type ObjectKey } from '../../lib/object-key.ts'
import { withEdit } from '../../source/local-branch.ts'
import { resolveCommit } from '../../source/local-tree.ts'
import { openSide } from './open-side.ts'
import type { Operand } from './operand.ts'
import { planPromotion, type Declared, type Promotion } from './plan-promotion.ts'
import { lazyRepository } from './run-diff.ts'
import type { Side } from './side.ts'

export type PromoteOptions = {
  readonly from: Operand
  readonly to: Operand
  readonly repo: string
  readonly selects?: ((key: ObjectKey) => boolean) | undefined
  readonly fields?: readonly string[] | undefined
  /** Default: named after both sides and the tree. */
  readonly branch?: string | undefined
  readonly dryRun: boolean
}

export type Promoted = Promotion & {
  /** Absent where nothing was to be carried over. */
  readonly patch?: string
  /** Absent for a dry run. */
  readonly made?: { readonly branch: string; readonly commit: string }
}

/**
 * Writes a branch that carries the chosen fields from one environment to another. No work tree is touched.
 * @throws GitvirtError `InvalidOperand`, `CannotPromote`, `BranchExists`, `IdentityMissing`, and what opening a side throws
 */
export async function runPromote(options: PromoteOptions): Promise<Promoted> {
  const { from, to, repo } = options
  if (to.kind !== 'git') throw noPlace(to.name)
  await using stack = new AsyncDisposableStack()
  // What is compared and what the branch grows from is one commit, whatever the name means by then.
  const parent = await resolveCommit(repo, to.revision)
  const ports = { repo, repository: lazyRepository(repo, stack), renderings: createMemoryBlobCache(), state: noState }
  const left = declared(await openSide(from, ports))
  const right = declared(await openSide({ ...to, revision: parent }, ports))
  for (const side of [left, right]) if (side.rendered) throw overlaySide(side.name)
  const promotion = await planPromotion(left, right, options)
  if (promotion.files.size === 0) return promotion
  const files = new Map([...promotion.files].map(([path, text]) => [to.path === '' ? path : `${to.path}/${path}`, text]))
  return await withEdit({ repo, parent, files, keep: !options.dryRun }, async ({ tree, patch, commit }) => {
    if (options.dryRun) return { ...promotion, patch }
    const branch = options.branch ?? `promote/${shortName(from)}-to-${shortName(to)}-${tree.slice(0, 8)}`
    return { ...promotion, patch, made: { branch, commit: await commit({ branch, message: messageOf(options, promotion) }) } }
  })
}

function declared(side: Side): Declared {
  if (side.kind !== 'declared') throw noPlace(side.name)
  return side
}

/** What is rendered stands in no file: which of the overlay's files should say it is for a person to decide. */
function overlaySide(name: string): GitvirtError {
  return new GitvirtError({
    code: 'CannotPromote',
    message: `"${name}" is an overlay: its objects are rendered from several files, so that there is no one file to edit.`,
    action: 'Move the change into the base that both share, or edit the overlay by hand; "gitvirt diff" shows what is left.',
  })
}

async function noState(): Promise<never> {
  throw noPlace('live')
}

function noPlace(name: string): GitvirtError {
  return new GitvirtError({
    code: 'InvalidOperand',
    message: `Nothing can be promoted with "${name}": FROM must be declared, and TO must be in Git.`,
    action: 'Write REF:FOLDER or :FOLDER for TO, and REF:FOLDER, :FOLDER or ./FOLDER for FROM.',
  })
}

/** A name for a branch: the folder's last part, in letters that every forge takes. */
function shortName(operand: Operand): string {
  const path = operand.kind === 'git' ? operand.path || operand.revision : operand.name
  const last =
    path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .at(-1) ?? 'root'
  return last.replaceAll(/[^A-Za-z0-9-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'root'
}

function messageOf({ from, to }: PromoteOptions, { carried }: Promotion): string {
  const lines = carried.flatMap(({ key, fields }) =>
    fields.length === 0 ? [`${keyText(key)}: added`] : fields.map(({ path }) => `${keyText(key)}: ${path}`),
  )
  const shown = lines.length > 200 ? [...lines.slice(0, 200), `and ${lines.length - 200} more`] : lines
  return `Promote ${from.name} to ${to.name}\n\n${shown.join('\n')}\n`
}
