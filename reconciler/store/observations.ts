import type { DatabaseSync } from 'node:sqlite'
import type { NodeFacts } from '../../schemas/generated/observation.ts'
import type { ObjectKey } from '../lib/object-key.ts'

export type StoredNode = { readonly name: string; readonly seenAt: string; readonly facts: NodeFacts }

/** An object as the text that the observed room keeps of it. */
export type StoredObject = { readonly key: ObjectKey; readonly text: string }

/** What one message of an agent changed. */
export type ObservationChange = {
  readonly node: string
  readonly seenAt: string
  readonly facts?: NodeFacts
  readonly objects: readonly StoredObject[]
  readonly gone: readonly ObjectKey[]
  /** True: `objects` is all there is on this node. */
  readonly full: boolean
}

/** Last-known observations, so that a restarted reconciler knows what is applied while an agent is away. */
export type Observations = {
  nodes(): StoredNode[]
  objects(node: string): StoredObject[]
  save(change: ObservationChange): void
  forgetNode(node: string): void
}

/** @param transaction runs its work in one transaction, joining one that is already open */
export function observations(db: DatabaseSync, transaction: <T>(work: () => T) => T): Observations {
  const nodes = db.prepare('SELECT * FROM nodes ORDER BY name')
  const upsertNode = db.prepare('INSERT OR REPLACE INTO nodes VALUES (?, ?, ?)')
  const touchNode = db.prepare('UPDATE nodes SET seen_at = ? WHERE name = ?')
  const removeNode = db.prepare('DELETE FROM nodes WHERE name = ?')
  const objects = db.prepare('SELECT key, body FROM observations WHERE node = ? ORDER BY key')
  objects.setReturnArrays(true)
  const upsert = db.prepare('INSERT OR REPLACE INTO observations VALUES (?, ?, ?)')
  const remove = db.prepare('DELETE FROM observations WHERE node = ? AND key = ?')
  const clear = db.prepare('DELETE FROM observations WHERE node = ?')
  const save = (change: ObservationChange): void => {
    if (change.full) clear.run(change.node)
    if (change.facts === undefined) touchNode.run(change.seenAt, change.node)
    else upsertNode.run(change.node, change.seenAt, JSON.stringify(change.facts))
    for (const { key, text } of change.objects) upsert.run(change.node, key, text)
    for (const key of change.gone) remove.run(change.node, key)
  }
  return {
    nodes: () =>
      nodes.all().map((row) => ({
        name: String(row['name']),
        seenAt: String(row['seen_at']),
        facts: JSON.parse(String(row['facts'])) as NodeFacts,
      })),
    objects: (node) => (objects.all(node) as unknown as [ObjectKey, string][]).map(([key, text]) => ({ key, text })),
    save: (change) => transaction(() => save(change)),
    forgetNode: (node) =>
      transaction(() => {
        clear.run(node)
        removeNode.run(node)
      }),
  }
}
