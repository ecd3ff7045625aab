import { resolveCommit, openRepository, type LocalRepository } from '../history/read/repository.ts'
import { reportedChange } from '../history/report/log-report.ts'
import { commitRevert, fetchBranch, makeBranch, pushCommit, type RemoteBranch } from '../history/rollback/commit-revert.ts'
import { revert, type Revert } from '../history/rollback/revert.ts'
import { GitvirtError } from '../lib/errors.ts'
import { parseSubPath } from '../source/options.ts'
import type { CliContext, GlobalOptions } from './context.ts'
import { typedKey } from './open-history.ts'
import { changeLines } from './output/history-text.ts'
import { printable } from './output/table.ts'

/** Flags of `gitvirt rollback`. */
export type RollbackFlags = {
  readonly repo: string
  readonly ref: string
  readonly path?: string
  readonly object?: string
  readonly mainline?: string
  readonly branch?: string
  readonly push?: boolean
  readonly onto?: string
  readonly remote: string
  readonly sign?: boolean
  readonly dryRun?: boolean
}

/** Says what taking the commit back would do, and does it. */
export async function rollback(
  context: CliContext,
  { commit, flags, namespace }: { commit: string; flags: RollbackFlags } & GlobalOptions,
): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const repository = stack.adopt(await openRepository(flags.repo), async (value) => await value.close())
  const target = flags.push === true ? await remoteBranch(repository, flags) : undefined
  const onto = target === undefined ? await resolveCommit(repository, flags.ref) : await fetchBranch(repository, target)
  const plan = await revert({
    repository,
    commit,
    onto,
    path: parseSubPath(flags.path ?? ''),
    ...(flags.object === undefined ? {} : { object: typedKey(flags.object, namespace) }),
    ...(flags.mainline === undefined ? {} : { mainline: parentNumber(flags.mainline) }),
  })
  context.print(revertText(plan))
  if (flags.dryRun === true) return
  const made = await commitRevert(repository, plan, flags.sign === true)
  if (target === undefined)
    await toBranch(context, repository, { name: flags.branch ?? `gitvirt/rollback-${plan.reverted.id.slice(0, 12)}`, made })
  else {
    await pushCommit(repository, target, made)
    context.print(`Pushed ${made.slice(0, 12)} to ${target.branch} of ${target.remote}.`)
  }
}

async function toBranch(context: CliContext, repository: LocalRepository, { name, made }: { name: string; made: string }): Promise<void> {
  await makeBranch(repository, name, made)
  context.print(`Branch ${name} is at ${made.slice(0, 12)}. To open a pull request: git push origin ${name}`)
}

async function remoteBranch(repository: LocalRepository, flags: RollbackFlags): Promise<RemoteBranch> {
  if (flags.branch !== undefined)
    throw new GitvirtError({
      code: 'InvalidFlag',
      message: 'error: --branch and --push exclude each other',
      action: 'Leave one of them out.',
    })
  const branch = flags.onto ?? (await repository.checkedOut())
  if (branch !== undefined) return { remote: flags.remote, branch }
  throw new GitvirtError({
    code: 'InvalidFlag',
    message: 'error: no branch is checked out, so which one is tracked is unknown',
    action: 'Name it with --onto.',
  })
}

function parentNumber(text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text)
  throw new GitvirtError({
    code: 'InvalidFlag',
    message: `error: "${text}" is not the number of a parent`,
    action: 'Parents are counted from 1.',
  })
}

function revertText({ reverted, onto, changes }: Revert): string {
  const subject = printable(reverted.message.split('\n', 1)[0] ?? '')
  const lines = changes.flatMap((change) => changeLines(reportedChange(change), false))
  const what = lines.length === 0 ? ['    no object changes its meaning'] : lines
  return [`Taking back ${reverted.id.slice(0, 12)} "${subject}" on top of ${onto.slice(0, 12)}:`, ...what].join('\n')
}
