import type { Command } from 'commander'
import type { LogReport } from '../../history/report/log-report.ts'
import { GitvirtError } from '../../lib/errors.ts'
import { contextOf, type CliContext, type GlobalOptions } from '../context.ts'
import { outputFormat, typedKey, withHistory, type HistoryFlags } from '../open-history.ts'
import { environmentLog, objectLog } from '../output/history-text.ts'
import { sinceTime } from '../since.ts'
import { yamlText } from '../output/yaml-text.ts'

type LogFlags = HistoryFlags & { readonly output?: string; readonly since?: string; readonly limit?: string }

const formats = ['wide', 'json', 'yaml', 'name'] as const

export function logCommand(program: Command): void {
  program
    .command('log [object]')
    .description('Show which commits changed the meaning of an object: gitvirt log vm/web; without one, of the environment')
    .option('-o, --output <format>', `one of ${formats.join(', ')}`)
    .option('--repo <folder>', 'a clone of the repository', '.')
    .option('--ref <reference>', 'branch, tag or commit', 'HEAD')
    .option('--path <folder>', 'folder of the environment inside the repository; default: its root')
    .option('--since <time>', 'only commits since a time or for a duration: 2026-01-31, 2026-01-31T08:00:00Z, 12h, 7d')
    .option('--limit <number>', 'most commits')
    .option('--first-parent', 'the main line only: a merge stands for all that it brought')
    .option('--cache-dir <folder>', 'keep parsed manifests here (default: ~/.cache/gitvirt)')
    .addHelpText(
      'after',
      '\nReformatting, comments, moves between files and renames of files are no changes. Needs no server. Without -n the namespace is "default".',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  gitvirt log vm/web --path environments/prod\n  gitvirt log --since 7d -o wide\n  gitvirt log vm/web -o name --limit 1        the commit that changed it last',
    )
    .addHelpText('after', '\nExit codes:\n  0  shown, also where nothing changed\n  1  error')
    .action(async (object: string | undefined, flags: LogFlags, command: Command) => {
      await showLog(contextOf(command), { object, flags, ...command.optsWithGlobals<GlobalOptions>() })
    })
}

async function showLog(context: CliContext, call: { object: string | undefined; flags: LogFlags } & GlobalOptions): Promise<void> {
  const { flags } = call
  const output = outputFormat(flags.output, formats)
  const object = call.object === undefined ? {} : { object: typedKey(call.object, call.namespace) }
  const since = flags.since === undefined ? {} : { since: sinceTime(flags.since, new Date()) }
  const limit = flags.limit === undefined ? {} : { limit: wholeNumber(flags.limit) }
  const { logReport } = await import('../../history/report/log-report.ts')
  const report = await withHistory(flags, async (history) => await logReport(history, { ...object, ...since, ...limit }))
  if (output === 'json') context.print(JSON.stringify(report, null, 2))
  else if (output === 'yaml') context.print(await yamlText(report))
  else if (report.entries.length === 0) context.note('No changes found.')
  else context.print(logText(report, { output, color: context.color }))
}

function logText(report: LogReport, { output, color }: { output: 'wide' | 'name' | undefined; color: boolean }): string {
  if (output === 'name') return report.entries.map(({ commit }) => commit).join('\n')
  const wide = output === 'wide'
  return report.object === undefined ? environmentLog(report, { wide, color }) : objectLog(report, wide)
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new GitvirtError({
    code: 'InvalidFlag',
    message: `error: "${text}" is not a number of commits`,
    action: 'Write a whole number from 1.',
  })
}
