import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Plan } from '../../../schemas/generated/plan.ts'
import { GitvirtError } from '../../lib/errors.ts'
import { contextOf, exitCodes, type CliContext } from '../context.ts'
import { maskPlan } from '../../plan/text/mask.ts'
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
}

export function planCommand(program: Command): void {
  program
    .command('plan')
    .description('Show what the next pass would do: per object, per field, with its disruption class and what blocks it')
    .option('-o, --output <format>', 'text or json', 'text')
    .option('--exit-code', 'exit 2 where there are changes')
    .option('--offline', 'compute here from a repository and a saved state, without a server')
    .option('--repo <folder>', 'with --offline: the repository; default: the current folder')
    .option('--ref <reference>', 'with --offline: branch, tag or commit; default: HEAD')
    .option('--path <folder>', 'with --offline: folder of the environment inside the repository')
    .option('--state <file>', 'with --offline: what --save-state wrote')
    .option('--cache-dir <folder>', 'with --offline: keep parsed manifests here, so that nothing is parsed twice')
    .option('--save-state <file>', 'write what the agents reported to a file, for --offline, and end')
    .addHelpText(
      'after',
      '\nExamples:\n  gitvirt plan --exit-code                       2 where something would change\n  gitvirt plan --save-state state.json           on a machine that reaches the server\n  gitvirt plan --offline --state state.json --repo . --ref my-branch --exit-code',
    )
    .addHelpText('after', '\nExit codes:\n  0  computed\n  1  error\n  2  with --exit-code: there are changes')
    .action(async (flags: PlanFlags, command: Command) => {
      await showPlan(contextOf(command), flags)
    })
}

async function showPlan(context: CliContext, flags: PlanFlags): Promise<void> {
  if (flags.output !== 'text' && flags.output !== 'json') {
    throw new GitvirtError({
      code: 'InvalidFlag',
      message: `error: "${flags.output ?? ''}" is not an output format of a plan`,
      action: 'Use text or json.',
    })
  }
  if (flags.saveState !== undefined) {
    const state = await context.client().call<unknown>('/gitvirt/v1/state')
    await writeFile(flags.saveState, `${JSON.stringify(state)}\n`, { mode: 0o600 })
    context.note(`state written to ${flags.saveState}`)
    return
  }
  const plan = flags.offline === true ? await offline(flags) : await context.client().call<Plan>('/gitvirt/v1/plan')
  context.print(flags.output === 'json' ? JSON.stringify(maskPlan(plan), null, 2) : renderPlan(plan, { color: context.color }))
  const waits = plan.changes.some((change) => change.approval !== undefined)
  if (flags.output === 'text' && flags.offline !== true && waits)
    context.note(`\nTo approve what is held back: gitvirt approve ${plan.id.slice(0, 12)}`)
  if (flags.exitCode === true && plan.changes.length > 0) process.exitCode = exitCodes.changes
}

async function offline(flags: PlanFlags): Promise<Plan> {
  if (flags.state === undefined) {
    throw new GitvirtError({
      code: 'InvalidFlag',
      message: 'error: an offline plan needs the observed state.',
      action: 'Save it with "gitvirt plan --save-state FILE" and name it with --state.',
    })
  }
  const { offlinePlan } = await import('../offline-plan.ts')
  return await offlinePlan({
    repo: flags.repo ?? '.',
    stateFile: flags.state,
    ...(flags.ref === undefined ? {} : { ref: flags.ref }),
    ...(flags.path === undefined ? {} : { path: flags.path }),
    ...(flags.cacheDir === undefined ? {} : { cacheDir: flags.cacheDir }),
  })
}
