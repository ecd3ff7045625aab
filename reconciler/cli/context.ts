import type { Command } from 'commander'
import { createClient, type Client } from './client.ts'

/** Exit codes that every command keeps; shown in --help. */
export const exitCodes = { ok: 0, error: 1, changes: 2 } as const

/** Commands whose code 1 says "different", as that of `kubectl diff` does. */
const comparing: ReadonlySet<string> = new Set(['diff'])

/** The code with which a command tells an error. */
export function errorExitCode(command: string): number {
  return comparing.has(command) ? 2 : exitCodes.error
}

export type GlobalOptions = {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly color?: boolean
}

/** What a command may touch: the terminal and a client that is made when first asked for. */
export type CliContext = {
  readonly client: () => Client
  readonly namespace: () => string
  readonly color: boolean
  print(text: string): void
  note(text: string): void
}

/** Colours only on a terminal, and never where NO_COLOR is set (no-color.org). */
function wantsColor(flag: boolean | undefined): boolean {
  if (flag === false || (process.env['NO_COLOR'] ?? '') !== '') return false
  return process.stdout.isTTY || (process.env['FORCE_COLOR'] ?? '') !== ''
}

export function contextOf(command: Command): CliContext {
  const options = command.optsWithGlobals<GlobalOptions>()
  let client: Client | undefined
  const open = (): Client => {
    client ??= createClient({
      ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
      ...(options.context === undefined ? {} : { context: options.context }),
    })
    return client
  }
  return {
    client: open,
    namespace: () => options.namespace ?? open().namespace,
    color: wantsColor(options.color),
    print: (text) => process.stdout.write(text.endsWith('\n') ? text : `${text}\n`),
    note: (text) => process.stderr.write(`${text}\n`),
  }
}
