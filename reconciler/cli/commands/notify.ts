import type { Command } from 'commander'
import { contextOf } from '../context.ts'
import { outputFormat } from '../open-history.ts'
import { formatColumns, printable } from '../output/table.ts'

type Status = {
  readonly rules: readonly { readonly name: string; readonly to: string; readonly waiting: number; readonly lastSentAt?: string }[]
  readonly destinations: readonly { readonly name: string; readonly type: string; readonly undelivered: number }[]
  readonly error?: string
}

/** notify: whether news reaches people. */
export function notifyCommands(program: Command): void {
  const notify = program
    .command('notify')
    .description('Notifications: rules stand in gitvirt.yaml, addresses in the operator’s --notify-file')
  notify
    .command('test <destination>')
    .description('Send a test message to a destination, and print what its server answered')
    .addHelpText('after', '\nExit codes:\n  0  the server took it\n  1  it did not: the message says why')
    .action(async (destination: string, _options: unknown, command: Command) => {
      const context = contextOf(command)
      const request = { method: 'POST', body: { destination } }
      const { answer } = await context.client().call<{ answer: string }>('/gitvirt/v1/notifications/test', request)
      context.print(`${destination} answered: ${printable(answer)}`)
    })
  notify
    .command('status')
    .description('Show rules, destinations, and what waits to be told')
    .option('-o, --output <format>', 'json for machines')
    .action(async (flags: { output?: string }, command: Command) => {
      const context = contextOf(command)
      const format = outputFormat(flags.output, ['json'])
      const status = await context.client().call<Status>('/gitvirt/v1/notifications')
      context.print(format === 'json' ? JSON.stringify(status, null, 2) : statusText(status))
    })
}

function statusText({ rules, destinations, error }: Status): string {
  const known = new Set(destinations.map(({ name }) => name))
  const ruleRows = rules.map(({ name, to, waiting, lastSentAt }) => [
    name,
    known.has(to) ? to : `${to} (not there)`,
    String(waiting),
    lastSentAt ?? '-',
  ])
  const destinationRows = destinations.map(({ name, type, undelivered }) => [name, type, String(undelivered)])
  return [
    formatColumns([['RULE', 'TO', 'WAITING', 'LAST SENT'], ...ruleRows]),
    '',
    formatColumns([['DESTINATION', 'TYPE', 'UNDELIVERED'], ...destinationRows]),
    ...(error === undefined ? [] : ['', `error: ${printable(error)}`]),
  ].join('\n')
}
