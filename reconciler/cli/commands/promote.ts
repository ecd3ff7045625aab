import type { Command } from 'commander'
import { keyText } from '../../lib/object-key.ts'
import { operandHelp, parseOperand, type Operand } from '../compare/operand.ts'
import type { Promoted } from '../compare/run-promote.ts'
import { contextOf, type CliContext } from '../context.ts'
import { printable } from '../output/table.ts'

type PromoteFlags = {
  readonly fields?: string
  readonly branch?: string
  readonly dryRun?: boolean
  readonly repo: string
  readonly path?: string
}

export function promoteCommand(program: Command): void {
  program
    .command('promote <FROM> <TO> [selector]')
    .description('Write a branch that carries the differences from one environment to another, but for those that are allowed')
    .option('--fields <paths>', 'only these fields, with commas between; * stands for any text within one part; adds no objects')
    .option('--branch <name>', 'name of the new branch; default: named after both environments')
    .option('--dry-run', 'print the patch and write nothing')
    .option('--repo <folder>', 'a folder of the repository', '.')
    .option('--path <folder>', "the environment's folder for a REF that names none")
    .addHelpText('after', `\nFROM and TO (TO must be in Git):${operandHelp}`)
    .addHelpText(
      'after',
      `
The branch grows from TO's commit; the work tree is not touched. YAML is edited in place, comments and layout stay. What the Fleet of
either environment allows to differ is left out, and so are the Fleet itself and Secrets. Nothing is removed. Every edit is judged
like any manifest: where the fields would not be equal afterwards, no branch is written.

Examples:
  gitvirt promote :environments/staging :environments/prod --dry-run
  gitvirt promote :environments/staging :environments/prod vm/web --fields spec.template.spec.domain.memory.guest
  gitvirt promote my-branch:environments/staging main:environments/prod 'vm/*' --branch promote-vms

Exit codes:
  0  written, printed, or nothing to carry over
  1  error: nothing was written`,
    )
    .action(async (from: string, to: string, selector: string | undefined, flags: PromoteFlags, command: Command) => {
      const operands = { from: parseOperand(from, flags.path), to: parseOperand(to, flags.path) }
      const { runPromote } = await import('../compare/run-promote.ts')
      const { parseSelector } = await import('../../compare/selector.ts')
      const promoted = await runPromote({
        ...operands,
        repo: flags.repo,
        selects: selector === undefined ? undefined : parseSelector(selector),
        fields: flags.fields
          ?.split(',')
          .map((field) => field.trim())
          .filter((field) => field !== ''),
        branch: flags.branch,
        dryRun: flags.dryRun === true,
      })
      await show(contextOf(command), promoted, operands)
    })
}

async function show(
  context: CliContext,
  { patch, made, carried, left }: Promoted,
  { from, to }: { readonly from: Operand; readonly to: Operand },
): Promise<void> {
  for (const line of leftLines(left)) context.note(line)
  if (patch === undefined) {
    context.print(printable(`Nothing to promote from ${from.name} to ${to.name}.`))
    return
  }
  if (made === undefined) {
    context.print(patch)
    return
  }
  const { renderPromoted } = await import('../../compare/text/render-promoted.ts')
  context.print(renderPromoted(carried, { color: context.color }))
  const into = to.kind === 'git' ? to.revision : 'main'
  context.print(
    printable(`Branch ${made.branch} is at ${made.commit.slice(0, 12)}. Next:`) +
      `\n  git push --set-upstream origin ${printable(made.branch)}\n  then open a pull request from it${into === 'HEAD' ? '' : ` into ${printable(into)}`}`,
  )
}

const mostNamed = 5

/** One line for each reason, with the first objects that it holds for. */
function leftLines(left: Promoted['left']): string[] {
  return [...Map.groupBy(left, ({ reason }) => reason)].map(([reason, all]) => {
    const names = all.slice(0, mostNamed).map(({ key }) => keyText(key))
    const more = all.length > mostNamed ? ` and ${all.length - mostNamed} more` : ''
    return printable(`left out: ${names.join(', ')}${more}: ${reason}`)
  })
}
