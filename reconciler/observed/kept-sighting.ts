import { hash } from 'node:crypto'
import type { ObservedObject } from '../../schemas/generated/observation.ts'
import { Recent, type Folded } from '../lib/recent.ts'
import type { Brief, Sighting } from './types.ts'

/** Tells what passes over all objects ask of one. */
export type BriefOf = (object: ObservedObject) => Brief | undefined

/** Stands for a spec that is equal to the applied one. */
const same = '='

/**
 * An object as the one text that is kept of it, in memory and in the store. Five lines: a digest of the other four, the brief, the object
 * without its specs, the applied spec, and the one it was booted with. JSON has no line breaks of its own. Equal texts mean equal objects.
 */
export function keptText(object: ObservedObject, briefOf: BriefOf): string {
  const brief = briefOf(object)
  const { applied, ...rest } = object
  const appliedText = applied === undefined ? '' : JSON.stringify(applied)
  const { booted, ...head } = { booted: undefined, ...rest }
  const bootedText = booted === undefined ? '' : JSON.stringify(booted)
  const lines = [brief === undefined ? '' : JSON.stringify(brief), JSON.stringify(head), appliedText]
  const text = [...lines, bootedText !== '' && bootedText === appliedText ? same : bootedText].join('\n')
  return `${hash('sha256', text, 'base64url')}\n${text}`
}

/** A text of an earlier release, which was the object's plain JSON, in today's form. */
export function renewedText(text: string, briefOf: BriefOf): string {
  return text.startsWith('{') ? keptText(JSON.parse(text) as ObservedObject, briefOf) : text
}

function unfold(text: string): ObservedObject {
  const [, , head = '', appliedText = '', bootedText = ''] = text.split('\n')
  const object = JSON.parse(head) as ObservedObject
  if (appliedText !== '') object.applied = JSON.parse(appliedText) as never
  if (object.kind !== 'VirtualMachine' || bootedText === '') return object
  const booted = bootedText === same ? object.applied : (JSON.parse(bootedText) as NonNullable<typeof object.applied>)
  return booted === undefined ? object : { ...object, booted }
}

const recent = new Recent(500)

/** One object on one node, kept as text: it is unfolded when somebody asks, and folded again when others were. */
export class KeptSighting implements Sighting, Folded {
  readonly node: string
  readonly text: string
  #object: ObservedObject | undefined

  constructor(node: string, text: string) {
    this.node = node
    this.text = text
  }

  /** Treat as immutable: others may hold the same one. */
  get object(): ObservedObject {
    if (this.#object === undefined) {
      this.#object = unfold(this.text)
      recent.hold(this)
    }
    return this.#object
  }

  fold(): void {
    this.#object = undefined
  }

  get print(): string {
    return this.text.slice(0, this.text.indexOf('\n'))
  }

  get brief(): Brief | undefined {
    const start = this.text.indexOf('\n') + 1
    const line = this.text.slice(start, this.text.indexOf('\n', start))
    return line === '' ? undefined : (JSON.parse(line) as Brief)
  }
}
