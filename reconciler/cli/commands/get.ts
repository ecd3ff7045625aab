import type { Command } from 'commander'
import { GitvirtError } from '../../lib/errors.ts'
import { contextOf, type CliContext } from '../context.ts'
import { discover, findResources, qualifiedSingular, resourcePath, type Resource } from '../discovery.ts'
import { formatColumns, tableCells, type Table } from '../output/table.ts'
import { yamlText } from '../output/yaml-text.ts'

const tableType = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

type GetOptions = {
  readonly allNamespaces?: boolean
  readonly output?: string
  readonly watch?: boolean
  readonly selector?: string
  readonly fieldSelector?: string
  readonly headers?: boolean
}

type Target = { readonly resource: Resource; readonly names: readonly string[] }
type ApiObject = {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly resourceVersion?: string }
}
type ApiList = { readonly items: readonly ApiObject[]; readonly metadata?: { readonly resourceVersion?: string } }

const formats = ['wide', 'yaml', 'json', 'name']

export function getCommand(program: Command): void {
  program
    .command('get <types> [names...]')
    .description('Show objects: gitvirt get vm,dv -A; gitvirt get vm/demo -o yaml')
    .option('-A, --all-namespaces', 'objects of all namespaces')
    .option('-o, --output <format>', `one of ${formats.join(', ')}`)
    .option('-w, --watch', 'print changes as they come, until interrupted')
    .option('-l, --selector <labels>', 'only objects with these labels, e.g. app=web,tier!=test')
    .option('--field-selector <fields>', 'only objects with these fields, e.g. metadata.name=demo')
    .option('--no-headers', 'leave out the header line')
    .addHelpText(
      'after',
      '\nExamples:\n  gitvirt get vm,dv -A -o wide\n  gitvirt get vm/demo dv/demo-root -o yaml\n  gitvirt get vm -l app=web -w\n  gitvirt get events --field-selector involvedObject.name=demo',
    )
    .action(async (types: string, names: string[], options: GetOptions, command: Command) => {
      await get(contextOf(command), { types, names, options })
    })
}

async function get(context: CliContext, call: { types: string; names: string[]; options: GetOptions }): Promise<void> {
  const { output } = call.options
  if (output !== undefined && !formats.includes(output)) {
    throw new GitvirtError({
      code: 'InvalidFlag',
      message: `error: unable to match a printer suitable for the output format "${output}"`,
      action: `Use one of ${formats.join(', ')}.`,
    })
  }
  const targets = parseTargets(await discover(context.client()), call.types, call.names)
  if (call.options.watch === true) await watch(context, targets, call.options)
  else if (output === 'yaml' || output === 'json' || output === 'name') await printObjects(context, targets, call.options)
  else await printTables(context, targets, call.options)
}

/** `vm,dv`, `vm demo other`, `vm/demo dv/disk`. */
export function parseTargets(resources: readonly Resource[], types: string, names: readonly string[]): readonly Target[] {
  const words = types.includes('/') ? [types, ...names] : []
  if (words.length > 0) {
    return words.map((word) => {
      const [type = '', name] = word.split('/')
      if (name === undefined || name === '')
        throw new GitvirtError({ code: 'InvalidArgument', message: `error: "${word}" is not TYPE/NAME` })
      return { resource: findResources(resources, type)[0] as Resource, names: [name] }
    })
  }
  return types.split(',').flatMap((type) => findResources(resources, type).map((resource) => ({ resource, names })))
}

function query(options: GetOptions, more: Record<string, string> = {}): string {
  const search = new URLSearchParams(more)
  if (options.selector !== undefined) search.set('labelSelector', options.selector)
  if (options.fieldSelector !== undefined) search.set('fieldSelector', options.fieldSelector)
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}

function namespaceFor(context: CliContext, options: GetOptions): string | undefined {
  return options.allNamespaces === true ? undefined : context.namespace()
}

function pathsOf(context: CliContext, target: Target, options: GetOptions): string[] {
  const namespace = namespaceFor(context, options)
  if (target.names.length === 0) return [`${resourcePath(target.resource, namespace)}${query(options)}`]
  return target.names.map((name) => resourcePath(target.resource, namespace ?? context.namespace(), name))
}

async function printTables(context: CliContext, targets: readonly Target[], options: GetOptions): Promise<void> {
  const blocks: string[] = []
  for (const target of targets) {
    const tables = await Promise.all(
      pathsOf(context, target, options).map(async (path) => await context.client().call<Table>(path, { accept: tableType })),
    )
    const first = tables[0]
    const rows = tables.flatMap((table) => table.rows)
    if (first === undefined || rows.length === 0) continue
    blocks.push(formatColumns(tableCells({ ...first, rows }, tableOptions(target, targets, options))))
  }
  if (blocks.length > 0) context.print(blocks.join('\n\n'))
  else
    context.note(
      options.allNamespaces === true || targets.every((target) => !target.resource.namespaced)
        ? 'No resources found'
        : `No resources found in ${context.namespace()} namespace.`,
    )
}

function tableOptions(target: Target, targets: readonly Target[], options: GetOptions): Parameters<typeof tableCells>[1] {
  return {
    wide: options.output === 'wide',
    headers: options.headers ?? true,
    withNamespace: options.allNamespaces === true && target.resource.namespaced,
    ...(targets.length > 1 ? { namePrefix: qualifiedSingular(target.resource) } : {}),
  }
}

async function printObjects(context: CliContext, targets: readonly Target[], options: GetOptions): Promise<void> {
  const items: ApiObject[] = []
  for (const target of targets) {
    for (const path of pathsOf(context, target, options)) {
      const answer = await context.client().call<ApiObject & Partial<ApiList>>(path)
      if (options.output === 'name')
        for (const item of answer.items ?? [answer]) context.print(`${qualifiedSingular(target.resource)}/${item.metadata?.name ?? ''}`)
      items.push(
        ...(answer.items?.map((item) => ({ apiVersion: apiVersionOf(target.resource), kind: target.resource.kind, ...item })) ?? [answer]),
      )
    }
  }
  if (options.output === 'name') return
  const single = targets.length === 1 && targets[0]?.names.length === 1
  const value = single ? items[0] : { apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } }
  context.print(options.output === 'json' ? JSON.stringify(value, null, 4) : await yamlText(value))
}

function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
}

type WatchEvent = { readonly type: string; readonly object: Table & { readonly message?: string; readonly code?: number } }

async function watch(context: CliContext, targets: readonly Target[], options: GetOptions): Promise<void> {
  const target = targets[0]
  if (target === undefined || targets.length > 1 || target.names.length > 1) {
    throw new GitvirtError({ code: 'InvalidFlag', message: 'error: you may only specify a single resource type when using --watch' })
  }
  const name = target.names[0]
  const selecting: GetOptions = name === undefined ? options : { ...options, fieldSelector: `metadata.name=${name}` }
  const base = resourcePath(target.resource, namespaceFor(context, options))
  let headers = options.headers ?? true
  for (;;) {
    const first = await context.client().call<Table>(`${base}${query(selecting)}`, { accept: tableType })
    if (first.rows.length > 0) printRows(context, first, { ...tableOptions(target, targets, options), headers })
    headers &&= first.rows.length === 0
    const path = `${base}${query(selecting, { watch: 'true', resourceVersion: first.metadata?.resourceVersion ?? '', allowWatchBookmarks: 'true' })}`
    let columns = first.columnDefinitions
    for await (const line of context.client().lines(path, { accept: tableType })) {
      const event = line as WatchEvent
      if (event.type === 'BOOKMARK') continue
      if (event.type === 'ERROR') break
      if ((event.object.columnDefinitions ?? []).length > 0) columns = event.object.columnDefinitions
      printRows(context, { ...event.object, columnDefinitions: columns }, { ...tableOptions(target, targets, options), headers })
      headers = false
    }
  }
}

function printRows(context: CliContext, table: Table, options: Parameters<typeof tableCells>[1]): void {
  context.print(formatColumns(tableCells(table, options)))
}
