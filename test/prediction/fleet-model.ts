import { stringify } from 'yaml'

/** Values by dotted path below the place that the owner says; a path that is absent is not in the manifest. */
export type Options = Readonly<Record<string, unknown>>

export type ModelDisk = {
  readonly name: string
  readonly device: 'disk' | 'cdrom'
  readonly bus: 'virtio' | 'scsi' | 'sata'
  readonly source: { readonly volume: string } | { readonly emptyMebibytes: number } | { readonly seed: number } | { readonly secret: true }
  readonly options: Options
}

export type ModelNic = { readonly name: string; readonly bridge: string; readonly options: Options }

export type ModelMachine = {
  readonly name: string
  readonly file: string
  /** The tiny guest is booted in it: it lets go of devices when asked. */
  readonly boots: boolean
  readonly runStrategy: 'Always' | 'Halted'
  readonly memory: string
  readonly disks: readonly ModelDisk[]
  readonly nics: readonly ModelNic[]
  /** Paths below the manifest. */
  readonly options: Options
}

export type ModelVolume = {
  readonly name: string
  readonly mebibytes: number
  /** The machine whose dataVolumeTemplates make it. */
  readonly owner?: string
  /** The tiny guest from the image server; else it is blank. */
  readonly image?: true
  readonly options: Options
}

export type ModelNetwork = {
  readonly name: string
  readonly bridge: string
  readonly state: 'up' | 'absent'
  readonly mtu: number
  readonly ports: readonly string[]
  readonly options: Options
}

/** What Git wants, as the test knows it: without defaults, templates or anything of the product. */
export type FleetModel = {
  readonly machines: readonly ModelMachine[]
  readonly volumes: readonly ModelVolume[]
  readonly networks: readonly ModelNetwork[]
  /** What the Secret with cloud-init data holds. */
  readonly secretMark: number
}

type Json = Record<string, unknown>

/** Sets one dotted path; parts are made on the way. */
function put(target: Json, path: string, value: unknown): void {
  const parts = path.split('.')
  let at = target
  for (const part of parts.slice(0, -1)) at = (at[part] ??= {}) as Json
  at[parts.at(-1) ?? ''] = value
}

function withOptions(target: Json, options: Options): Json {
  for (const [path, value] of Object.entries(options)) put(target, path, structuredClone(value))
  return target
}

/** Text that a seed holds and a guest can be seen to have. */
function seedMark(mark: number): string {
  return `mark-${mark}-of-the-seed`
}

function userData(mark: number): string {
  return `#cloud-config\n# ${seedMark(mark)}\npassword: gitvirt\nchpasswd: { expire: false }\n`
}

function volumeEntry({ name, source }: ModelDisk): Json {
  if ('volume' in source) return { name, dataVolume: { name: source.volume } }
  if ('emptyMebibytes' in source) return { name, emptyDisk: { capacity: `${source.emptyMebibytes}Mi` } }
  if ('secret' in source) return { name, cloudInitNoCloud: { secretRef: { name: 'seed' } } }
  return { name, cloudInitNoCloud: { userData: userData(source.seed) } }
}

function diskEntry({ name, device, bus, options }: ModelDisk): Json {
  return withOptions({ name, [device]: { bus } }, options)
}

function nicEntry({ name, bridge, options }: ModelNic): Json {
  return withOptions({ name, ...(bridge === 'pod' ? { masquerade: {} } : { bridge: {} }) }, options)
}

function networkEntry({ name, bridge }: ModelNic): Json {
  return bridge === 'pod' ? { name, pod: {} } : { name, multus: { networkName: bridge } }
}

function claim({ mebibytes, image }: ModelVolume): Json {
  return {
    source: image === true ? { http: { url: 'http://127.0.0.1:8090/tiny-guest.qcow2' } } : { blank: {} },
    storage: { resources: { requests: { storage: `${mebibytes}Mi` } } },
  }
}

function machineManifest(machine: ModelMachine, volumes: readonly ModelVolume[]): Json {
  const templates = volumes.filter(({ owner }) => owner === machine.name)
  const manifest: Json = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name: machine.name },
    spec: {
      runStrategy: machine.runStrategy,
      ...(templates.length === 0
        ? {}
        : { dataVolumeTemplates: templates.map((one) => withOptions({ metadata: { name: one.name }, spec: claim(one) }, one.options)) }),
      template: {
        spec: {
          terminationGracePeriodSeconds: 0,
          domain: {
            memory: { guest: machine.memory },
            devices: {
              autoattachPodInterface: false,
              disks: machine.disks.map(diskEntry),
              ...(machine.nics.length === 0 ? {} : { interfaces: machine.nics.map(nicEntry) }),
            },
          },
          ...(machine.nics.length === 0 ? {} : { networks: machine.nics.map(networkEntry) }),
          volumes: machine.disks.map(volumeEntry),
        },
      },
    },
  }
  return withOptions(manifest, machine.options)
}

function volumeManifest(volume: ModelVolume): Json {
  const manifest = {
    apiVersion: 'cdi.kubevirt.io/v1beta1',
    kind: 'DataVolume',
    metadata: { name: volume.name },
    spec: claim(volume),
  }
  return withOptions(manifest, volume.options)
}

function networkManifest({ name, bridge, state, mtu, ports, options }: ModelNetwork): Json {
  const up = {
    mtu,
    ipv4: { enabled: false },
    bridge: { options: { stp: { enabled: false } }, port: ports.map((port) => ({ name: port })) },
  }
  const manifest = {
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name },
    spec: { desiredState: { interfaces: [{ name: bridge, type: 'linux-bridge', state, ...(state === 'up' ? up : {}) }] } },
  }
  return withOptions(manifest, options)
}

const policy = {
  apiVersion: 'gitvirt.io/v1alpha1',
  kind: 'Fleet',
  metadata: { name: 'prediction' },
  spec: {
    disruption: { unattended: 'hotplug' },
    prune: { maxCount: 1000, maxPercent: 100, quarantine: '2h' },
    images: { allowedPrivateHosts: ['127.0.0.1:8090'] },
  },
}

/** Every file of the environment, by path. */
export function filesOf(model: FleetModel): Map<string, string> {
  const seed = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'seed' }, stringData: { userdata: userData(model.secretMark) } }
  const documents: [string, unknown][] = [
    ['gitvirt.yaml', policy],
    ['seed.yaml', seed],
    ...model.machines.map((one): [string, unknown] => [one.file, machineManifest(one, model.volumes)]),
    ...model.volumes
      .filter(({ owner }) => owner === undefined)
      .map((one): [string, unknown] => [`volumes/${one.name}.yaml`, volumeManifest(one)]),
    ...model.networks.map((one): [string, unknown] => [`networks/${one.name}.yaml`, networkManifest(one)]),
  ]
  return new Map(documents.map(([path, document]) => [path, stringify(document)]))
}

/** The fleet that all edits begin with: a guest that boots, one that stays in its firmware, one that is off. */
export function firstFleet(): FleetModel {
  const root = (volume: string): ModelDisk => ({ name: 'root', device: 'disk', bus: 'virtio', source: { volume }, options: {} })
  const seed: ModelDisk = { name: 'seed', device: 'disk', bus: 'virtio', source: { seed: 1 }, options: {} }
  const machine = (name: string, more: Partial<ModelMachine>): ModelMachine => ({
    name,
    file: `vms/${name}.yaml`,
    boots: false,
    runStrategy: 'Always',
    memory: '64Mi',
    disks: [root(`${name}-root`)],
    nics: [],
    options: {},
    ...more,
  })
  const nic: ModelNic = { name: 'net1', bridge: 'br1', options: {} }
  return {
    machines: [
      // SeaBIOS boots the first hard disk alone, so the root says that it is that one.
      machine('alpha', { boots: true, memory: '128Mi', disks: [{ ...root('alpha-root'), options: { bootOrder: 1 } }, seed], nics: [nic] }),
      machine('beta', {}),
      machine('gamma', { runStrategy: 'Halted' }),
    ],
    volumes: [
      { name: 'alpha-root', mebibytes: 64, image: true, options: {} },
      { name: 'beta-root', mebibytes: 8, owner: 'beta', options: {} },
      { name: 'gamma-root', mebibytes: 8, options: {} },
      { name: 'spare', mebibytes: 8, options: {} },
    ],
    networks: [{ name: 'net-br1', bridge: 'br1', state: 'up', mtu: 1500, ports: [], options: {} }],
    secretMark: 5000,
  }
}
