/** Exit codes that every command keeps; shown in --help. */
export const exitCodes = { ok: 0, error: 1, changes: 2 } as const

/** Commands whose code 1 says "different", as that of `kubectl diff` does. */
const comparing: ReadonlySet<string> = new Set(['diff'])

/** The code with which a command tells an error. */
export function errorExitCode(command: string): number {
  return comparing.has(command) ? 2 : exitCodes.error
}
