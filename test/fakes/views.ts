import type { NodeFacts, ObservedMachine, ObservedObject, ObservedVolume } from '../../schemas/generated/observation.ts'
import type { MachineSpec, VolumeSpec } from '../../schemas/generated/plan.ts'
import type { DesiredObject, DesiredView, ManifestError } from '../../reconciler/desired/types.ts'
import { digestOf } from '../../reconciler/lib/digest.ts'
import { objectKey, parseKey, type ObjectKey } from '../../reconciler/lib/object-key.ts'
import type { ObservedNode, ObservedView } from '../../reconciler/observed/types.ts'

/** A desired state made by hand, for rooms that only read one. */
export type FakeDesired = DesiredView & {
  put(
    object: Manifest,
    options?: { readonly owner?: ObjectKey; readonly references?: readonly ObjectKey[]; readonly line?: number },
  ): ObjectKey
  remove(key: ObjectKey): void
  breakKey(key: ObjectKey, error: ManifestError): void
  mend(key: ObjectKey): void
}

export type Manifest = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

export function fakeDesired(): FakeDesired {
  const objects = new Map<ObjectKey, DesiredObject>()
  const unknown = new Map<ObjectKey, ManifestError>()
  const dependents = new Map<ObjectKey, Set<ObjectKey>>()
  let errors: readonly ManifestError[] = []
  const refreshErrors = (): void => {
    errors = [...unknown.values()]
  }
  return {
    revision: 'a'.repeat(40),
    get: (key) => objects.get(key),
    keys: () => objects.keys(),
    keysOf: (kind) => [...objects.keys()].filter((key) => parseKey(key).kind === kind),
    dependents: (key) => dependents.get(key) ?? [],
    isUnknownPath: (path) => [...unknown.values()].some((error) => error.path === path),
    unknownPaths: () => [...unknown.values()].map((error) => error.path),
    isUnknownKey: (key) => unknown.has(key),
    errors: () => errors,
    put: (object, options = {}) => {
      const key = objectKey(object.kind, object.metadata.namespace ?? '', object.metadata.name)
      for (const reference of options.references ?? []) dependents.set(reference, (dependents.get(reference) ?? new Set()).add(key))
      objects.set(key, {
        key,
        kind: object.kind,
        object,
        origin: { path: `apps/${object.metadata.name}.yaml`, line: options.line ?? 1, column: 1 },
        digest: digestOf(object),
        references: options.references ?? [],
        ...(options.owner === undefined ? {} : { ownerKey: options.owner }),
      } as unknown as DesiredObject)
      return key
    },
    remove: (key) => void objects.delete(key),
    breakKey: (key, error) => {
      objects.delete(key)
      unknown.set(key, { ...error, object: key })
      refreshErrors()
    },
    mend: (key) => {
      unknown.delete(key)
      refreshErrors()
    },
  }
}

export type FakeObserved = ObservedView & {
  node(name: string): ObservedNode | undefined
  setNode(name: string, options?: { readonly connected?: boolean; readonly facts?: Partial<NodeFacts> }): void
  see(node: string, object: ObservedObject): void
  lose(node: string, key: ObjectKey): void
}

export function fakeObserved(): FakeObserved {
  const nodes = new Map<string, ObservedNode>()
  const objects = new Map<ObjectKey, Map<string, ObservedObject>>()
  return {
    get: (key) => [...(objects.get(key) ?? [])].map(([node, object]) => ({ node, object, print: digestOf(object) })),
    keys: () => objects.keys(),
    nodes: () => [...nodes.values()],
    node: (name) => nodes.get(name),
    setNode: (name, { connected = true, facts = {} } = {}) => {
      nodes.set(name, { name, connected, seenAt: '2026-01-01T00:00:00Z', facts: { ...nodeFacts(name), ...facts } })
    },
    see: (node, object) => {
      const sightings = objects.get(object.key) ?? new Map<string, ObservedObject>()
      objects.set(object.key, sightings.set(node, object))
    },
    lose: (node, key) => {
      objects.get(key)?.delete(node)
      if (objects.get(key)?.size === 0) objects.delete(key)
    },
  }
}

export function nodeFacts(name: string): NodeFacts {
  return {
    hostname: name,
    architecture: 'x86_64',
    cpus: 4,
    memoryBytes: 8 * 2 ** 30,
    accelerator: 'tcg',
    acceleratorReason: 'The CPU has neither vmx nor svm.',
    interfaces: [{ name: 'eth0', type: 'ethernet', up: true, addresses: ['192.0.2.10/24'] }],
    networkState: { interfaces: [{ name: 'eth0', type: 'ethernet', state: 'up' }] },
    networkProvider: 'networkmanager',
    pools: [],
    versions: { gitvirt: '0.1.0', libvirt: '9.0.0', qemu: '7.2.0', kernel: '6.1.0' },
  }
}

/** A small VirtualMachine with one DataVolume disk. */
export function vmManifest(name: string, namespace = 'default', volume = `${name}-root`): Manifest {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      runStrategy: 'Always',
      template: {
        metadata: { labels: { 'kubevirt.io/domain': name } },
        spec: {
          domain: {
            devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }], interfaces: [{ name: 'default', masquerade: {} }] },
            memory: { guest: '256Mi' },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [{ name: 'root', dataVolume: { name: volume } }],
        },
      },
    },
  }
}

export function volumeManifest(name: string, namespace = 'default'): Manifest {
  return {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name, namespace },
    spec: { source: { http: { url: 'http://images.example/root.qcow2' } }, storage: { resources: { requests: { storage: '1Gi' } } } },
  }
}

const origin = (name: string): MachineSpec['origin'] => ({ path: `apps/${name}.yaml`, line: 1, column: 1 })

export function machineSeen(manifest: Manifest, fields: Partial<ObservedMachine> = {}): ObservedMachine {
  const { name, namespace = 'default' } = manifest.metadata
  const spec = manifest['spec'] as { runStrategy: MachineSpec['runStrategy']; template: MachineSpec['template'] }
  const applied: MachineSpec = {
    key: objectKey('VirtualMachine', namespace, name),
    namespace,
    name,
    uid: '5d307ca9-b3ef-428c-8861-06e72d69f223',
    labels: {},
    annotations: {},
    runStrategy: spec.runStrategy,
    template: spec.template,
    inputs: {},
    origin: origin(name),
  }
  return {
    kind: 'VirtualMachine',
    key: applied.key,
    digest: 'd',
    uid: applied.uid,
    state: 'running',
    startedAt: '2026-01-01T00:00:05.000Z',
    applied,
    booted: applied,
    drift: [],
    interfaces: [{ name: 'default', mac: '52:54:00:00:00:01', ips: ['10.0.2.15'], source: 'lease' }],
    volumes: [{ name: 'root', target: 'vda' }],
    accelerator: 'tcg',
    ...fields,
  }
}

export function volumeSeen(manifest: Manifest, fields: Partial<ObservedVolume> = {}): ObservedVolume {
  const { name, namespace = 'default' } = manifest.metadata
  const applied: VolumeSpec = {
    key: objectKey('DataVolume', namespace, name),
    namespace,
    name,
    spec: manifest['spec'] as VolumeSpec['spec'],
    sizeBytes: 2 ** 30,
    pool: { name: 'default', type: 'dir', path: '', format: 'qcow2' },
    annotations: {},
    origin: origin(name),
  }
  return { kind: 'DataVolume', key: applied.key, digest: 'd', phase: 'Succeeded', applied, restarts: 0, ...fields }
}
