import { EVENT_DOCUMENT, EVENT_MAPPING, EVENT_POP, EVENT_SCALAR, EVENT_SEQUENCE, SCALAR_STYLE, getScalarValue, parseEvents } from 'js-yaml'
import type { Event } from 'js-yaml'
import { GitvirtError } from '../../lib/errors.ts'
import { plainScalar, type Scalar } from './scalars.ts'

/** A node of a document, in the order of the text: the MAC goes over the values in just that order. */
export type Tree =
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, Tree])[] }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | ({ readonly kind: 'scalar' } & Scalar)

const maxDepth = 64

/**
 * The documents of a text. SOPS writes neither tags nor aliases, so they are refused; comments are passed over, as the MAC passes over them.
 * @throws GitvirtError `UnsupportedEncryption`; a syntax error as the parser has it
 */
export function readTrees(text: string): Tree[] {
  const events = parseEvents(text, { maxDepth })
  const reader = new TreeReader(text, events)
  return reader.documents()
}

/** The plain value of a tree. */
export function plainValue(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value
  if (tree.kind === 'list') return tree.items.map(plainValue)
  // Unlike assignments, this takes a key named __proto__ for a key.
  return Object.fromEntries(tree.entries.map(([key, value]) => [key, plainValue(value)]))
}

/** One field of a map. */
export function fieldOf(tree: Tree, name: string): Tree | undefined {
  return tree.kind === 'map' ? tree.entries.find(([key]) => key === name)?.[1] : undefined
}

class TreeReader {
  readonly #text: string
  readonly #events: readonly Event[]
  #at = 0

  constructor(text: string, events: readonly Event[]) {
    this.#text = text
    this.#events = events
  }

  documents(): Tree[] {
    const trees: Tree[] = []
    while (this.#events[this.#at]?.type === EVENT_DOCUMENT) {
      this.#at += 1
      trees.push(this.#node())
      this.#at += 1
    }
    return trees
  }

  #node(): Tree {
    const event = this.#events[this.#at]
    this.#at += 1
    switch (event?.type) {
      case EVENT_SCALAR:
        return this.#scalar(event)
      case EVENT_MAPPING:
        return bare(event) && this.#map()
      case EVENT_SEQUENCE:
        return bare(event) && this.#list()
      default:
        throw unplain('an alias')
    }
  }

  #scalar(event: Event & { readonly type: typeof EVENT_SCALAR }): Tree {
    bare(event)
    const text = getScalarValue(this.#text, event)
    return { kind: 'scalar', ...(event.style === SCALAR_STYLE.PLAIN ? plainScalar(text) : { value: text, text }) }
  }

  #map(): Tree {
    const entries: [string, Tree][] = []
    while (this.#more()) {
      const key = this.#node()
      if (key.kind !== 'scalar' || typeof key.value !== 'string') throw unplain('a key that is no text')
      entries.push([key.value, this.#node()])
    }
    if (new Set(entries.map(([key]) => key)).size < entries.length) throw unplain('a key that stands twice')
    return { kind: 'map', entries }
  }

  #list(): Tree {
    const items: Tree[] = []
    while (this.#more()) items.push(this.#node())
    return { kind: 'list', items }
  }

  /** False at the end of a collection, which is passed. */
  #more(): boolean {
    if (this.#events[this.#at]?.type !== EVENT_POP) return true
    this.#at += 1
    return false
  }
}

function bare(event: { readonly tagStart: number; readonly anchorStart: number }): true {
  if (event.tagStart >= 0 || event.anchorStart >= 0) throw unplain('a tag or an anchor')
  return true
}

function unplain(what: string): GitvirtError {
  return new GitvirtError({
    code: 'UnsupportedEncryption',
    message: `The encrypted file holds ${what}, which sops does not write.`,
    action: 'Bring the file back as sops wrote it.',
  })
}
