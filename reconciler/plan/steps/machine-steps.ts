import type { DisruptionClass, MachineSpec, Step } from '../../../schemas/generated/plan.ts'
import type { ObjectKey } from '../../lib/object-key.ts'

type MachineVerb = Extract<
  Step['verb'],
  'DefineDomain' | 'HotplugDomain' | 'StartDomain' | 'StopDomain' | 'RestartDomain' | 'UndefineDomain'
>

/** Upstream's default grace period, in seconds. */
const defaultGrace = 30

/** One act on a domain. A start needs no spec: it starts what is defined. Steps that end a guest carry the grace period that the guest was started with. */
export function machineStep(verb: MachineVerb, machine: MachineSpec, disruption: DisruptionClass): Step {
  const ends = verb === 'StopDomain' || verb === 'RestartDomain'
  return {
    id: `${verb}:${machine.key}`,
    verb,
    key: machine.key,
    phase: 'compute',
    disruption,
    ...(verb === 'StartDomain' ? {} : { machine }),
    ...(ends ? { graceSeconds: graceSeconds(machine) } : {}),
  }
}

/** The end of a domain of which only our mark is known: its record on the host is lost, and with it the spec. */
export function markedStep(verb: 'StopDomain' | 'UndefineDomain', key: ObjectKey, disruption: DisruptionClass): Step {
  const step: Step = { id: `${verb}:${key}`, verb, key, phase: 'compute', disruption }
  return verb === 'StopDomain' ? { ...step, graceSeconds: defaultGrace } : step
}

function graceSeconds(machine: MachineSpec): number {
  return machine.template.spec?.terminationGracePeriodSeconds ?? defaultGrace
}

/** True for the strategies under which a machine that was just defined is started. */
export function startsByItself(strategy: MachineSpec['runStrategy']): boolean {
  return strategy === 'Always' || strategy === 'Once' || strategy === 'RerunOnFailure'
}
