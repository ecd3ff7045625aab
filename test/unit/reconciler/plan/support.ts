import type { DataVolume } from '../../../../schemas/generated/data-volume.ts'
import type { Fleet, FleetSpec } from '../../../../schemas/generated/fleet.ts'
import type { NodeNetworkConfigurationPolicy } from '../../../../schemas/generated/node-network-configuration-policy.ts'
import type {
  NodeFacts,
  ObservedMachine,
  ObservedObject,
  ObservedPolicy,
  ObservedVolume,
} from '../../../../schemas/generated/observation.ts'
import type { Change, MachineSpec, Plan, PolicySpec, VolumeSpec } from '../../../../schemas/generated/plan.ts'
import type { VirtualMachine, VirtualMachineInstanceSpec } from '../../../../schemas/generated/virtual-machine.ts'
import type { DesiredObject, DesiredView, ManifestError, PlainObject } from '../../../../reconciler/desired/types.ts'
import { digestOf } from '../../../../reconciler/lib/digest.ts'
import { objectKey, parseKey } from '../../../../reconciler/lib/object-key.ts'
import type { ObservedNode, ObservedView, Sighting } from '../../../../reconciler/observed/types.ts'
import type { PlanInput } from '../../../../reconciler/plan/types.ts'
import { inputReferences, volumeKeys } from '../../../../reconciler/plan/resolve/template.ts'

export const now = new Date('2026-01-02T03:04:05.000Z')

type Meta = { labels?: Record<string, string>; annotations?: Record<string, string>; path?: string }

function origin(path: string): DesiredObject['origin'] {
  return { path, line: 1, column: 1 }
}

/** A guest with one disk, one NIC and a seed. */
export function guestSpec(overrides: Partial<VirtualMachineInstanceSpec> = {}): VirtualMachineInstanceSpec {
  return {
    domain: {
      cpu: { cores: 1, sockets: 1, threads: 1 },
      memory: { guest: '1Gi' },
      machine: { type: 'q35' },
      devices: {
        disks: [
          { name: 'root', disk: { bus: 'virtio' } },
          { name: 'seed', disk: { bus: 'virtio' } },
        ],
        interfaces: [{ name: 'default', masquerade: {}, model: 'virtio' }],
      },
    },
    networks: [{ name: 'default', pod: {} }],
    terminationGracePeriodSeconds: 30,
    volumes: [
      { name: 'root', dataVolume: { name: 'root' } },
      { name: 'seed', cloudInitNoCloud: { userData: '#cloud-config\npassword: hunter2\n' } },
    ],
    ...overrides,
  }
}

export function machine(
  name: string,
  options: Meta & { runStrategy?: MachineSpec['runStrategy']; guest?: VirtualMachineInstanceSpec } = {},
): DesiredObject {
  const object: VirtualMachine = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'default', labels: options.labels ?? {}, annotations: options.annotations ?? {} },
    spec: { runStrategy: options.runStrategy ?? 'Always', template: { spec: options.guest ?? guestSpec() } },
  }
  const references = [
    ...volumeKeys('default', object.spec.template),
    ...inputReferences('default', object.spec.template).map(({ key }) => key),
  ]
  return {
    kind: 'VirtualMachine',
    key: objectKey('VirtualMachine', 'default', name),
    origin: origin(options.path ?? `${name}.yaml`),
    digest: digestOf(object),
    references,
    object,
  }
}

export function volume(
  name: string,
  options: Meta & { size?: string; url?: string; ownerKey?: string; storageClassName?: string } = {},
): DesiredObject {
  const object: DataVolume = {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name, namespace: 'default', labels: options.labels ?? {}, annotations: options.annotations ?? {} },
    spec: {
      source: options.url === undefined ? { blank: {} } : { http: { url: options.url } },
      storage: {
        resources: { requests: { storage: options.size ?? '1Gi' } },
        ...(options.storageClassName === undefined ? {} : { storageClassName: options.storageClassName }),
      },
    },
  }
  return {
    kind: 'DataVolume',
    key: objectKey('DataVolume', 'default', name),
    origin: origin(options.path ?? `${name}.yaml`),
    digest: digestOf(object),
    references: [],
    object,
    ...(options.ownerKey === undefined ? {} : { ownerKey: options.ownerKey }),
  }
}

export function network(
  name: string,
  options: Meta & { bridge?: string; nodeSelector?: Record<string, string>; maxUnavailable?: string | number } = {},
): DesiredObject {
  const object: NodeNetworkConfigurationPolicy = {
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name, ...(options.labels === undefined ? {} : { labels: options.labels }) },
    spec: {
      ...(options.nodeSelector === undefined ? {} : { nodeSelector: options.nodeSelector }),
      ...(options.maxUnavailable === undefined ? {} : { maxUnavailable: options.maxUnavailable }),
      desiredState: { interfaces: [{ name: options.bridge ?? 'br1', type: 'linux-bridge', state: 'up' }] },
    },
  }
  return {
    kind: 'NodeNetworkConfigurationPolicy',
    key: objectKey('NodeNetworkConfigurationPolicy', '', name),
    origin: origin(options.path ?? `${name}.yaml`),
    digest: digestOf(object),
    references: [],
    object,
  }
}

export function fleet(spec: FleetSpec): DesiredObject {
  const object: Fleet = { apiVersion: 'gitvirt.io/v1alpha1', kind: 'Fleet', metadata: { name: 'fleet' }, spec }
  return { kind: 'Fleet', key: 'Fleet//fleet', origin: origin('gitvirt.yaml'), digest: digestOf(object), references: [], object }
}

export function plain(
  kind: 'Node' | 'StorageClass' | 'Secret' | 'ConfigMap',
  name: string,
  rest: Record<string, unknown> & { metadata?: object } = {},
): DesiredObject {
  const namespace = kind === 'Secret' || kind === 'ConfigMap' ? 'default' : ''
  const { metadata, ...fields } = rest
  const object: PlainObject = { apiVersion: 'v1', kind, ...fields, metadata: { name, ...metadata } }
  return { kind, key: objectKey(kind, namespace, name), origin: origin(`${name}.yaml`), digest: digestOf(object), references: [], object }
}

export type Unknown = {
  keys?: readonly string[]
  paths?: readonly string[]
  errors?: readonly ManifestError[]
  severalSources?: boolean
}

function append(lists: Map<string, string[]>, name: string, value: string): void {
  const list = lists.get(name)
  if (list === undefined) lists.set(name, [value])
  else list.push(value)
}

export function desiredView(objects: readonly DesiredObject[], unknown: Unknown = {}): DesiredView {
  const byKey = new Map(objects.map((object) => [object.key, object]))
  const byKind = new Map<string, string[]>()
  const dependents = new Map<string, string[]>()
  for (const object of objects) {
    append(byKind, object.kind, object.key)
    for (const key of object.references) append(dependents, key, object.key)
  }
  return {
    revision: 'r1',
    severalSources: unknown.severalSources === true,
    get: (key) => byKey.get(key),
    keys: () => byKey.keys(),
    keysOf: (kind) => byKind.get(kind) ?? [],
    dependents: (key) => dependents.get(key) ?? [],
    isUnknownPath: (path) => unknown.paths?.includes(path) === true,
    unknownPaths: () => unknown.paths ?? [],
    isUnknownKey: (key) => unknown.keys?.includes(key) === true,
    errors: () => unknown.errors ?? [],
  }
}

export function facts(overrides: Partial<NodeFacts> = {}): NodeFacts {
  return {
    hostname: 'h1',
    architecture: 'x86_64',
    cpus: 8,
    memoryBytes: 64 * 2 ** 30,
    accelerator: 'kvm',
    interfaces: [{ name: 'eth0', type: 'ethernet', up: true }],
    pools: [],
    versions: {},
    ...overrides,
  }
}

export function node(name: string, options: { connected?: boolean; facts?: Partial<NodeFacts> } = {}): ObservedNode {
  return { name, connected: options.connected ?? true, seenAt: '2026-01-02T03:00:00Z', facts: facts({ hostname: name, ...options.facts }) }
}

export function observedView(nodes: readonly ObservedNode[], sightings: readonly Sighting[] = []): ObservedView {
  const byKey = new Map<string, Sighting[]>()
  for (const one of sightings) byKey.set(one.object.key, [...(byKey.get(one.object.key) ?? []), one])
  const byName = new Map(nodes.map((one) => [one.name, one]))
  return { get: (key) => byKey.get(key) ?? [], keys: () => byKey.keys(), nodes: () => nodes, node: (name) => byName.get(name) }
}

export function observedMachine(applied: MachineSpec, overrides: Partial<ObservedMachine> = {}): ObservedMachine {
  const runs = ['Always', 'Once', 'RerunOnFailure'].includes(applied.runStrategy)
  return {
    kind: 'VirtualMachine',
    key: applied.key,
    digest: digestOf([applied, overrides]),
    uid: applied.uid,
    state: runs ? 'running' : 'off',
    applied,
    ...(runs ? { booted: applied, startedAt: '2026-01-01T00:00:00Z' } : {}),
    drift: [],
    interfaces: [],
    volumes: [],
    ...overrides,
  }
}

export function observedVolume(applied: VolumeSpec, overrides: Partial<ObservedVolume> = {}): ObservedVolume {
  return {
    kind: 'DataVolume',
    key: applied.key,
    digest: digestOf([applied, overrides]),
    phase: 'Succeeded',
    applied,
    allocatedBytes: 1024,
    ...overrides,
  }
}

export function observedPolicy(applied: PolicySpec, overrides: Partial<ObservedPolicy> = {}): ObservedPolicy {
  return {
    kind: 'NodeNetworkConfigurationPolicy',
    key: applied.key,
    digest: digestOf([applied, overrides]),
    applied,
    conditions: [{ type: 'Available', status: 'True', reason: 'SuccessfullyConfigured', message: '', at: '2026-01-01T00:00:00Z' }],
    drift: [],
    ...overrides,
  }
}

export function input(desired: DesiredView, observed: ObservedView, rest: Partial<PlanInput> = {}): PlanInput {
  return { desired, observed, approvals: [], suspensions: [], now, inputSalt: 'salt', ...rest }
}

/** Does to a world what an agent would do with the plans that it is sent. */
export function carryOut(sent: readonly Plan[], before: readonly Sighting[]): Sighting[] {
  const world = new Map(before.map((one) => [`${one.node} ${one.object.key}`, one]))
  for (const plan of sent) for (const change of plan.changes) carryOutChange(change, world)
  return [...world.values()]
}

function carryOutChange(change: Change, world: Map<string, Sighting>): void {
  const place = `${change.node} ${change.key}`
  for (const step of change.steps) {
    const object = world.get(place)?.object
    const next = carryOutStep(step, object)
    if (next === undefined) world.delete(place)
    else world.set(place, { node: change.node, object: { ...next, digest: digestOf({ ...next, digest: '' }) } })
  }
}

function carryOutStep(step: Change['steps'][number], object: ObservedObject | undefined): ObservedObject | undefined {
  const wire = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
  if (step.volume !== undefined) {
    const applied = wire(step.volume)
    if (step.verb === 'QuarantineVolume')
      return observedVolume(applied, { quarantined: { since: now.toISOString(), until: step.until ?? '' } })
    return observedVolume(applied)
  }
  if (step.verb === 'RecordNetworkPolicy' && object?.kind === 'NodeNetworkConfigurationPolicy' && step.policy !== undefined)
    return { ...object, applied: wire(step.policy) }
  if (step.policy !== undefined) return observedPolicy(wire(step.policy))
  if (step.verb === 'ForgetNetworkPolicy' || step.verb === 'UndefineDomain') return undefined
  const current = object?.kind === 'VirtualMachine' ? object : undefined
  const spec = step.machine ?? current?.applied
  return spec === undefined ? object : carryOutMachine(step.verb, wire(spec), current)
}

function carryOutMachine(verb: string, applied: MachineSpec, object: ObservedMachine | undefined): ObservedMachine {
  const never: ObservedMachine = { ...observedMachine({ ...applied, runStrategy: 'Halted' }), applied }
  const current = object ?? never
  if (verb === 'StartDomain' || verb === 'RestartDomain') return { ...current, applied, booted: applied, state: 'running' }
  if (verb === 'StopDomain') return { ...current, state: 'off' }
  if (verb === 'HotplugDomain') return { ...current, drift: [], booted: plugged(current.booted ?? applied, applied) }
  const running = current.state === 'running'
  const state = current.state === 'undefined' ? 'off' : current.state
  return { ...current, state, applied, drift: running ? current.drift : [] }
}

/** What a running guest has after hotplug: disks on virtio and scsi come and go, links are set, all else is as it was booted. */
function plugged(booted: MachineSpec, applied: MachineSpec): MachineSpec {
  const [before, after] = [booted.template.spec, applied.template.spec]
  if (before === undefined || after === undefined) return booted
  const [old, now] = [before.domain.devices.disks ?? [], after.domain.devices.disks ?? []]
  const hot = new Set([...old, ...now].filter(({ disk }) => disk?.bus !== 'sata').map(({ name }) => name))
  const swap = <T extends { readonly name: string }>(from: readonly T[] = [], to: readonly T[] = []): T[] => [
    ...from.filter(({ name }) => !hot.has(name) || to.some((one) => one.name === name)),
    ...to.filter(({ name }) => hot.has(name) && from.every((one) => one.name !== name)),
  ]
  const interfaces = after.domain.devices.interfaces
  const devices = { ...before.domain.devices, disks: swap(old, now), ...(interfaces === undefined ? {} : { interfaces }) }
  const spec = { ...before, domain: { ...before.domain, devices }, volumes: swap(before.volumes, after.volumes) }
  return { ...booted, template: { ...booted.template, spec } }
}

export function nameOf(key: string): string {
  return parseKey(key).name
}
