import type { Command } from 'commander'
import type { ChainFault, ChainReport, KnownHead } from '../../history/audit/verify-chain.ts'
import { GitvirtError } from '../../lib/errors.ts'
import { contextOf, type CliContext } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { outputFormat } from '../open-history.ts'
import { printable } from '../output/table.ts'

type VerifyFlags = { readonly repo: string; readonly output?: string; readonly head?: readonly string[] }

export function auditCommands(program: Command): void {
  const audit = program.command('audit').description('The receipts of what was applied, kept as Git notes (refs/notes/gitvirt)')
  audit
    .command('verify')
    .description('Check that no receipt was altered, removed, moved or repeated')
    .option('--repo <folder>', 'a clone of the repository', '.')
    .option(
      '--head <environment=digest>',
      'newest receipt of an environment, known from elsewhere: shows a chain that lost its end',
      collect,
    )
    .option('-o, --output <format>', 'json for machines')
    .addHelpText(
      'after',
      '\nExamples:\n  git fetch origin refs/notes/gitvirt:refs/notes/gitvirt && gitvirt audit verify\n  gitvirt audit verify --head prod=3b0c…',
    )
    .addHelpText('after', '\nExit codes:\n  0  intact\n  1  broken, with each receipt named; or an error')
    .action(async (flags: VerifyFlags, command: Command) => await verify(contextOf(command), flags))
  audit
    .command('export')
    .description('Print all receipts, each environment in the order of its chain')
    .option('--repo <folder>', 'a clone of the repository', '.')
    .option('-o, --output <format>', 'jsonl or csv', 'jsonl')
    .addHelpText('after', '\nExit codes:\n  0  printed; whether they are true, "gitvirt audit verify" tells\n  1  error')
    .action(async (flags: { repo: string; output?: string }, command: Command) => await exportReceipts(contextOf(command), flags))
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

async function verify(context: CliContext, { repo, output, head }: VerifyFlags): Promise<void> {
  const format = outputFormat(output, ['json'])
  const { auditReport } = await import('../../history/report/audit-report.ts')
  const report = await auditReport(repo, new Map((head ?? []).map(knownHead)))
  if (format === 'json')
    context.print(JSON.stringify({ ...report, heads: Object.fromEntries(report.heads), partial: [...report.partial] }, null, 2))
  else context.print(verdict(report))
  if (report.faults.length > 0) process.exitCode = exitCodes.error
}

function knownHead(text: string): [string, KnownHead] {
  const [, environment = '', digest = ''] = /^(.+)=([0-9a-f]{64})$/.exec(text) ?? []
  if (digest !== '') return [environment, { digest }]
  throw new GitvirtError({
    code: 'InvalidFlag',
    message: `error: "${text}" is not ENVIRONMENT=DIGEST`,
    action: 'The digest has 64 hex digits, as "gitvirt audit export" prints it.',
  })
}

function verdict({ faults, heads, receipts, partial }: ChainReport): string {
  const ends = [...heads].map(
    ([environment, { sequence, digest }]) => `${printable(environment)}: ${sequence} receipts, the last is ${digest}`,
  )
  const parts = [...partial].map(
    (environment) =>
      `${printable(environment)}: only receipts of this repository's objects; what is missing is told by the repository with its gitvirt.yaml`,
  )
  if (faults.length === 0) return [`intact: ${receipts} receipts`, ...ends, ...parts].join('\n')
  return [...faults.map(faultLine), `broken: ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'} in ${receipts} receipts`].join(
    '\n',
  )
}

function faultLine({ code, message, environment, sequence, commit, line }: ChainFault): string {
  const receipt = environment === undefined ? 'a receipt' : `${printable(environment)} receipt ${sequence ?? '?'}`
  const place = commit === undefined ? '' : ` (note of ${commit.slice(0, 12)}, line ${line ?? 1})`
  return `${code}: ${receipt}${place}: ${printable(message)}`
}

async function exportReceipts(context: CliContext, { repo, output }: { repo: string; output?: string }): Promise<void> {
  const format = outputFormat(output, ['jsonl', 'csv'])
  const { auditedReceipts } = await import('../../history/report/audit-report.ts')
  const { receiptsCsv } = await import('../../history/audit/export-csv.ts')
  const { receiptLine } = await import('../../history/audit/receipt.ts')
  const receipts = await auditedReceipts(repo)
  if (format === 'csv') context.print(receiptsCsv(receipts))
  else context.print(receipts.map((receipt) => `${receiptLine(receipt)}\n`).join(''))
}
