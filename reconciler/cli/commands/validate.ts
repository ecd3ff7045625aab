import type { Command } from 'commander'
import pc from 'picocolors'
import type { ManifestError } from '../../desired/types.ts'
import { exitCodes } from '../exit-codes.ts'
import { terminalOf, type Terminal } from '../terminal.ts'
import { printable } from '../output/table.ts'
import { keyText } from '../../lib/object-key.ts'

export function validateCommand(program: Command): void {
  program
    .command('validate <path>')
    .description('Check the manifests of a folder or file: syntax, fields, references; needs no server')
    .option('-o, --output <format>', 'json for machines')
    .option('--strict', 'warnings count as errors')
    .addHelpText('after', '\nExamples:\n  gitvirt validate .\n  gitvirt validate environments/prod -o json')
    .addHelpText('after', '\nExit codes:\n  0  clean\n  1  errors: each with file, line, column and what to do')
    .action(async (path: string, options: { output?: string; strict?: boolean }, command: Command) => {
      await validate(terminalOf(command), path, options)
    })
}

async function validate(terminal: Terminal, path: string, options: { output?: string; strict?: boolean }): Promise<void> {
  // Loaded here, so that other commands start without it.
  const { environmentFiles } = await import('../environment-files.ts')
  const files = await environmentFiles(path)
  const { createDesired } = await import('../../desired/state.ts')
  const { view } = await createDesired().update({
    revision: 'working folder',
    entries: files.entries,
    refused: files.refused,
    read: files.read,
  })
  const findings = view.errors().toSorted(byPlace)
  const errors = findings.filter((finding) => finding.severity === 'error').length
  const warnings = findings.length - errors
  const encrypted = [...view.keysOf('Secret'), ...view.keysOf('ConfigMap')].filter((key) => view.get(key)?.sealed !== undefined).length
  if (options.output === 'json') terminal.print(JSON.stringify({ errors, warnings, encrypted, findings }, null, 2))
  else {
    for (const finding of findings) terminal.print(findingLine(finding, terminal.color))
    const objects = [...view.keys()].length
    terminal.print(
      `${objects} ${plural(objects, 'object')} in ${files.entries.length} ${plural(files.entries.length, 'file')}: ${errors} ${plural(errors, 'error')}, ${warnings} ${plural(warnings, 'warning')}`,
    )
    if (encrypted > 0) terminal.print(`${encrypted} encrypted ${plural(encrypted, 'object')}: the values were not checked.`)
  }
  if (errors > 0 || (options.strict === true && warnings > 0)) process.exitCode = exitCodes.error
}

function plural(count: number, word: string): string {
  return count === 1 ? word : `${word}s`
}

function byPlace(one: ManifestError, other: ManifestError): number {
  return one.path === other.path ? one.line - other.line || one.column - other.column : one.path < other.path ? -1 : 1
}

/** file:line:column: severity: message, as compilers and editors have it. */
function findingLine(finding: ManifestError, color: boolean): string {
  const colors = pc.createColors(color)
  const severity = finding.severity === 'error' ? colors.red('error') : colors.yellow('warning')
  const object = finding.object === undefined ? '' : ` ${colors.dim(`(${keyText(finding.object)})`)}`
  const action = finding.action === undefined ? '' : ` ${printable(finding.action)}`
  return `${finding.path}:${finding.line}:${finding.column}: ${severity}: ${printable(finding.message)}${action}${object}`
}
