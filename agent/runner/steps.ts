import type { Step } from '../../schemas/generated/plan.ts'
import { GitvirtError } from '../../reconciler/lib/errors.ts'
import type { Drivers, InputData } from '../drivers/types.ts'

export type StepContext = { readonly drivers: Drivers; readonly data: InputData; readonly signal: AbortSignal }

/** Carries out one step by the driver that it concerns. Every driver call is idempotent. */
export async function runStep(step: Step, { drivers, data, signal }: StepContext): Promise<void> {
  const { machines, volumes, networks } = drivers
  switch (step.verb) {
    case 'ApplyNetworkPolicy':
      return await networks.apply(needed(step, 'policy'), signal)
    case 'RecordNetworkPolicy':
      return await networks.record(needed(step, 'policy'))
    case 'ForgetNetworkPolicy':
      return await networks.forget(step.key)
    case 'EnsureVolume':
      return await volumes.ensure(needed(step, 'volume'), data, signal)
    case 'ResizeVolume':
      return await volumes.resize(needed(step, 'volume'))
    case 'RestoreVolume':
      return await volumes.restore(needed(step, 'volume'))
    case 'QuarantineVolume':
      return await volumes.quarantine(step.key, needed(step, 'until'))
    case 'DeleteVolume':
      return await volumes.remove(step.key)
    case 'DefineDomain':
      return await machines.define(needed(step, 'machine'), data)
    case 'HotplugDomain':
      return await machines.hotplug(needed(step, 'machine'), data)
    case 'StartDomain':
      return await machines.start(step.key)
    case 'StopDomain':
      return await machines.stop(step.key, step.graceSeconds)
    case 'RestartDomain':
      return await machines.restart(step.key, step.graceSeconds)
    case 'UndefineDomain':
      return await machines.undefine(step.key)
  }
}

function needed<Field extends 'machine' | 'volume' | 'policy' | 'until'>(step: Step, field: Field): NonNullable<Step[Field]> {
  const value = step[field]
  if (value !== undefined) return value
  throw new GitvirtError({ code: 'InvalidPlan', message: `Step ${step.id} lacks its ${field}.`, object: step.key, terminal: true })
}
