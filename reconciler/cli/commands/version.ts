import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { contextOf } from '../context.ts'

/** The version in package.json. */
export function ownVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

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
