import type { DataVolumeSpec, PersistentVolumeClaimSpec, StorageSpec } from '../../../schemas/generated/data-volume.ts'
import type { MachineSpec, PolicySpec, VolumeSpec } from '../../../schemas/generated/plan.ts'
import { withUrl } from '../resolve/volume.ts'

/**
 * A wire spec in the shape of its API object, so that a field's path reads as in Git. The place in Git is reduced to the file:
 * lines move with every edit above them, and revisions with every commit.
 */
export function machineView(spec: MachineSpec): unknown {
  return {
    metadata: { name: spec.name, namespace: spec.namespace, labels: spec.labels, annotations: spec.annotations },
    spec: { runStrategy: spec.runStrategy, template: spec.template },
    inputs: spec.inputs,
    ...(spec.allowHostDisk === undefined ? {} : { allowHostDisk: spec.allowHostDisk }),
    origin: { path: spec.origin.path },
  }
}

/**
 * The size is a number of bytes of its own, whichever form and unit Git wrote it in; the address is the one in Git, so that
 * another mirror is no change. Of a finished image, the sources that were allowed for its import no longer matter.
 */
export function volumeView(spec: VolumeSpec, finished: boolean): unknown {
  return {
    metadata: { labels: spec.labels, annotations: spec.annotations },
    spec: withoutSize(spec.sourceUrl === undefined ? spec.spec : withUrl(spec.spec, spec.sourceUrl)),
    sizeBytes: spec.sizeBytes,
    pool: spec.pool,
    ...(spec.ownerKey === undefined ? {} : { ownerKey: spec.ownerKey }),
    ...(finished || spec.allowedSources === undefined ? {} : { allowedSources: spec.allowedSources }),
    origin: { path: spec.origin.path },
  }
}

function withoutSize(spec: DataVolumeSpec): unknown {
  return {
    ...spec,
    ...(spec.pvc === undefined ? {} : { pvc: withoutRequest(spec.pvc) }),
    ...(spec.storage === undefined ? {} : { storage: withoutRequest(spec.storage) }),
  }
}

function withoutRequest(claim: PersistentVolumeClaimSpec | StorageSpec): unknown {
  const { storage: _, ...requests } = claim.resources?.requests ?? {}
  const { resources: __, ...rest } = claim
  return { ...rest, ...(Object.keys(requests).length === 0 ? {} : { resources: { requests } }) }
}

/** A policy as one node has it; which nodes take part is not the node's business. */
export function networkView(spec: PolicySpec): unknown {
  return {
    metadata: { labels: spec.labels },
    spec: { desiredState: spec.desiredState, ...(spec.capture === undefined ? {} : { capture: spec.capture }) },
    origin: { path: spec.origin.path },
  }
}
