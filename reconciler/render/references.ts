import { posix } from 'node:path'
import { isObject, type JsonObject } from '../desired/convert/json.ts'
import type { Pointer, Position } from '../desired/parse/problem.ts'
import { nearest } from '../desired/validate/nearest.ts'
import type { Fault, Reference } from './types.ts'

/** Reads fields that may name files, notes what they name, and gives them back as the program shall see them. */
export class ReferenceReader {
  readonly references: Reference[] = []
  readonly faults: Fault[] = []
  readonly #locate: (pointer: Pointer) => Position

  constructor(locate: (pointer: Pointer) => Position) {
    this.#locate = locate
  }

  fault(pointer: Pointer, fault: Pick<Fault, 'code' | 'message' | 'action'>): void {
    this.faults.push({ ...fault, ...this.#locate(pointer) })
  }

  /** The name of another file, in the one form that no program takes for an address. */
  name(kind: Reference['kind'], value: unknown, pointer: Pointer): string {
    if (typeof value !== 'string' || value === '') {
      this.fault(pointer, { code: 'InvalidValue', message: 'This must name a file or folder of the repository.' })
      return './'
    }
    const remote = isRemote(value)
    if (remote || posix.isAbsolute(value)) this.fault(pointer, remote ? remoteFault(value) : absoluteFault(value))
    const path = posix.normalize(value).replace(/(?<=.)\/+$/, '')
    if (!remote && !posix.isAbsolute(value)) this.references.push({ kind, path, ...this.#locate(pointer) })
    return path.startsWith('..') ? path : `./${path}`
  }

  /** A list, each entry read by `read`. */
  list(value: unknown, pointer: Pointer, read: (entry: unknown, pointer: Pointer) => unknown): unknown[] {
    if (value === null || value === undefined) return []
    if (!Array.isArray(value)) {
      this.fault(pointer, { code: 'InvalidValue', message: `${fieldName(pointer)} must be a list.` })
      return []
    }
    return value.map((entry: unknown, index) => read(entry, [...pointer, index]))
  }

  /** A mapping with the fields of a table; a field that is in no table is a fault, whatever its letters' case. */
  mapping(value: unknown, pointer: Pointer, fields: Fields): JsonObject {
    if (!isObject(value)) {
      this.fault(pointer, { code: 'InvalidValue', message: `${fieldName(pointer)} must be a mapping.` })
      return {}
    }
    const written: Record<string, unknown> = {}
    for (const [name, inner] of Object.entries(value)) {
      const read = Object.hasOwn(fields, name) ? fields[name] : undefined
      if (read === undefined) this.#unknown([...pointer, name], name, Object.keys(fields))
      else written[name] = read(this, inner, [...pointer, name])
    }
    return written
  }

  #unknown(pointer: Pointer, name: string, known: readonly string[]): void {
    const near = nearest(name, known)
    const action = near === undefined ? 'Remove it.' : `Did you mean ${near}?`
    this.fault(pointer, { code: 'UnknownField', message: `An overlay has no field ${JSON.stringify(name.slice(0, 80))} here.`, action })
  }
}

export type FieldReader = (reader: ReferenceReader, value: unknown, pointer: Pointer) => unknown
export type Fields = Readonly<Record<string, FieldReader>>

/** A field that names no file. */
export const plain: FieldReader = (_reader, value) => value

/** A list of names of files. */
export function names(kind: Reference['kind']): FieldReader {
  return (reader, value, pointer) => reader.list(value, pointer, (entry, at) => reader.name(kind, entry, at))
}

/** One name of a file. */
export function name(kind: Reference['kind']): FieldReader {
  return (reader, value, pointer) => reader.name(kind, value, pointer)
}

/** A list of mappings, all with the same fields. */
export function mappings(fields: Fields): FieldReader {
  return (reader, value, pointer) => reader.list(value, pointer, (entry, at) => reader.mapping(entry, at, fields))
}

/** Files of a generator, each with the key that its content gets: `key=file`, or a file alone. */
export const keyedFiles: FieldReader = (reader, value, pointer) =>
  reader.list(value, pointer, (entry, at) => {
    if (typeof entry !== 'string' || !entry.includes('=')) return reader.name('file', entry, at)
    const split = entry.indexOf('=')
    return `${entry.slice(0, split)}=${reader.name('file', entry.slice(split + 1), at)}`
  })

function fieldName(pointer: Pointer): string {
  return pointer.length === 0
    ? 'It'
    : pointer
        .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
        .join('')
        .replace(/^\./, '')
}

/** Sources of the forms: kustomize, "remote targets"; git-fetch(1), GIT URLS. */
function isRemote(text: string): boolean {
  return (
    /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ||
    text.includes('::') ||
    /^[^/]*@[^/]*:/.test(text) ||
    /[?&](?:ref|version|timeout|submodules)=/.test(text)
  )
}

/** True for a name that leads nowhere and begins like a host's: a remote base without its scheme. */
export function looksLikeHost(path: string): boolean {
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[^/]*)?\/./i.test(path)
}

export function remoteFault(text: string): Pick<Fault, 'code' | 'message' | 'action'> {
  return {
    code: 'RemoteBase',
    message: `${JSON.stringify(text.slice(0, 200))} is not in this repository: nothing is fetched for an overlay.`,
    action: 'Copy it into the repository, so that a commit tells all that is run.',
  }
}

function absoluteFault(text: string): Pick<Fault, 'code' | 'message' | 'action'> {
  return {
    code: 'OutsideRepository',
    message: `${JSON.stringify(text.slice(0, 200))} is outside of the repository.`,
    action: 'Name a file or folder relative to this file.',
  }
}
