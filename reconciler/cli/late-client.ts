import type { Command } from 'commander'
import type { Client } from './client.ts'
import { terminalOf, type Terminal } from './terminal.ts'

/** The terminal, and a client that is loaded and made when asked for: for commands that mostly need none. */
export type LateClientContext = Terminal & { readonly client: () => Promise<Client> }

export function lateClientContextOf(command: Command): LateClientContext {
  return { ...terminalOf(command), client: async () => (await import('./context.ts')).contextOf(command).client() }
}
