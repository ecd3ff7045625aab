import type { Command } from 'commander'
import { contextOf, type CliContext, type GlobalOptions } from '../context.ts'
import { outputFormat, typedKey, withHistory, type HistoryFlags } from '../open-history.ts'
import { blameTable } from '../output/history-text.ts'
import { printable } from '../output/table.ts'
import { yamlText } from '../output/yaml-text.ts'

type BlameFlags = HistoryFlags & { readonly output?: string }

const formats = ['wide', 'json', 'yaml'] as const

export function blameCommand(program: Command): void {
  program
    .command('blame <object>')
    .description('Show who set each field of an object, by which pull request, and where it landed: gitvirt blame vm/web')
    .option('-o, --output <format>', `one of ${formats.join(', ')}`)
    .option('--repo <folder>', 'a clone of the repository', '.')
    .option('--ref <reference>', 'branch, tag or commit', 'HEAD')
    .option('--path <folder>', 'folder of the environment inside the repository; default: its root')
    .option('--first-parent', 'the main line only: a merge stands for all that it brought')
    .option('--cache-dir <folder>', 'keep parsed manifests here (default: ~/.cache/gitvirt)')
    .addHelpText(
      'after',
      '\nMoves between files, renames and reformatting do not change who set a field. "(default)": Git does not set it; the commit is the one since which it has this value. LANDED needs the receipts: git fetch origin refs/notes/gitvirt:refs/notes/gitvirt',
    )
    .addHelpText('after', '\nExamples:\n  gitvirt blame vm/web --path environments/prod\n  gitvirt blame vm/web -n shop -o wide')
    .addHelpText('after', '\nExit codes:\n  0  shown\n  1  error, also where the object is not there')
    .action(async (object: string, flags: BlameFlags, command: Command) => {
      await showBlame(contextOf(command), { object, flags, ...command.optsWithGlobals<GlobalOptions>() })
    })
}

async function showBlame(
  context: CliContext,
  { object, flags, namespace }: { object: string; flags: BlameFlags } & GlobalOptions,
): Promise<void> {
  const output = outputFormat(flags.output, formats)
  const key = typedKey(object, namespace)
  const { blameReport } = await import('../../history/report/blame-report.ts')
  const report = await withHistory(flags, async (history) => await blameReport(history, key))
  if (report.unreadable !== undefined) context.note(`warning: shown as it was last readable. ${printable(report.unreadable)}`)
  if (output === 'json') context.print(JSON.stringify(report, null, 2))
  else if (output === 'yaml') context.print(await yamlText(report))
  else context.print(blameTable(report, output === 'wide'))
}
