import type { ApiObject } from '../status/api-object.ts'
import type { Collection } from '../status/collection.ts'
import type { CellContext, Column } from './columns/column.ts'
import { columnsOf } from './columns/columns.ts'
import { eventV1 } from './event-v1.ts'
import type { Representation } from './negotiate.ts'
import type { Resource } from './resources.ts'

export type Shown = {
  readonly resource: Resource
  readonly representation: Representation
  /** Table rows carry the metadata (default), the whole object, or nothing. */
  readonly includeObject: 'None' | 'Metadata' | 'Object'
  readonly objects: Collection
  readonly now: Date
}

/** The object in the version that was asked for. */
export function versioned(resource: Resource, object: ApiObject): ApiObject {
  if (resource.group === 'events.k8s.io') return eventV1(object)
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion }
}

export function metadataOnly(object: ApiObject): Record<string, unknown> {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
}

/** The answer to GET of one object. */
export function presentOne(shown: Shown, object: ApiObject): unknown {
  if (shown.representation === 'object') return versioned(shown.resource, object)
  if (shown.representation === 'metadata') return metadataOnly(object)
  return table(shown, [object], { resourceVersion: object.metadata.resourceVersion })
}

/** The answer to a list. */
export function presentList(shown: Shown, items: readonly ApiObject[], metadata: Record<string, unknown>): unknown {
  const { resource, representation } = shown
  if (representation === 'table') return table(shown, items, metadata)
  if (representation === 'metadata') {
    return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: items.map(metadataOnly) }
  }
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
  return { kind: `${resource.kind}List`, apiVersion, metadata, items: items.map((item) => versioned(resource, item)) }
}

function table(shown: Shown, items: readonly ApiObject[], metadata: Record<string, unknown>): unknown {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columnDefinitions(shown.resource),
    rows: items.map((item) => tableRow(shown, item)),
  }
}

export function columnDefinitions(resource: Resource): unknown[] {
  return columnsOf(resource.kind).map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format: format ?? '',
    description,
    priority,
  }))
}

export function tableRow(shown: Shown, object: ApiObject): unknown {
  const context: CellContext = shown
  const cells = columnsOf(shown.resource.kind).map((column: Column) => column.cell(object, context))
  if (shown.includeObject === 'None') return { cells }
  return { cells, object: shown.includeObject === 'Object' ? versioned(shown.resource, object) : metadataOnly(object) }
}
