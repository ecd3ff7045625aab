import type { ObservedMachine } from '../../schemas/generated/observation.ts'
import { judgeFields } from './diff/fields.ts'
import { machineView } from './diff/views.ts'

/** Paths of the fields that a restart of the running guest would bring, by the same rules as in a plan. */
export function fieldsSinceBoot({ booted, applied, accelerator }: Pick<ObservedMachine, 'booted' | 'applied' | 'accelerator'>): string[] {
  if (booted === undefined || applied === undefined || booted === applied) return []
  const fields = judgeFields({
    kind: 'VirtualMachine',
    from: machineView(booted),
    to: machineView(applied),
    active: true,
    ...(accelerator === undefined ? {} : { accelerator }),
  })
  return fields.filter(({ act }) => act === 'restart').map(({ field }) => field.path)
}
