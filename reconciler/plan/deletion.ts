import type { DisruptionClass, Finding, Step } from '../../schemas/generated/plan.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'
import type { Draft } from './draft.ts'
import { isActive } from './machine-update.ts'
import { machineSightings, type MachineSighting } from './machine.ts'
import { forgetNetwork, networkSightings } from './network.ts'
import { disconnected } from './obstacles.ts'
import { isProtected, quarantineAnnotation } from './prune-gate.ts'
import { longestDuration, parseDuration } from '../lib/duration.ts'
import { machineStep, markedStep } from './steps/machine-steps.ts'
import { volumeStep } from './steps/volume-steps.ts'
import { volumeSightings, type VolumeSighting } from './volume.ts'

/** What has to be done for a key that Git no longer has: one change for each node that has it. */
export function planDeletion(context: PlanContext, key: ObjectKey): Draft[] {
  if (isProtected(context, key)) {
    context.findings.push(protectedFinding(context, key))
    return []
  }
  return [
    ...machineSightings(context, key).map((sighting) => deleteMachine(context, sighting)),
    ...volumeSightings(context, key).flatMap((sighting) => quarantineVolume(context, sighting) ?? []),
    ...networkSightings(context, key).map((sighting) => forgetNetwork(context, sighting)),
  ]
}

function protectedFinding(context: PlanContext, key: ObjectKey): Finding {
  const origin = context.sightings(key)[0]?.object.applied?.origin
  return {
    severity: 'warning',
    code: 'PruneProtected',
    key,
    message: `Git no longer has it; it stays because of its annotation gitvirt.io/prune: disabled.`,
    ...(origin === undefined ? {} : { origin }),
  }
}

function deleteMachine(context: PlanContext, { node, object }: MachineSighting): Draft {
  const { applied, key, digest } = object
  const step = (verb: 'StopDomain' | 'UndefineDomain', disruption: DisruptionClass): Step =>
    applied === undefined ? markedStep(verb, key, disruption) : machineStep(verb, applied, disruption)
  const steps = [...(isActive(object) ? [step('StopDomain', 'restart')] : []), step('UndefineDomain', 'recreate')]
  return {
    change: {
      key,
      node,
      action: 'delete',
      fields: [],
      steps,
      base: digest,
      notes: ['Its disks are kept in quarantine where their DataVolumes go as well.'],
      ...(applied === undefined ? {} : { origin: applied.origin }),
      after: [],
    },
    blocked: disconnected(context.input.observed, node),
    labels: applied?.labels ?? {},
  }
}

/** A disk is put out of reach first and deleted when its time has come; undefined where it is out of reach already. */
function quarantineVolume(context: PlanContext, { node, object }: VolumeSighting): Draft | undefined {
  const { applied, key, digest } = object
  if (object.quarantined !== undefined || applied === undefined) return undefined
  const own = applied.annotations[quarantineAnnotation]
  // What nobody can read may mean any time: the longest loses nothing.
  const time = own === undefined ? context.policy.prune.quarantineMilliseconds : (parseDuration(own) ?? longestDuration)
  const until = new Date(context.input.now.getTime() + time).toISOString()
  return {
    change: {
      key,
      node,
      action: 'delete',
      fields: [],
      steps: [{ ...volumeStep('QuarantineVolume', applied, 'data-loss'), until }],
      base: digest,
      notes: [`The disk is kept until ${until}; the same manifest in Git brings it back until then.`],
      origin: applied.origin,
      after: [],
    },
    blocked: disconnected(context.input.observed, node),
    labels: applied.labels ?? {},
    ...(applied.ownerKey === undefined ? {} : { ownerKey: applied.ownerKey }),
  }
}
