import type { DisruptionClass, Step, VolumeSpec } from '../../../schemas/generated/plan.ts'

type VolumeVerb = Extract<Step['verb'], 'EnsureVolume' | 'ResizeVolume' | 'RestoreVolume' | 'QuarantineVolume'>

/** One act on a disk image. */
export function volumeStep(verb: VolumeVerb, volume: VolumeSpec, disruption: DisruptionClass): Step {
  return { id: `${verb}:${volume.key}`, verb, key: volume.key, phase: 'storage', disruption, volume }
}
