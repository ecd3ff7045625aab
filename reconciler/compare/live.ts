import type { ObservedObject } from '../../schemas/generated/observation.ts'
import type { ManifestError } from '../desired/types.ts'
import { digestOf } from '../lib/digest.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { SavedState } from '../plan/saved-view.ts'
import { withUrl } from '../plan/resolve/volume.ts'
import type { IndexedObject, JsonObject, SideIndex } from './types.ts'

/** What runs, in the shape of API objects. */
export type LiveSide = { readonly index: SideIndex; readonly objects: ReadonlyMap<ObjectKey, JsonObject> }

/**
 * What hosts report as applied. An object that its host cannot tell, or that hosts have in different versions, is unknown. A volume
 * in quarantine is no longer there.
 */
export function liveSide(state: SavedState): LiveSide {
  const objects = new Map<ObjectKey, JsonObject>()
  const index = new Map<ObjectKey, IndexedObject>()
  const errors = new Map<ObjectKey, ManifestError>()
  for (const { node, object } of state.sightings) {
    if (object.kind === 'DataVolume' && object.quarantined !== undefined) continue
    const body = bodyOf(object)
    const digest = digestOf(body ?? null)
    const before = index.get(object.key)
    if (body === undefined) errors.set(object.key, liveError(object.key, `${node} does not tell what it applied.`))
    else if (before !== undefined && before.digest !== digest)
      errors.set(object.key, liveError(object.key, `${before.path} and ${node} have applied different versions.`))
    else {
      objects.set(object.key, body)
      index.set(object.key, { key: object.key, digest, path: node, line: 0, column: 0, ...ownerOf(object) })
    }
  }
  for (const key of errors.keys()) index.delete(key)
  return {
    index: { objects: [...index.values()], unknownKeys: [...errors.keys()], untold: [], errors: [...errors.values()], declared: false },
    objects,
  }
}

function liveError(object: ObjectKey, message: string): ManifestError {
  return { severity: 'error', code: 'LiveUnknown', message, path: '', line: 0, column: 0, object }
}

function ownerOf(object: ObservedObject): { readonly ownerKey?: ObjectKey } {
  const owner = object.kind === 'DataVolume' ? object.applied?.ownerKey : undefined
  return owner === undefined ? {} : { ownerKey: owner }
}

/** A wire spec as the API object it was made from, as far as hosts are told of it. */
function bodyOf(object: ObservedObject): JsonObject | undefined {
  switch (object.kind) {
    case 'VirtualMachine': {
      if (object.applied === undefined) return undefined
      const { labels, annotations, runStrategy, template } = object.applied
      return { metadata: { labels, annotations }, spec: { runStrategy, template } }
    }
    case 'DataVolume': {
      if (object.applied === undefined) return undefined
      const { annotations, spec, sourceUrl } = object.applied
      return { metadata: { annotations }, spec: sourceUrl === undefined ? spec : withUrl(spec, sourceUrl) }
    }
    default: {
      if (object.applied === undefined) return undefined
      const { desiredState, capture } = object.applied
      return { spec: { desiredState, ...(capture === undefined ? {} : { capture }) } }
    }
  }
}
