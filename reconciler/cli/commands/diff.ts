import type { Command } from 'commander'
import type { Comparison } from '../../compare/types.ts'
import { GitvirtError } from '../../lib/errors.ts'
import type { SavedState } from '../../plan/saved-view.ts'
import { liveHelp, operandHelp, parseOperand } from '../compare/operand.ts'
import { errorExitCode } from '../exit-codes.ts'
import { lateClientContextOf, type LateClientContext } from '../late-client.ts'

type DiffFlags = {
  readonly output: string
  readonly summary?: boolean
  readonly all?: boolean
  readonly repo: string
  readonly path?: string
  readonly cacheDir?: string
  readonly cache: boolean
  readonly state?: string
  readonly also: readonly string[]
}

const formats: ReadonlySet<string> = new Set(['text', 'markdown', 'json', 'side-by-side'])

export function diffCommand(program: Command): void {
  program
    .command('diff <A> <B> [selector]')
    .description('Show how two environments, revisions or folders differ in what they mean, or how one differs from what runs')
    .option('-o, --output <format>', 'text, markdown, json or side-by-side', 'text')
    .option('--summary', 'numbers only')
    .option('--all', 'show also what the Fleet of A allows to differ, marked as allowed')
    .option('--repo <folder>', 'a folder of the repository that REF and REF:FOLDER are read from', '.')
    .option('--path <folder>', "the environment's folder for a REF that names none")
    .option('--cache-dir <folder>', 'keep what was read here; default: a folder of your own below ~/.cache')
    .option('--no-cache', 'keep nothing')
    .option(
      '--also <source>',
      'with live: another source of the environment, as "gitvirt reconciler" takes it; may be repeated',
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .option('--state <file>', 'for live: what "plan --save-state" wrote, instead of asking the server')
    .addHelpText('after', `\nA and B:${operandHelp}${liveHelp}`)
    .addHelpText(
      'after',
      `
Selector: vm, vm/web, vm/team-a/web, dv/*-data,nncp; * stands for any text.

Objects are matched by kind, namespace and name and compared after conversion, defaults and expansion. "+" is only in B, "-" only
in A. What the Fleet of A (of B, where A is live) allows by spec.environments counts as equal.

Examples:
  gitvirt diff :environments/staging :environments/prod
  gitvirt diff main my-branch --path environments/prod -o markdown
  gitvirt diff HEAD~1:environments/prod ./environments/prod vm/web
  gitvirt diff live :environments/prod --summary

Exit codes:
  0  equal, but for what is allowed
  1  different
  2  error, also where a file of a side cannot be read and its objects are unknown`,
    )
    .action(async (a: string, b: string, selector: string | undefined, flags: DiffFlags, command: Command) => {
      // Stands where what follows throws.
      process.exitCode = errorExitCode('diff')
      process.exitCode = await diff(lateClientContextOf(command), { a, b, selector, flags })
    })
}

type DiffCall = { readonly a: string; readonly b: string; readonly selector: string | undefined; readonly flags: DiffFlags }

async function diff(context: LateClientContext, { a, b, selector, flags }: DiffCall): Promise<number> {
  if (!formats.has(flags.output)) {
    throw new GitvirtError({
      code: 'InvalidFlag',
      message: `error: "${flags.output}" is not an output format of a diff`,
      action: 'Use text, markdown, json or side-by-side.',
    })
  }
  const { defaultCacheDir, runDiff } = await import('../compare/run-diff.ts')
  const { exitCodeOf, withoutAllowed } = await import('../../compare/outcome.ts')
  const comparison = await runDiff({
    base: parseOperand(a, flags.path),
    other: parseOperand(b, flags.path),
    selects: selector === undefined ? undefined : (await import('../../compare/selector.ts')).parseSelector(selector),
    repo: flags.repo,
    others: flags.also.length === 0 ? [] : (await import('./source-flags.ts')).otherSources(flags.also),
    cacheDir: flags.cache ? (flags.cacheDir ?? defaultCacheDir()) : undefined,
    state: async () => await readState(context, flags),
  })
  context.print(await render(flags.all === true ? comparison : withoutAllowed(comparison), flags, context.color))
  return exitCodeOf(comparison)
}

async function readState(context: LateClientContext, { state }: DiffFlags): Promise<SavedState> {
  if (state === undefined) return await (await context.client()).call<SavedState>('/gitvirt/v1/state')
  const { readState: read } = await import('../state-file.ts')
  return await read(state)
}

async function render(comparison: Comparison, { output, summary }: DiffFlags, color: boolean): Promise<string> {
  const shown = summary === true ? { ...comparison, objects: [] } : comparison
  switch (output) {
    case 'json':
      return (await import('../../compare/text/render-json.ts')).renderJson(shown)
    case 'markdown':
      return (await import('../../compare/text/render-markdown.ts')).renderMarkdown(shown)
    case 'side-by-side':
      return (await import('../../compare/text/render-side-by-side.ts')).renderSideBySide(shown, {
        width: process.stdout.columns ?? 120,
        color,
      })
    default:
      return (await import('../../compare/text/render-text.ts')).renderText(shown, { color })
  }
}
