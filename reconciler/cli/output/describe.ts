import { formatColumns, printable } from './table.ts'

/** Field names that kubectl writes differently from plain capitalisation. */
const initialisms: Readonly<Record<string, string>> = {
  apiVersion: 'API Version',
  uid: 'UID',
  cpu: 'CPU',
  ip: 'IP',
  ips: 'IPs',
  mac: 'MAC',
  url: 'URL',
  pvc: 'PVC',
  id: 'ID',
}

/** metadata fields that say nothing to a person. */
const hidden = new Set([
  'managedFields',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'labels',
  'annotations',
  'name',
  'namespace',
])

export type DescribedEvent = {
  readonly type?: string
  readonly reason?: string
  readonly age: string
  readonly from?: string
  readonly message?: string
}

type ApiObject = {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

/** An object as `kubectl describe` prints one: labelled, indented, with its events at the end. */
export function describeObject(object: ApiObject, events: readonly DescribedEvent[]): string {
  const metadata = object.metadata ?? {}
  const head: [string, string][] = [
    ['Name:', text(metadata['name'])],
    ['Namespace:', text(metadata['namespace'])],
    ['Labels:', pairs(metadata['labels'])],
    ['Annotations:', pairs(metadata['annotations'])],
    ['API Version:', object.apiVersion ?? ''],
    ['Kind:', object.kind ?? ''],
    ['Created:', text(metadata['creationTimestamp'])],
  ]
  const lines = [formatColumns(head.filter(([, value]) => value !== ''))]
  const rest = Object.entries(metadata).filter(([key]) => !hidden.has(key))
  if (rest.length > 0) lines.push('Metadata:', ...fieldLines(Object.fromEntries(rest), 1))
  for (const [key, value] of Object.entries(object)) {
    if (['apiVersion', 'kind', 'metadata'].includes(key)) continue
    lines.push(...fieldLines({ [key]: value }, 0))
  }
  return [...lines, ...eventLines(events)].join('\n')
}

function text(value: unknown): string {
  return typeof value === 'string' ? printable(value) : ''
}

function pairs(value: unknown): string {
  if (value === null || typeof value !== 'object') return '<none>'
  const entries = Object.entries(value)
  return entries.length === 0 ? '<none>' : entries.map(([key, text]) => `${key}=${printable(String(text))}`).join('\n              ')
}

/** camelCase to Title Case With Spaces. */
export function fieldLabel(name: string): string {
  if (initialisms[name] !== undefined) return initialisms[name]
  if (/[./-]/.test(name)) return name
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/^./, (first) => first.toUpperCase())
}

function fieldLines(fields: Readonly<Record<string, unknown>>, depth: number): string[] {
  const pad = '  '.repeat(depth)
  return Object.entries(fields).flatMap(([key, value]) => {
    const label = `${pad}${fieldLabel(key)}:`
    if (Array.isArray(value)) return [label, ...listLines(value, depth + 1)]
    if (value !== null && typeof value === 'object') return [label, ...fieldLines(value as Record<string, unknown>, depth + 1)]
    return scalarLines(label, value, depth)
  })
}

function scalarLines(label: string, value: unknown, depth: number): string[] {
  const text = String(value)
  if (!text.includes('\n')) return [`${label}  ${printable(text)}`]
  const pad = '  '.repeat(depth + 1)
  return [label, ...text.split('\n').map((line) => `${pad}${printable(line)}`)]
}

function listLines(items: readonly unknown[], depth: number): string[] {
  const pad = '  '.repeat(depth)
  return items.flatMap((item) =>
    item !== null && typeof item === 'object' ? fieldLines(item as Record<string, unknown>, depth) : [`${pad}${printable(String(item))}`],
  )
}

function eventLines(events: readonly DescribedEvent[]): string[] {
  if (events.length === 0) return ['Events:  <none>']
  const rows = events.map((event) => [event.type ?? '', event.reason ?? '', event.age, event.from ?? '', printable(event.message ?? '')])
  const table = formatColumns([['Type', 'Reason', 'Age', 'From', 'Message'], ['----', '------', '----', '----', '-------'], ...rows])
  return ['Events:', ...table.split('\n').map((line) => `  ${line}`)]
}
