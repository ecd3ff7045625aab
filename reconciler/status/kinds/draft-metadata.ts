import { digestOf } from '../../lib/digest.ts'
import type { Draft } from '../api-object.ts'
import { originOf, type Subject } from '../subject.ts'

/** Where in Git an object stands, as path:line:column. */
export const originAnnotation = 'gitvirt.io/origin'

type Metadata = Pick<Draft, 'namespace' | 'name' | 'labels' | 'annotations' | 'deleting' | 'owner'>

/** Names, labels, annotations (with the origin added) and owner of an object that Git or a host tells of. */
export function metadataOf(subject: Subject): Metadata {
  const declared = subject.desired?.object.metadata
  const applied = subject.sightings.find(({ object }) => object.applied !== undefined)?.object.applied
  const labels = declared?.labels ?? (applied !== undefined && 'labels' in applied ? applied.labels : undefined)
  const annotations = declared?.annotations ?? (applied !== undefined && 'annotations' in applied ? applied.annotations : undefined)
  const origin = originOf(subject)
  const owner = subject.desired?.ownerKey ?? (applied !== undefined && 'ownerKey' in applied ? applied.ownerKey : undefined)
  return {
    namespace: subject.namespace,
    name: subject.name,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined && origin === undefined
      ? {}
      : { annotations: { ...annotations, ...(origin === undefined ? {} : { [originAnnotation]: origin }) } }),
    ...(owner === undefined ? {} : { owner: { key: owner, apiVersion: 'kubevirt.io/v1' } }),
    deleting: subject.deleting,
  }
}

/**
 * Digest of the spec as Git has it. What is served from an applied spec keeps the generation it had: an empty digest says that nothing new
 * was asked for.
 */
export function specDigestOf(subject: Subject): string {
  if (subject.desired === undefined) return ''
  const { object } = subject.desired
  // The object's own digest covers metadata too, but labels do not raise a generation (API conventions, "generation").
  return 'spec' in object && object.spec !== null && typeof object.spec === 'object' ? memoised(object.spec) : subject.desired.digest
}

/** Specs are immutable and shared, so that each is digested once. */
const digests = new WeakMap<object, string>()

function memoised(spec: object): string {
  let digest = digests.get(spec)
  if (digest === undefined) {
    digest = digestOf(spec)
    digests.set(spec, digest)
  }
  return digest
}
