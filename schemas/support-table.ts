/**
 * How tables of supported fields are written. A path names every key from the root, `[]` stands for any element of a list:
 * spec.template.spec.domain.devices.disks[].serial. A row of 'yes' speaks for its own field alone; a row of 'no' or
 * 'inert' speaks for everything below it too, where no row of its own says otherwise.
 */
export type SupportLevel =
  /** The host does what the field says. */
  | 'yes'
  /** The field means nothing outside Kubernetes, and nothing is lost without it. */
  | 'inert'
  /** The field asks for something that is not done today. */
  | 'no'

/** What becomes of an object that asks for what is not done. */
export type SupportEffect =
  /** Everything else is done; the field is told as a condition. */
  | 'ignored'
  /** The object would be another one without the field, so it is not run at all. */
  | 'blocks'

export type SupportRow = {
  readonly path: readonly string[]
  readonly level: SupportLevel
  readonly effect: SupportEffect
  /** Why not, and what to use instead. Empty for 'yes'. */
  readonly reason: string
  /** Only these values are meant; undefined: every value that asks for something. */
  readonly values?: readonly unknown[] | undefined
  /** Every value but these is meant. */
  readonly except?: readonly unknown[]
}

/** Splits a written path: `disks[].name` is disks, [], name. */
export function splitPath(path: string): readonly string[] {
  return path.replaceAll('[]', '.[]').split('.')
}

/** Joins path segments the way people write them. */
export function joinPath(path: readonly string[]): string {
  return path.join('.').replaceAll('.[]', '[]')
}

function below(prefix: string, names: string): readonly (readonly string[])[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => splitPath(prefix === '' ? name : name === '.' ? prefix : `${prefix}.${name}`))
}

/** Rows of fields that are honoured: names below a prefix, separated by spaces; `.` is the prefix itself. */
export function yes(prefix: string, names: string): readonly SupportRow[] {
  return below(prefix, names).map((path) => ({ path, level: 'yes', effect: 'ignored', reason: '' }))
}

/** Rows of fields that have no meaning here. */
export function inert(prefix: string, names: string, reason: string): readonly SupportRow[] {
  return below(prefix, names).map((path) => ({ path, level: 'inert', effect: 'ignored', reason }))
}

/** Rows of fields that are not honoured while the rest of the object is. */
export function ignored(prefix: string, names: string, reason: string): readonly SupportRow[] {
  return below(prefix, names).map((path) => ({ path, level: 'no', effect: 'ignored', reason }))
}

/** Rows of fields without which the object must not run. */
export function blocks(prefix: string, names: string, reason: string): readonly SupportRow[] {
  return below(prefix, names).map((path) => ({ path, level: 'no', effect: 'blocks', reason }))
}

/** One honoured field of which some values are not. */
export function partly(path: string, values: readonly unknown[], { effect, reason }: Pick<SupportRow, 'effect' | 'reason'>): SupportRow {
  return { path: splitPath(path), level: 'no', effect, reason, values }
}

/** Annotations that make upstream do something that is not done here. */
export function annotations(prefix: string, reasons: Readonly<Record<string, string>>): readonly SupportRow[] {
  const parent = prefix === '' ? [] : splitPath(prefix)
  return Object.entries(reasons).map(([key, reason]) => ({
    path: [...parent, 'metadata', 'annotations', key],
    level: 'no',
    effect: 'ignored',
    reason,
  }))
}

/** Rows of one table put below a path of another, such as a DataVolume's below dataVolumeTemplates[]. */
export function nested(prefix: string, rows: readonly SupportRow[]): readonly SupportRow[] {
  const parent = splitPath(prefix)
  return rows.map((row) => ({ ...row, path: [...parent, ...row.path] }))
}
