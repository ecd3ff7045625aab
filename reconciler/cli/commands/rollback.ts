import type { Command } from 'commander'
import { contextOf, type GlobalOptions } from '../context.ts'
import type { RollbackFlags } from '../take-back.ts'

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
      const { rollback } = await import('../take-back.ts')
      await rollback(contextOf(command), { commit, flags, ...command.optsWithGlobals<GlobalOptions>() })
    })
}
