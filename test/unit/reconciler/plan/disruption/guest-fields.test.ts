import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { errorCode } from '../../../../../reconciler/lib/errors.ts'
import { judgeFields, type JudgedField } from '../../../../../reconciler/plan/diff/fields.ts'
import { parsePath } from '../../../../../reconciler/plan/diff/path.ts'
import { setIn } from '../../../../../reconciler/plan/diff/set-in.ts'
import { machineView } from '../../../../../reconciler/plan/diff/views.ts'
import type { MachineSpec } from '../../../../../schemas/generated/plan.ts'
import { edited, firstWanted, guestEdits, wordsOf } from '../../../../prediction/guest-edits.ts'
import { makeGuest } from '../../../../prediction/guest-made.ts'
import { hostWith } from '../../../agent/drivers/libvirt/machine.ts'

type Accelerator = 'kvm' | 'tcg'

/** All that the agent makes of a machine, as one text; undefined where it refuses the machine. */
function textOf(machine: MachineSpec, accelerator: Accelerator): string | undefined {
  try {
    const { text, media } = makeGuest(machine, hostWith(accelerator))
    return JSON.stringify([text, [...media]])
  } catch (error) {
    if (error instanceof TypeError || ['InvalidMachine', 'InputMissing', 'InvalidQuantity'].includes(errorCode(error) ?? ''))
      return undefined
    throw error
  }
}

/** A machine with one field of its manifest set; a disk that comes or goes does so with what is in it. */
function withField(
  spec: MachineSpec,
  path: string,
  { value, other }: { readonly value: unknown; readonly other: MachineSpec },
): MachineSpec {
  const [first = '', ...rest] = parsePath(path)
  const next = setIn(spec, first === 'metadata' || first === 'spec' ? rest : [first, ...rest], value) as MachineSpec
  const name = /\.disks\[([^\]]+)\]$/.exec(path)?.[1]
  if (name === undefined) return next
  const volume = other.template.spec?.volumes?.find((one) => one.name === name)
  return setIn(next, ['template', 'spec', 'volumes', `[${name}]`], volume) as MachineSpec
}

type Change = { readonly from: MachineSpec; readonly to: MachineSpec; readonly accelerator: Accelerator }

/** True where the field alone, set before or taken back after, makes another guest. */
function bringsSomething({ from, to, accelerator }: Change, { field: { path, before, after } }: JudgedField): boolean {
  const differs = (one: MachineSpec, other: MachineSpec): boolean => {
    const [text, otherText] = [textOf(one, accelerator), textOf(other, accelerator)]
    return text === undefined || otherText === undefined || text !== otherText
  }
  const [early, late] = [withField(from, path, { value: after, other: to }), withField(to, path, { value: before, other: from })]
  return differs(from, early) || differs(to, late)
}

describe('classes of fields beside what the agent makes of them', () => {
  for (const accelerator of ['kvm', 'tcg'] as const) {
    it(`a restart brings something, and nothing else waits in silence, with ${accelerator}`, () => {
      const property = fc.property(guestEdits(0, 8), guestEdits(1, 3), (made, edit) => {
        const before = edited(firstWanted(), made)
        const change = { from: before.spec, to: edited(before, edit).spec, accelerator }
        const [old, next] = [textOf(change.from, accelerator), textOf(change.to, accelerator)]
        fc.pre(old !== undefined && next !== undefined)
        const views = { from: machineView(change.from), to: machineView(change.to) }
        const fields = judgeFields({ kind: 'VirtualMachine', ...views, active: true, accelerator })
        const idle = fields.filter((one) => one.act === 'restart' && !bringsSomething(change, one)).map(({ field }) => field.path)
        assert.deepEqual(idle, [], `a restart for nothing after ${wordsOf(edit)}`)
        if (fields.every(({ act }) => act === 'define')) assert.equal(next, old, `another guest in silence after ${wordsOf(edit)}`)
      })
      fc.assert(property, { numRuns: 300, includeErrorInReport: true })
    })
  }
})
