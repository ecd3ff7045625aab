import type { Command } from 'commander'
import { resolveCommit, openRepository, type LocalRepository } from '../../history/read/repository.ts'
import { reportedChange } from '../../history/report/log-report.ts'
import { commitRevert, fetchBranch, makeBranch, pushCommit, type RemoteBranch } from '../../history/rollback/commit-revert.ts'
import { revert, type Revert } from '../../history/rollback/revert.ts'
import { GitvirtError } from '../../lib/errors.ts'
import { parseSubPath } from '../../source/options.ts'
import { contextOf, type CliContext, type GlobalOptions } from '../context.ts'
import { typedKey } from '../open-history.ts'
import { changeLines } from '../output/history-text.ts'
import { printable } from '../output/table.ts'

type RollbackFlags = {
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

export function rollbackCommand(program: Command): void {
  program
    .command('rollback <commit>')
    .description('Make the commit that takes another one back, on a branch of its own; the work tree is not touched')
    .option('--object <kind/name>', 'take back only what the commit did to this object')
    .option('--branch <name>', 'the new branch; default: gitvirt/rollback-COMMIT')
    .option('--push', 'instead of a branch, push to the tracked branch with your own credentials; never by force')
    .option('--onto <branch>', 'with --push: the tracked branch; default: the branch that is checked out')
    .option('--remote <name>', 'with --push: the remote', 'origin')
    .option('--mainline <number>', 'of a merge: the parent that stays; default: 1, the main line')
    .option('--repo <folder>', 'a clone of the repository', '.')
    .option('--ref <reference>', 'what the new branch starts from', 'HEAD')
    .option('--path <folder>', 'folder of the environment inside the repository; default: its root')
    .option('-S, --sign', 'sign the commit with your key')
    .option('--dry-run', 'only say what it would do')
    .addHelpText(
      'after',
      '\nExamples:\n  gitvirt log vm/web                                     find the commit\n  gitvirt rollback 3f2a9c1d0b7e --dry-run                what it would do to each object\n  gitvirt rollback 3f2a9c1d0b7e && git push origin gitvirt/rollback-3f2a9c1d0b7e\n  gitvirt rollback 3f2a9c1d0b7e --object vm/web --push   straight to the tracked branch',
    )
    .addHelpText(
      'after',
      '\nExit codes:\n  0  the commit is made\n  1  error: also where later commits are in the way, each file with what to do',
    )
    .action(async (commit: string, flags: RollbackFlags, command: Command) => {
      await rollback(contextOf(command), { commit, flags, ...command.optsWithGlobals<GlobalOptions>() })
    })
}

async function rollback(
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
