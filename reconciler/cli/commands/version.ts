import type { Command } from 'commander'
import { ownVersion } from '../../lib/version.ts'
import { contextOf } from '../context.ts'

export function versionCommand(program: Command): void {
  program
    .command('version')
    .description('Show the versions of this command and of the server')
    .option('--client', 'only of this command')
    .action(async (options: { client?: boolean }, command: Command) => {
      const context = contextOf(command)
      context.print(`Client Version: v${ownVersion()}`)
      if (options.client === true) return
      const server = await context.client().call<{ gitVersion?: string }>('/version')
      context.print(`Server Version: ${server.gitVersion ?? 'unknown'}`)
    })
}
