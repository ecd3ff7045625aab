import type { MachineSpec } from '../../../schemas/generated/plan.ts'
import type { DesiredObject } from '../../desired/types.ts'
import { parseKey } from '../../lib/object-key.ts'
import { machineUid } from './identity.ts'
import type { ResolvedPolicy } from './policy.ts'
import { hostAnnotations } from './reconciler-annotations.ts'

export type MachineObject = DesiredObject & { readonly kind: 'VirtualMachine' }

/** A VirtualMachine as the agent needs it; `inputs` are the digests of the Secrets and ConfigMaps that it reads. */
export function resolveMachine(
  desired: MachineObject,
  inputs: Readonly<Record<string, string>>,
  policy: Pick<ResolvedPolicy, 'allowedHostPaths'>,
): MachineSpec {
  const { namespace, name } = parseKey(desired.key)
  const { metadata, spec } = desired.object
  const usesHostDisk = spec.template.spec?.volumes?.some((volume) => volume.hostDisk !== undefined) === true
  return {
    key: desired.key,
    namespace,
    name,
    uid: spec.template.spec?.domain.firmware?.uuid ?? machineUid(namespace, name),
    labels: metadata.labels ?? {},
    annotations: hostAnnotations(metadata.annotations ?? {}),
    runStrategy: runStrategyOf(desired),
    template: spec.template,
    inputs: { ...inputs },
    ...(usesHostDisk ? { allowHostDisk: [...policy.allowedHostPaths] } : {}),
    origin: desired.origin,
  }
}

const strategies: ReadonlySet<string> = new Set(['Always', 'RerunOnFailure', 'Manual', 'Halted', 'Once'])

/** The run strategy; `running` is its old form. What says neither is not run. */
export function runStrategyOf(desired: MachineObject): MachineSpec['runStrategy'] {
  const { runStrategy, running } = desired.object.spec
  if (runStrategy !== undefined && strategies.has(runStrategy)) return runStrategy as MachineSpec['runStrategy']
  return running === true ? 'Always' : 'Halted'
}
