import assert from 'node:assert/strict'
import { it } from 'node:test'
import * as fc from 'fast-check'
import { mergeBooted } from '../../../../agent/drivers/libvirt/render/merge-booted.ts'
import { planHotplug } from '../../../../agent/drivers/libvirt/render/hotplug.ts'
import { pluggable } from '../../../../agent/drivers/libvirt/render/pluggable.ts'
import { child, writeXml, type XmlElement } from '../../../../agent/drivers/libvirt/xml.ts'
import { errorCode } from '../../../../reconciler/lib/errors.ts'
import { machineUpdate } from '../../../../reconciler/plan/machine-update.ts'
import { fieldsSinceBoot } from '../../../../reconciler/plan/since-boot.ts'
import type { ObservedMachine } from '../../../../schemas/generated/observation.ts'
import type { Change, MachineSpec } from '../../../../schemas/generated/plan.ts'
import { edited, firstWanted, guestEdits, wordsOf, type Wanted } from '../../../prediction/guest-edits.ts'
import { makeGuest, type Made } from '../../../prediction/guest-made.ts'
import { hostWith } from '../../agent/drivers/libvirt/machine.ts'

type Accelerator = 'kvm' | 'tcg'

/** A guest as its agent has it: what was defined, and what runs. */
type Running = { readonly applied: MachineSpec; readonly definition: Made; readonly booted: MachineSpec; readonly live: Made }

function define(machine: MachineSpec, accelerator: Accelerator, previous?: Made): Made | undefined {
  try {
    return makeGuest(machine, hostWith(accelerator), previous?.domain)
  } catch (error) {
    if (errorCode(error) === 'InvalidMachine') return undefined
    throw error
  }
}

const aliasOf = (device: XmlElement): string => child(device, 'alias')?.attributes['name'] ?? ''

/** Does to the running guest what the agent would ask of libvirt. */
function plug({ applied, definition, booted, live }: Running): Running {
  const known = { booted, applied, pluggable: pluggable(booted, applied) }
  let devices = child(live.domain, 'devices')?.children ?? []
  const media = new Map(live.media)
  for (const { verb, device } of planHotplug({ live: live.domain, definition: definition.domain, ...known })) {
    const others = devices.filter((one) => device.name === 'controller' || aliasOf(one) !== aliasOf(device))
    devices = verb === 'detach' ? others : [...others, device]
    const volume = aliasOf(device).replace(/^ua-disk-/, '')
    const content = definition.media.get(volume)
    if (verb === 'detach' || content === undefined) media.delete(volume)
    else media.set(volume, content)
  }
  const domain = {
    ...live.domain,
    children: live.domain.children.map((one) => (one.name === 'devices' ? { ...one, children: devices } : one)),
  }
  const running = { live: domain, definition: definition.domain }
  return { applied, definition, booted: mergeBooted(booted, applied, running), live: { domain, text: writeXml(domain), media } }
}

/** A guest as one text, whatever the order of its devices, without ports that only wait for devices and links that are up anyway. */
function guestText({ domain, media }: Made, threads: boolean): string {
  const bare = (item: XmlElement): XmlElement => {
    const { iothread: _, ...attributes } = item.attributes
    const parts = item.children.filter(({ name, attributes: { state } }) => !(name === 'link' && state === 'up'))
    const children = parts.map(bare).sort((one, other) => (writeXml(one) < writeXml(other) ? -1 : 1))
    return { ...item, attributes: threads ? item.attributes : attributes, children }
  }
  const parts = domain.children
    .filter(({ name }) => name !== 'devices' && (threads || name !== 'iothreads'))
    .map((one) => writeXml(bare(one)))
  const devices = (child(domain, 'devices')?.children ?? []).filter(({ name }) => name !== 'controller').map((one) => writeXml(bare(one)))
  return [...parts, ...devices.sort(), JSON.stringify(Object.fromEntries(media), [...media.keys()].sort())].join('\n')
}

function planOf(wanted: Wanted, { applied, booted }: Pick<Running, 'applied' | 'booted'>, accelerator: Accelerator): Change | undefined {
  const object: ObservedMachine = {
    kind: 'VirtualMachine',
    key: applied.key,
    digest: '',
    uid: applied.uid,
    state: 'running',
    applied,
    booted,
    accelerator,
    drift: [],
    interfaces: [],
    volumes: [],
  }
  const update = { desired: wanted.machine, machine: wanted.spec, sighting: { node: 'n1', object }, blocked: [], after: [] }
  return machineUpdate(update)?.change as Change | undefined
}

const verbsOf = (change: Change | undefined): string[] => (change?.steps ?? []).map(({ verb }) => verb)
const waitingOf = (change: Change | undefined): string[] =>
  (change?.fields ?? []).filter(({ disruption }) => disruption === 'restart').map(({ path }) => path)

const steps = fc.array(fc.tuple(guestEdits(1, 3), fc.boolean()), { minLength: 1, maxLength: 5 })

for (const accelerator of ['kvm', 'tcg'] as const) {
  it(`edits of a running guest leave to be done what their plans said, with ${accelerator}`, () => {
    const property = fc.property(steps, (list) => {
      let wanted = firstWanted()
      const first = define(wanted.spec, accelerator) ?? assert.fail('the first machine is refused')
      let guest: Running = { applied: wanted.spec, definition: first, booted: wanted.spec, live: first }
      for (const [edit, restarts] of list) {
        const next = edited(wanted, edit)
        const definition = define(next.spec, accelerator, guest.definition)
        if (definition === undefined) continue
        const told = planOf(next, guest, accelerator)
        wanted = next
        if (verbsOf(told).includes('DefineDomain')) guest = { ...guest, applied: next.spec, definition }
        if (verbsOf(told).includes('HotplugDomain')) guest = plug(guest)
        const left = planOf(wanted, guest, accelerator)
        const words = `${wordsOf(edit)}\n${JSON.stringify(told?.fields)}\n${JSON.stringify(left?.fields)}`
        assert.deepEqual(verbsOf(left), verbsOf(told).includes('RestartDomain') ? ['RestartDomain'] : [], `steps left after ${words}`)
        assert.deepEqual(waitingOf(left).sort(), waitingOf(told).sort(), `fields that wait after ${words}`)
        assert.deepEqual(fieldsSinceBoot({ ...guest, accelerator }).sort(), waitingOf(left).sort(), `status after ${words}`)
        const isSame = (threads: boolean): boolean => guestText(guest.live, threads) === guestText(guest.definition, threads)
        if (left === undefined) assert.equal(guestText(guest.live, false), guestText(guest.definition, false), `after ${words}`)
        else assert.ok(!isSame(true), `a restart for nothing after ${words}`)
        if (restarts && left !== undefined) guest = { ...guest, booted: guest.applied, live: guest.definition }
      }
    })
    fc.assert(property, { numRuns: 100, includeErrorInReport: true })
  })
}
