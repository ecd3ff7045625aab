import { EVENT_ALIAS, EVENT_DOCUMENT, EVENT_MAPPING, EVENT_POP, EVENT_SCALAR, EVENT_SEQUENCE } from 'js-yaml'
import type { EventStream } from './events.ts'
import type { ParseLimits } from './limits.ts'

export type AliasFault = { readonly offset: number; readonly message: string }

/** What an anchor stands for: its size in nodes once known; undefined while its node is still open. */
type Anchors = Map<string, number | undefined>
type Open = { readonly anchor: string | undefined; readonly before: number }

/**
 * Finds the first alias that makes a document grow beyond its limits, or that stands within its own anchor. Counts the nodes that
 * would be there if each alias were written out, without writing any out, so a "billion laughs" costs no more than its own text.
 */
export function findAliasFault(stream: EventStream, limits: ParseLimits): AliasFault | undefined {
  let anchors: Anchors = new Map()
  let open: Open[] = []
  let nodes = 0
  let aliases = 0
  for (const event of stream.events) {
    if (event.type === EVENT_DOCUMENT) {
      anchors = new Map()
      open = [{ anchor: undefined, before: 0 }]
      nodes = 0
      aliases = 0
    } else if (event.type === EVENT_POP) {
      const closed = open.pop()
      if (closed?.anchor !== undefined) anchors.set(closed.anchor, nodes - closed.before)
    } else if (event.type === EVENT_ALIAS) {
      aliases += 1
      const name = stream.text.slice(event.anchorStart, event.anchorEnd)
      const size = anchors.get(name)
      const offset = event.anchorStart - 1
      if (size === undefined && anchors.has(name)) return { offset, message: `the alias *${name} stands within its own anchor` }
      if (aliases > limits.maxAliases) return { offset, message: `more than ${limits.maxAliases} aliases in one document` }
      nodes += size ?? 1
      if (nodes > limits.maxNodes) return { offset, message: `aliases make more than ${limits.maxNodes} values of one document` }
    } else {
      nodes += 1
      const anchor = event.anchorStart < 0 ? undefined : stream.text.slice(event.anchorStart, event.anchorEnd)
      if (anchor !== undefined) anchors.set(anchor, event.type === EVENT_SCALAR ? 1 : undefined)
      if (event.type === EVENT_MAPPING || event.type === EVENT_SEQUENCE) open.push({ anchor, before: nodes - 1 })
    }
  }
  return undefined
}
