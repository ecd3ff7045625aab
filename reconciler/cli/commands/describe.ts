import type { Command } from 'commander'
import { contextOf, type CliContext } from '../context.ts'
import { discover, resourcePath } from '../discovery.ts'
import { humanAge } from '../output/age.ts'
import { describeObject, type DescribedEvent } from '../output/describe.ts'
import { formatColumns, printable } from '../output/table.ts'
import { parseTargets } from './get.ts'

type Event = {
  readonly metadata: { readonly namespace?: string }
  readonly type?: string
  readonly reason?: string
  readonly message?: string
  readonly count?: number
  readonly firstTimestamp?: string
  readonly lastTimestamp?: string
  readonly source?: { readonly component?: string }
  readonly involvedObject: { readonly kind?: string; readonly name?: string; readonly namespace?: string }
}
type EventList = { readonly items: readonly Event[] }

export function describeCommand(program: Command): void {
  program
    .command('describe <types> [names...]')
    .description('Show one object in full, with its events: gitvirt describe vm demo')
    .action(async (types: string, names: string[], _options: unknown, command: Command) => {
      await describe(contextOf(command), types, names)
    })
}

async function describe(context: CliContext, types: string, names: readonly string[]): Promise<void> {
  const texts: string[] = []
  for (const target of parseTargets(await discover(context.client()), types, names)) {
    const wanted = target.names.length > 0 ? target.names : await allNames(context, resourcePath(target.resource, context.namespace()))
    for (const name of wanted) {
      const object = await context
        .client()
        .call<{ readonly kind?: string; readonly metadata?: Readonly<Record<string, unknown>> }>(
          resourcePath(target.resource, context.namespace(), name),
        )
      texts.push(
        describeObject(object, await eventsOf(context, { kind: target.resource.kind, name, namespaced: target.resource.namespaced })),
      )
    }
  }
  context.print(texts.join('\n\n\n'))
}

async function allNames(context: CliContext, path: string): Promise<readonly string[]> {
  const list = await context.client().call<{ readonly items: readonly { readonly metadata: { readonly name: string } }[] }>(path)
  return list.items.map((item) => item.metadata.name)
}

async function eventsOf(
  context: CliContext,
  object: { kind: string; name: string; namespaced: boolean },
): Promise<readonly DescribedEvent[]> {
  const selector = new URLSearchParams({ fieldSelector: `involvedObject.kind=${object.kind},involvedObject.name=${object.name}` })
  const scope = object.namespaced ? `/namespaces/${encodeURIComponent(context.namespace())}` : ''
  const { items } = await context.client().call<EventList>(`/api/v1${scope}/events?${selector.toString()}`)
  return items.toSorted(byTime).map((event) => ({
    ...(event.type === undefined ? {} : { type: event.type }),
    ...(event.reason === undefined ? {} : { reason: event.reason }),
    ...(event.message === undefined ? {} : { message: event.message }),
    ...(event.source?.component === undefined ? {} : { from: event.source.component }),
    age: eventAge(event),
  }))
}

function byTime(left: Event, right: Event): number {
  return Date.parse(left.lastTimestamp ?? '') - Date.parse(right.lastTimestamp ?? '')
}

/** kubectl's form: "3s (x4 over 2m)" where the event came more than once. */
function eventAge(event: Event): string {
  const last = humanAge(event.lastTimestamp, new Date())
  return (event.count ?? 1) > 1 ? `${last} (x${event.count} over ${humanAge(event.firstTimestamp, new Date())})` : last
}

export function eventsCommand(program: Command): void {
  program
    .command('events')
    .description('Show what happened, oldest first')
    .option('-A, --all-namespaces', 'events of all namespaces')
    .option('--for <type/name>', 'only events of one object, e.g. vm/demo')
    .option('--types <types>', 'only Normal, only Warning, or both: Normal,Warning')
    .action(async (options: { allNamespaces?: boolean; for?: string; types?: string }, command: Command) => {
      await events(contextOf(command), options)
    })
}

async function events(context: CliContext, options: { allNamespaces?: boolean; for?: string; types?: string }): Promise<void> {
  const scope = options.allNamespaces === true ? '' : `/namespaces/${encodeURIComponent(context.namespace())}`
  const { items } = await context.client().call<EventList>(`/api/v1${scope}/events${await objectSelector(context, options.for)}`)
  const types = options.types?.split(',')
  const shown = items.filter((event) => types === undefined || types.includes(event.type ?? '')).toSorted(byTime)
  if (shown.length === 0)
    return context.note(options.allNamespaces === true ? 'No events found.' : `No events found in ${context.namespace()} namespace.`)
  const first = options.allNamespaces === true
  const rows = shown.map((event) => {
    const object = `${event.involvedObject.kind?.toLowerCase() ?? ''}/${event.involvedObject.name ?? ''}`
    const cells = [eventAge(event), event.type ?? '', event.reason ?? '', object, printable(event.message ?? '')]
    return first ? [event.metadata.namespace ?? '', ...cells] : cells
  })
  const header = ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']
  context.print(formatColumns([first ? ['NAMESPACE', ...header] : header, ...rows]))
}

async function objectSelector(context: CliContext, word: string | undefined): Promise<string> {
  if (word === undefined) return ''
  const target = parseTargets(await discover(context.client()), word, [])[0]
  if (target === undefined) return ''
  const fieldSelector = `involvedObject.kind=${target.resource.kind},involvedObject.name=${target.names[0] ?? ''}`
  return `?${new URLSearchParams({ fieldSelector }).toString()}`
}
