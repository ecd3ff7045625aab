import * as fc from 'fast-check'
import { kindInfo } from '../../schemas/kinds.ts'
import type { MachineSpec } from '../../schemas/generated/plan.ts'
import type { VirtualMachine } from '../../schemas/generated/virtual-machine.ts'
import { defaultObject } from '../../reconciler/desired/defaults/default-object.ts'
import { validateObject } from '../../reconciler/desired/validate/validate-object.ts'
import { objectKey } from '../../reconciler/lib/object-key.ts'
import { resolveMachine, type MachineObject } from '../../reconciler/plan/resolve/machine.ts'
import { inputReferences } from '../../reconciler/plan/resolve/template.ts'
import { guestSettings, manyDevices } from './guest-fields.ts'

/** A valid manifest, and what hosts are told of it. */
export type Wanted = { readonly manifest: VirtualMachine; readonly machine: MachineObject; readonly spec: MachineSpec }

/** Some settings, and which version the Secrets and ConfigMaps have afterwards. */
export type GuestEdit = { readonly settings: readonly number[]; readonly version: number }

/** Edits of at least so many settings and at most so many. */
export function guestEdits(minLength: number, maxLength: number): fc.Arbitrary<GuestEdit> {
  return fc.record({
    settings: fc.array(fc.nat(guestSettings.length - 1), { minLength, maxLength }),
    version: fc.constantFrom(1, 1, 1, 2),
  })
}

/** The machine that edits begin with. */
export function firstWanted(): Wanted {
  const first = wantedOf(manyDevices(), 1)
  if (first === undefined) throw new Error('The first manifest is not valid.')
  return first
}

/** What is wanted after an edit; a setting that is not valid with the rest is left out. */
export function edited(before: Wanted, { settings, version }: GuestEdit): Wanted {
  let at = wantedOf(before.manifest, version) ?? before
  for (const number of settings) {
    const next = guestSettings[number]?.apply(at.manifest)
    at = (next === undefined ? undefined : wantedOf(next, version)) ?? at
  }
  return at
}

/** An edit in words. */
export function wordsOf({ settings, version }: GuestEdit): string {
  return [...settings.map((number) => guestSettings[number]?.what ?? ''), `inputs of version ${version}`].join('; ')
}

function wantedOf(manifest: VirtualMachine, version: number): Wanted | undefined {
  const info = kindInfo('VirtualMachine')
  if (info === undefined || validateObject('VirtualMachine', manifest).length > 0) return undefined
  const object = defaultObject(info, manifest as never) as unknown as VirtualMachine
  const key = objectKey('VirtualMachine', 'default', 'vm')
  const origin = { path: 'vm.yaml', line: 1, column: 1 }
  const machine: MachineObject = { kind: 'VirtualMachine', key, origin, digest: '', references: [], object }
  const inputs = inputReferences('default', object.spec.template).map(({ key: input }) => [input, `${input} ${version}`])
  return { manifest, machine, spec: resolveMachine(machine, Object.fromEntries(inputs), { allowedHostPaths: ['/images'] }) }
}
