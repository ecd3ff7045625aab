import type { Command } from 'commander'
import { createClient, type Client } from './client.ts'
import { terminalOf, type Terminal } from './terminal.ts'

export type GlobalOptions = {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly color?: boolean
}

/** What a command may touch: the terminal and a client that is made when first asked for. */
export type CliContext = Terminal & {
  readonly client: () => Client
  readonly namespace: () => string
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
    ...terminalOf(command),
    client: open,
    namespace: () => options.namespace ?? open().namespace,
  }
}
