import type { DisruptionClass, MachineSpec, Step } from '../../../schemas/generated/plan.ts'

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

function graceSeconds(machine: MachineSpec): number {
  return machine.template.spec?.terminationGracePeriodSeconds ?? defaultGrace
}

/** True for the strategies under which a machine that was just defined is started. */
export function startsByItself(strategy: MachineSpec['runStrategy']): boolean {
  return strategy === 'Always' || strategy === 'Once' || strategy === 'RerunOnFailure'
}
