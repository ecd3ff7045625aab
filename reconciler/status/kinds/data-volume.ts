import type { DataVolumeSpec } from '../../../schemas/generated/data-volume.ts'
import type { ObservedVolume } from '../../../schemas/generated/observation.ts'
import { objectKey } from '../../lib/object-key.ts'
import type { ConditionDraft, Draft } from '../api-object.ts'
import { commonConditions, condition } from '../common-conditions.ts'
import { appliedOf, isSettled, observedOf, type Subject } from '../subject.ts'
import { metadataOf, specDigestOf } from './draft-metadata.ts'

const transferring: ReadonlySet<string> = new Set(['ImportInProgress', 'CloneInProgress', 'UploadReady'])

/** The DataVolume with CDI's phase, progress and conditions. */
export function dataVolume(subject: Subject): Draft | undefined {
  const spec = specOf(subject)
  if (spec === undefined) return undefined
  const volume = observedOf(subject, 'DataVolume')[0]?.object
  const phase = phaseOf(subject, volume)
  return {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    ...metadataOf(subject),
    ...(subject.deleting ? { finalizers: ['gitvirt.io/quarantine'] } : {}),
    specDigest: specDigestOf(subject),
    settled: isSettled(subject) && phase === 'Succeeded',
    fields: { spec },
    conditions: conditionsOf(subject, volume, phase),
    status: ({ conditions }) => ({
      phase,
      progress: progressOf(volume, phase),
      ...(volume === undefined ? {} : { claimName: subject.name, restartCount: volume.restarts ?? 0 }),
      conditions,
    }),
    marks: {
      phase,
      problem: volume?.problem === undefined ? '' : `${volume.problem.reason}: ${volume.problem.message}`,
      quarantined: volume?.quarantined?.until ?? '',
    },
  }
}

/** Bytes as Kubernetes writes a quantity: in the largest binary unit that divides them. */
function quantityOf(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi']
  let value = bytes
  let unit = 0
  while (value !== 0 && value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value}${units[unit] ?? ''}`
}

/** The claim of a DataVolume's name: what users of CDI expect to find beside it. */
export function persistentVolumeClaim(subject: Subject): Draft | undefined {
  const spec = specOf(subject)
  const volume = observedOf(subject, 'DataVolume')[0]?.object
  if (spec === undefined || volume === undefined || volume.quarantined !== undefined) return undefined
  const form = spec.pvc ?? spec.storage
  const bound = volume.phase === 'Succeeded'
  const size = quantityOf(volume.applied?.sizeBytes ?? volume.virtualBytes ?? 0)
  const modes = form?.accessModes ?? ['ReadWriteOnce']
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    namespace: subject.namespace,
    name: subject.name,
    owner: { key: objectKey('DataVolume', subject.namespace, subject.name), apiVersion: 'cdi.kubevirt.io/v1beta1' },
    deleting: subject.deleting,
    specDigest: '',
    settled: true,
    fields: {
      spec: {
        accessModes: modes,
        resources: { requests: { storage: size } },
        volumeMode: form?.volumeMode ?? 'Filesystem',
        ...(form?.storageClassName === undefined ? {} : { storageClassName: form.storageClassName }),
        ...(bound ? { volumeName: subject.name } : {}),
      },
    },
    conditions: [],
    status: () => ({ phase: bound ? 'Bound' : 'Pending', ...(bound ? { accessModes: modes, capacity: { storage: size } } : {}) }),
    marks: {},
  }
}

function specOf(subject: Subject): DataVolumeSpec | undefined {
  return subject.desired?.kind === 'DataVolume' ? subject.desired.object.spec : appliedOf(subject, 'DataVolume')?.spec
}

/** An object without a sighting has no phase upstream until the controller saw it; Pending is what people look for. */
function phaseOf(subject: Subject, volume: ObservedVolume | undefined): string {
  if (volume !== undefined) return volume.phase
  return subject.broken ? 'Unknown' : 'Pending'
}

/** "42.0%", or "N/A" where it is not known (CDI's status.progress). */
function progressOf(volume: ObservedVolume | undefined, phase: string): string {
  if (phase === 'Succeeded') return '100.0%'
  return volume?.progress === undefined ? 'N/A' : `${volume.progress.toFixed(1)}%`
}

function conditionsOf(subject: Subject, volume: ObservedVolume | undefined, phase: string): ConditionDraft[] {
  const quarantine = volume?.quarantined
  return [
    ...usable(subject.name, volume, phase),
    running(volume, phase),
    ...(quarantine === undefined
      ? []
      : [condition('Quarantined', 'True', ['RemovedFromGit', `Kept until ${quarantine.until}; put the file back to keep it.`])]),
    ...commonConditions(subject),
  ]
}

/** Ready and Bound: whether a machine may use the disk. One in quarantine lies where no machine finds it. */
function usable(name: string, volume: ObservedVolume | undefined, phase: string): ConditionDraft[] {
  if (volume?.quarantined !== undefined) {
    const why = ['Quarantined', `The disk is out of use and kept until ${volume.quarantined.until}.`] as const
    return [condition('Ready', 'False', why), condition('Bound', 'False', why)]
  }
  const done = phase === 'Succeeded'
  return [
    done
      ? condition('Ready', 'True', ['', ''])
      : condition('Ready', 'False', [volume?.problem?.reason ?? notReady(phase), volume?.problem?.message ?? '']),
    volume === undefined
      ? condition('Bound', 'False', ['NotFound', 'No host has this volume yet.'])
      : condition('Bound', done ? 'True' : 'False', done ? ['Bound', `PVC ${name} Bound`] : ['Pending', `PVC ${name} Pending`]),
  ]
}

function notReady(phase: string): string {
  return transferring.has(phase) ? 'TransferRunning' : phase
}

function running(volume: ObservedVolume | undefined, phase: string): ConditionDraft {
  if (transferring.has(phase)) return condition('Running', 'True', ['TransferRunning', ''])
  if (phase === 'Succeeded') return condition('Running', 'False', ['Completed', 'Import Complete'])
  const next = volume?.nextTryAt === undefined ? '' : ` Next try at ${volume.nextTryAt}.`
  return condition('Running', 'False', [volume?.problem?.reason ?? '', `${volume?.problem?.message ?? ''}${next}`.trim()])
}
