import type { Command } from 'commander'
import type { ObjectKey } from '../../lib/object-key.ts'
import type { PastAnswer } from '../../past.ts'
import { contextOf, type CliContext, type GlobalOptions } from '../context.ts'
import { outputFormat, typedKey } from '../open-history.ts'
import { pastObjectView, pastTable, type PastView } from '../output/past-text.ts'
import type { DesiredAnswer } from '../past-desired.ts'
import { sinceTime } from '../since.ts'
import { yamlText } from '../output/yaml-text.ts'

type Flags = { readonly at: string; readonly repo: string; readonly path?: string; readonly output?: string }

const formats = ['wide', 'json', 'yaml'] as const

/** history: desired and observed state at a time. */
export function historyCommand(program: Command): void {
  program
    .command('history [object]')
    .description('Show what Git wanted and what ran at a time: gitvirt history --at 2026-01-31T08:00:00Z vm/web')
    .requiredOption('--at <time>', 'the time (needed): 2026-01-31, 2026-01-31T08:00:00Z, or so long ago: 12h, 7d')
    .option('--repo <folder>', 'a clone of the repository, which manifests are read from', '.')
    .option('--path <folder>', 'folder of the environment inside the repository; default: the reconciler’s')
    .option('-o, --output <format>', `one of ${formats.join(', ')}`)
    .addHelpText(
      'after',
      '\nWhat ran is told by the reconciler, for as long as it keeps it; what Git wanted comes from the revision that was in force then.',
    )
    .addHelpText('after', '\nExamples:\n  gitvirt history --at 12h\n  gitvirt history --at 2026-01-31T08:00:00Z vm/web -o yaml')
    .addHelpText('after', '\nExit codes:\n  0  shown, also where nothing was kept of that time: the answer says so\n  1  error')
    .action(async (object: string | undefined, flags: Flags, command: Command) => {
      const { namespace } = command.optsWithGlobals<GlobalOptions>()
      const key = object === undefined ? {} : { key: typedKey(object, namespace) }
      await showHistory(contextOf(command), { flags, ...key })
    })
}

async function showHistory(context: CliContext, { flags, key }: { readonly flags: Flags; readonly key?: ObjectKey }): Promise<void> {
  const output = outputFormat(flags.output, formats)
  const at = new Date(sinceTime(flags.at, new Date())).toISOString()
  const query = new URLSearchParams({ at, ...(key === undefined ? {} : { key }) })
  const past = await context.client().call<PastAnswer>(`/gitvirt/v1/history?${query.toString()}`)
  const desired = await desiredAt(past, { flags, ...(key === undefined ? {} : { key }) })
  for (const line of gaps(past)) context.note(line)
  const view: PastView = { past, desired }
  if (output === 'json') context.print(JSON.stringify(pastObjectView(view, key), null, 2))
  else if (output === 'yaml' || key !== undefined) context.print(await yamlText(pastObjectView(view, key)))
  else context.print(pastTable(view, output === 'wide'))
}

async function desiredAt(
  { revision, path }: PastAnswer,
  { flags, key }: { readonly flags: Flags; readonly key?: ObjectKey },
): Promise<DesiredAnswer | undefined> {
  if (revision === undefined) return undefined
  const { pastDesired } = await import('../past-desired.ts')
  return await pastDesired({ repo: flags.repo, revision: revision.commit, path: flags.path ?? path, ...(key === undefined ? {} : { key }) })
}

/** What is not known of the time that was asked for. */
function gaps({ at, revision, revisionsSince, observedSince }: PastAnswer): string[] {
  const first = revisionsSince === undefined ? 'no revision was kept yet' : `the first one that was kept came at ${revisionsSince}`
  return [
    ...(revision === undefined ? [`The revision in force at ${at} is not known: ${first}.`] : []),
    ...(at < observedSince ? [`What ran at ${at} is not known: it has been kept since ${observedSince}.`] : []),
  ]
}
