import type { Command } from 'commander'

/** Where a command speaks to a person. */
export type Terminal = {
  readonly color: boolean
  print(text: string): void
  note(text: string): void
}

/** The terminal of a command, with the colours that its flags ask for. */
export function terminalOf(command: Command): Terminal {
  return {
    color: wantsColor(command.optsWithGlobals<{ readonly color?: boolean }>().color),
    print: (text) => process.stdout.write(text.endsWith('\n') ? text : `${text}\n`),
    note: (text) => process.stderr.write(`${text}\n`),
  }
}

/** Colours only on a terminal, and never where NO_COLOR is set (no-color.org). */
function wantsColor(flag: boolean | undefined): boolean {
  if (flag === false || (process.env['NO_COLOR'] ?? '') !== '') return false
  return process.stdout.isTTY || (process.env['FORCE_COLOR'] ?? '') !== ''
}
