import type { SQLOutputValue } from 'node:sqlite'

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, SQLOutputValue>>

/** These columns of a row as texts. */
export function texts<Name extends string>(row: Row, ...names: readonly Name[]): Record<Name, string> {
  return Object.fromEntries(names.map((name) => [name, String(row[name])])) as Record<Name, string>
}

/** These columns of a row as numbers. */
export function numbers<Name extends string>(row: Row, ...names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, Number(row[name])])) as Record<Name, number>
}
