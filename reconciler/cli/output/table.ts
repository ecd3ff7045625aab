/** The parts of meta.k8s.io/v1 Table that a printer needs. */
export type TableColumn = { readonly name: string; readonly type?: string; readonly priority?: number }
export type TableRow = { readonly cells: readonly unknown[]; readonly object?: unknown }
export type Table = {
  readonly columnDefinitions: readonly TableColumn[]
  readonly rows: readonly TableRow[]
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
}

export type TableOptions = {
  readonly wide?: boolean
  /** Prefixes the name column: virtualmachine.kubevirt.io/demo. */
  readonly namePrefix?: string
  /** Puts a NAMESPACE column first. */
  readonly withNamespace?: boolean
  readonly headers?: boolean
}

/** Columns of text, padded as kubectl pads them: three spaces between, none at the end. */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)))
  return rows
    .map((row) =>
      row
        .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd((widths[index] ?? 0) + 3)))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}

/** Lines of cells for a Table, with upper-case headers; priority columns only when wide. */
export function tableCells(table: Table, options: TableOptions = {}): string[][] {
  const shown = table.columnDefinitions
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => options.wide === true || (column.priority ?? 0) === 0)
  const lines = table.rows.map((row) => {
    const cells = shown.map(({ column, index }) => cellText(row.cells[index], column.name === 'Name' ? options.namePrefix : undefined))
    return options.withNamespace === true ? [namespaceOf(row.object), ...cells] : cells
  })
  if (options.headers === false) return lines
  const names = shown.map(({ column }) => column.name.toUpperCase())
  return [options.withNamespace === true ? ['NAMESPACE', ...names] : names, ...lines]
}

function cellText(value: unknown, prefix: string | undefined): string {
  const text = typeof value === 'string' ? printable(value) : typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
  return prefix === undefined ? text : `${prefix}/${text}`
}

/** Text from others must not steer the terminal, nor change the order in which it is read. */
export function printable(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll(/\p{Cc}|[\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '\ufffd')
}

function namespaceOf(object: unknown): string {
  const metadata = (object as { metadata?: { namespace?: string } } | undefined)?.metadata
  return metadata?.namespace ?? ''
}
