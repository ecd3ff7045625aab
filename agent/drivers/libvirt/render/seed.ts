import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import type { AccessCredential, CloudInitNoCloudSource, Volume } from '../../../../schemas/generated/virtual-machine.ts'
import { GitvirtError } from '../../../../reconciler/lib/errors.ts'
import { objectKey } from '../../../../reconciler/lib/object-key.ts'
import type { InputData } from '../../types.ts'
import { invalidMachine, vmiSpec } from './input.ts'

/** A read-only medium to make: a volume label and files by path. */
export type Medium = { readonly label: string; readonly files: ReadonlyMap<string, Uint8Array> }

/** Most bytes of one medium; cloud-init data is small, and Kubernetes keeps Secrets below 1 MiB. */
const mostBytes = 4 * 1024 * 1024

/**
 * The medium of a volume whose content comes from the manifest, a Secret or a ConfigMap; undefined for other volumes.
 * Sources: cloud-init's NoCloud and ConfigDrive data source pages, KubeVirt user guide "Disks and Volumes".
 * @throws GitvirtError `InvalidMachine`, `InputMissing`
 */
export function mediumOf(machine: MachineSpec, volume: Volume, data: InputData): Medium | undefined {
  const medium = makeMedium(machine, volume, data)
  if (medium === undefined) return undefined
  let bytes = 0
  for (const content of medium.files.values()) bytes += content.byteLength
  if (bytes > mostBytes)
    throw invalidMachine(machine, `spec.template.spec.volumes[${volume.name}]: ${bytes} bytes are more than a seed may have.`)
  return medium
}

function makeMedium(machine: MachineSpec, volume: Volume, data: InputData): Medium | undefined {
  if (volume.cloudInitNoCloud !== undefined) return noCloud({ machine, data, volume }, volume.cloudInitNoCloud)
  if (volume.cloudInitConfigDrive !== undefined) return configDrive({ machine, data, volume }, volume.cloudInitConfigDrive)
  const { configMap, secret, sysprep } = volume
  if (configMap !== undefined) {
    return bagMedium(
      machine,
      lookUp(machine, data.configMaps, { kind: 'ConfigMap', ...configMap }),
      labelOf(configMap.volumeLabel, 'cfgdata'),
    )
  }
  if (secret !== undefined) {
    const bag = lookUp(machine, data.secrets, { kind: 'Secret', name: secret.secretName, optional: secret.optional })
    return bagMedium(machine, bag, labelOf(secret.volumeLabel, 'cfgdata'))
  }
  if (sysprep?.configMap !== undefined)
    return bagMedium(machine, lookUp(machine, data.configMaps, { kind: 'ConfigMap', ...sysprep.configMap }), 'unattend')
  if (sysprep?.secret !== undefined)
    return bagMedium(machine, lookUp(machine, data.secrets, { kind: 'Secret', ...sysprep.secret }), 'unattend')
  return undefined
}

type SeedInput = { readonly machine: MachineSpec; readonly data: InputData; readonly volume: Volume }

/** The name that the guest takes: `hostname`, else the VM's name, cut at the first dot. */
function hostNameOf(machine: MachineSpec): string {
  const name = vmiSpec(machine).hostname
  return (name === undefined || name === '' ? machine.name : name).split('.')[0] ?? machine.name
}

function noCloud(input: SeedInput, source: CloudInitNoCloudSource): Medium {
  const keys = sshKeys(input, 'noCloud')
  const metaData = {
    'instance-id': input.machine.uid,
    'local-hostname': hostNameOf(input.machine),
    ...(keys.length === 0 ? {} : { 'public-keys': keys }),
  }
  const files = new Map<string, Uint8Array>([
    ['meta-data', encode(JSON.stringify(metaData))],
    ['user-data', userData(input, source)],
  ])
  const network = networkData(input, source)
  if (network !== undefined) files.set('network-config', network)
  return { label: 'cidata', files }
}

function configDrive(input: SeedInput, source: CloudInitNoCloudSource): Medium {
  const keys = sshKeys(input, 'configDrive')
  const metaData = {
    uuid: input.machine.uid,
    instance_id: input.machine.uid,
    hostname: hostNameOf(input.machine),
    local_hostname: hostNameOf(input.machine),
    ...(keys.length === 0 ? {} : { public_keys: Object.fromEntries(keys.map((key, index) => [String(index), key])) }),
  }
  const files = new Map<string, Uint8Array>([
    ['openstack/latest/meta_data.json', encode(JSON.stringify(metaData))],
    ['openstack/latest/user_data', userData(input, source)],
  ])
  const network = networkData(input, source)
  if (network !== undefined) files.set('openstack/latest/network_data.json', network)
  return { label: 'config-2', files }
}

function userData(input: SeedInput, source: CloudInitNoCloudSource): Uint8Array {
  if (source.userData !== undefined) return encode(source.userData)
  if (source.userDataBase64 !== undefined) return decode(input, source.userDataBase64, 'userDataBase64')
  return fromSecret(input, source.secretRef?.name, ['userdata', 'userData']) ?? encode('')
}

function networkData(input: SeedInput, source: CloudInitNoCloudSource): Uint8Array | undefined {
  if (source.networkData !== undefined) return encode(source.networkData)
  if (source.networkDataBase64 !== undefined) return decode(input, source.networkDataBase64, 'networkDataBase64')
  return fromSecret(input, source.networkDataSecretRef?.name, ['networkdata', 'networkData'])
}

/** Upstream accepts the key in lower case and in camel case. */
function fromSecret(input: SeedInput, name: string | undefined, keys: readonly string[]): Uint8Array | undefined {
  if (name === undefined) return undefined
  const bag = lookUp(input.machine, input.data.secrets, { kind: 'Secret', name }) ?? {}
  const key = keys.find((candidate) => bag[candidate] !== undefined)
  if (key === undefined) throw missing(input.machine, `Secret "${name}" has none of the keys ${keys.join(', ')}.`)
  return Buffer.from(bag[key] ?? '', 'base64')
}

function sshKeys(input: SeedInput, way: 'noCloud' | 'configDrive'): string[] {
  const credentials: readonly AccessCredential[] = vmiSpec(input.machine).accessCredentials ?? []
  return credentials.flatMap((item) => {
    const name = item.sshPublicKey?.source.secret?.secretName
    if (item.sshPublicKey?.propagationMethod[way] === undefined || name === undefined) return []
    const bag = lookUp(input.machine, input.data.secrets, { kind: 'Secret', name }) ?? {}
    return Object.values(bag)
      .flatMap((value) => Buffer.from(value, 'base64').toString('utf8').split('\n'))
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
  })
}

type Reference = { readonly kind: 'Secret' | 'ConfigMap'; readonly name?: string | undefined; readonly optional?: boolean | undefined }

function lookUp(machine: MachineSpec, bags: InputData['secrets'], reference: Reference): Readonly<Record<string, string>> | undefined {
  const name = reference.name ?? ''
  const bag = bags[objectKey(reference.kind, machine.namespace, name)]
  if (bag === undefined && reference.optional !== true) throw missing(machine, `${reference.kind} "${name}" did not come with the plan.`)
  return bag
}

function missing(machine: MachineSpec, message: string): GitvirtError {
  return new GitvirtError({ code: 'InputMissing', message, action: 'Add it to Git in the namespace of the VM.', object: machine.key })
}

function bagMedium(machine: MachineSpec, bag: Readonly<Record<string, string>> | undefined, label: string): Medium {
  const files = new Map<string, Uint8Array>()
  for (const [name, content] of Object.entries(bag ?? {})) {
    // Kubernetes' rule for data keys; it keeps names inside the medium's folder.
    if (!/^[-._a-zA-Z0-9]{1,253}$/.test(name) || name === '.' || name === '..')
      throw invalidMachine(machine, `The data key "${name}" cannot be a file name.`)
    files.set(name, Buffer.from(content, 'base64'))
  }
  return { label, files }
}

/** ISO 9660 volume labels have at most 32 characters. */
function labelOf(wanted: string | undefined, fallback: string): string {
  return wanted !== undefined && /^[A-Za-z0-9._-]{1,32}$/.test(wanted) ? wanted : fallback
}

function encode(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

function decode(input: SeedInput, text: string, field: string): Uint8Array {
  const compact = text.replaceAll(/\s/g, '')
  if (/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return Buffer.from(compact, 'base64')
  throw invalidMachine(input.machine, `spec.template.spec.volumes[${input.volume.name}]: ${field} is not base64.`)
}
