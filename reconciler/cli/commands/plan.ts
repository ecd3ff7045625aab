import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Plan } from '../../../schemas/generated/plan.ts'
import { GitvirtError } from '../../lib/errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { lateClientContextOf, type LateClientContext } from '../late-client.ts'
import type { OfflinePlan } from '../offline-plan.ts'
import type { Terminal } from '../terminal.ts'
import { maskPlan } from '../../plan/text/mask.ts'
import type { RequestPlan } from '../../plan/text/preview.ts'
import { renderPlan } from '../../plan/text/render.ts'

type PlanFlags = {
  readonly output?: string
  readonly exitCode?: boolean
  readonly offline?: boolean
  readonly repo?: string
  readonly ref?: string
  readonly path?: string
  readonly state?: string
  readonly saveState?: string
  readonly cacheDir?: string
  readonly also: readonly string[]
}

export function planCommand(program: Command): void {
  program
    .command('plan')
    .description('Show what the next pass would do: per object, per field, with its disruption class and what blocks it')
    .option('-o, --output <format>', 'text, markdown (for a comment of a forge) or json', 'text')
    .option('--exit-code', 'exit 2 where there are changes')
    .option('--offline', 'compute here from a repository and a saved state, without a server')
    .option('--repo <folder>', 'with --offline: the repository; default: the current folder')
    .option(
      '--ref <reference>',
      'what merging this branch, tag, commit or request (#12, !12; NAME//#12 of another source) would do, against what runs now; with --offline: the revision to plan; default there: HEAD',
    )
    .option('--path <folder>', 'with --offline: folder of the environment inside the repository')
    .option(
      '--also <source>',
      'with --offline: another source of the environment, as "gitvirt reconciler" takes it; may be repeated',
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .option('--state <file>', 'with --offline: what --save-state wrote')
    .option('--cache-dir <folder>', 'with --offline: keep parsed manifests here, so that nothing is parsed twice')
    .option('--save-state <file>', 'write what the agents reported to a file, for --offline, and end')
    .addHelpText(
      'after',
      '\nExamples:\n  gitvirt plan --exit-code                       2 where something would change\n  gitvirt plan --save-state state.json           on a machine that reaches the server\n  gitvirt plan --ref my-branch                   what merging it would do, against what runs now\n  gitvirt plan --ref "#12" -o markdown           the same for a request, as a comment\n  gitvirt plan --offline --state state.json --repo . --ref my-branch --exit-code',
    )
    .addHelpText(
      'after',
      '\nExit codes:\n  0  computed\n  1  error, or files that cannot be read: they are named with the plan of the rest\n  2  with --exit-code: there are changes',
    )
    .action(async (flags: PlanFlags, command: Command) => {
      await showPlan(lateClientContextOf(command), flags)
    })
}

type Shown = {
  readonly plan: Plan
  readonly text: () => string
  readonly markdown: () => Promise<string>
  readonly json: () => unknown
  /** True where some of the repository could not be read, which is shown with the plan. */
  readonly unread?: true
}

const formats: Readonly<Record<string, (shown: Shown) => string | Promise<string>>> = {
  text: ({ text }) => text(),
  markdown: async ({ markdown }) => await markdown(),
  json: ({ json }) => JSON.stringify(json(), null, 2),
}

async function showPlan(context: LateClientContext, flags: PlanFlags): Promise<void> {
  const output = flags.output ?? 'text'
  const format = formats[output]
  if (format === undefined) {
    throw new GitvirtError({
      code: 'InvalidFlag',
      message: `error: "${output}" is not an output format of a plan`,
      action: `Use ${Object.keys(formats).join(', ')}.`,
    })
  }
  if (flags.saveState !== undefined) {
    const client = await context.client()
    const state = await client.call<unknown>('/gitvirt/v1/state')
    await writeFile(flags.saveState, `${JSON.stringify(state)}\n`, { mode: 0o600 })
    context.note(`state written to ${flags.saveState}`)
    return
  }
  const previews = flags.ref !== undefined && flags.offline !== true
  const shown = previews ? await showPreview(context, flags.ref ?? '') : await showOne(context, flags)
  context.print(await format(shown))
  if (output === 'text' && flags.offline !== true && !previews) await noteApproval(context, shown.plan)
  if (flags.exitCode === true && shown.plan.changes.length > 0) process.exitCode = exitCodes.changes
  // What could not be read may change anything, so no other code may hide it.
  if (shown.unread === true) process.exitCode = exitCodes.error
}

async function noteApproval(context: LateClientContext, { id, changes }: Plan): Promise<void> {
  const { opensByWord } = await import('../../plan/approve.ts')
  if (changes.some(({ blocked }) => blocked.some(opensByWord)))
    context.note(`\nTo approve what is held back: gitvirt approve ${id.slice(0, 12)}`)
}

async function showOne(context: LateClientContext, flags: PlanFlags): Promise<Shown> {
  if (flags.offline !== true) return showWhole(context, await (await context.client()).call<Plan>('/gitvirt/v1/plan'))
  const { plan, errors } = await offline(flags)
  return errors.length === 0 ? showWhole(context, plan) : await showUnread(context, plan, errors)
}

async function showUnread(context: Terminal, plan: Plan, errors: OfflinePlan['errors']): Promise<Shown> {
  const { renderUnread } = await import('../../plan/text/preview.ts')
  return {
    plan,
    text: () => renderUnread(plan, errors, { color: context.color }),
    markdown: async () => (await import('../../plan/text/markdown.ts')).planMarkdown(plan, errors),
    json: () => ({ ...(maskPlan(plan) as object), errors }),
    unread: true,
  }
}

function showWhole(context: Terminal, plan: Plan): Shown {
  return {
    plan,
    text: () => renderPlan(plan, { color: context.color }),
    markdown: async () => (await import('../../plan/text/markdown.ts')).planMarkdown(plan),
    json: () => maskPlan(plan),
  }
}

/** The merge result against what runs now; only what merging adds counts as a change. */
async function showPreview(context: LateClientContext, ref: string): Promise<Shown> {
  const client = await context.client()
  const request = await client.call<RequestPlan>(`/gitvirt/v1/plan?ref=${encodeURIComponent(ref)}`)
  const { addedPlan, renderPreview } = await import('../../plan/text/preview.ts')
  return {
    plan: addedPlan(request),
    text: () => renderPreview(request, { color: context.color }),
    markdown: async () => (await import('../../plan/text/markdown.ts')).previewMarkdown(request),
    json: () => ({ ...request, plan: maskPlan(request.plan) }),
  }
}

async function offline(flags: PlanFlags): Promise<OfflinePlan> {
  if (flags.state === undefined) {
    throw new GitvirtError({
      code: 'InvalidFlag',
      message: 'error: an offline plan needs the observed state.',
      action: 'Save it with "gitvirt plan --save-state FILE" and name it with --state.',
    })
  }
  const { offlinePlan } = await import('../offline-plan.ts')
  const others = flags.also.length === 0 ? [] : (await import('./source-flags.ts')).otherSources(flags.also)
  return await offlinePlan({
    repo: flags.repo ?? '.',
    stateFile: flags.state,
    others,
    ...(flags.ref === undefined ? {} : { ref: flags.ref }),
    ...(flags.path === undefined ? {} : { path: flags.path }),
    ...(flags.cacheDir === undefined ? {} : { cacheDir: flags.cacheDir }),
  })
}
