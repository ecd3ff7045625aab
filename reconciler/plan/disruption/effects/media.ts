import type { CloudInitNoCloudSource, Volume } from '../../../../schemas/generated/virtual-machine.ts'
import { objectKey } from '../../../lib/object-key.ts'
import { parseBytes } from '../../../lib/quantity.ts'
import { isMadeMedium, volumePlace } from '../../../lib/volume-place.ts'
import type { Effect, Guest } from './guest.ts'

/** What a volume stands for: where a host has it, and what is in it where that is made for the machine. */
export type Medium = {
  readonly place: string
  readonly content?: unknown
  /** The guest must not write. */
  readonly readonly?: boolean
  /** Each definition makes it anew, for this machine alone. */
  readonly made?: true
  readonly shareable?: boolean
}

/** The medium of the volume of a name; a memory dump is none. */
export function mediumOf(guest: Guest, name: string): Medium | undefined {
  const volume = guest.spec.volumes?.find((one) => one.name === name)
  return volume === undefined || volume.memoryDump !== undefined
    ? undefined
    : { place: volumePlace(volume), ...(madeOf(guest, volume) ?? foundOf(volume)) }
}

/** What all the volumes hold that are made from the manifest, Secrets and ConfigMaps. */
export const contents: Effect = (guest) => (guest.spec.volumes ?? []).map((volume) => [volume.name, madeOf(guest, volume)?.content])

function madeOf(guest: Guest, volume: Volume): Omit<Medium, 'place'> | undefined {
  return isMadeMedium(volume) ? { content: contentOf(guest, volume), readonly: true, made: true } : undefined
}

function contentOf(guest: Guest, { cloudInitNoCloud, cloudInitConfigDrive, configMap, secret, sysprep }: Volume): unknown {
  if (cloudInitNoCloud !== undefined) return seedOf(guest, 'noCloud', cloudInitNoCloud)
  if (cloudInitConfigDrive !== undefined) return seedOf(guest, 'configDrive', cloudInitConfigDrive)
  if (configMap !== undefined) return [labelOf(configMap.volumeLabel), inputOf(guest, 'ConfigMap', configMap.name)]
  if (secret !== undefined) return [labelOf(secret.volumeLabel), inputOf(guest, 'Secret', secret.secretName)]
  if (sysprep?.configMap !== undefined) return ['unattend', inputOf(guest, 'ConfigMap', sysprep.configMap.name)]
  return sysprep?.secret === undefined ? undefined : ['unattend', inputOf(guest, 'Secret', sysprep.secret.name)]
}

function foundOf(volume: Volume): Omit<Medium, 'place'> {
  const { emptyDisk, hostDisk, dataVolume, persistentVolumeClaim: claim, ephemeral } = volume
  if (emptyDisk !== undefined) return { content: parseBytes(emptyDisk.capacity) }
  if (hostDisk !== undefined) return { shareable: hostDisk.shared === true }
  if (dataVolume !== undefined) return {}
  if (claim !== undefined) return { readonly: claim.readOnly === true }
  const base = ephemeral?.persistentVolumeClaim?.claimName
  return { content: base === undefined ? volume : `over ${base}` }
}

/** What of a Secret or ConfigMap is known: its digest, else its name; undefined where it is missing. */
function inputOf({ namespace, inputs }: Guest, kind: 'Secret' | 'ConfigMap', name = ''): string | undefined {
  const key = objectKey(kind, namespace, name)
  return inputs === undefined ? key : inputs[key]
}

/** Other words are no label of a medium. */
function labelOf(wanted: string | undefined): string {
  return wanted !== undefined && /^[A-Za-z0-9._-]{1,32}$/.test(wanted) ? wanted : 'cfgdata'
}

function seedOf(guest: Guest, way: 'noCloud' | 'configDrive', source: CloudInitNoCloudSource): unknown {
  const { userData, userDataBase64, secretRef, networkData, networkDataBase64, networkDataSecretRef } = source
  const secret = (name: string | undefined): unknown => (name === undefined ? undefined : { of: inputOf(guest, 'Secret', name) })
  return [
    way,
    hostNameOf(guest),
    sshKeys(guest, way),
    bytesOf(userData, userDataBase64) ?? secret(secretRef?.name) ?? '',
    bytesOf(networkData, networkDataBase64) ?? secret(networkDataSecretRef?.name),
  ]
}

function hostNameOf({ name, spec: { hostname } }: Guest): string {
  return (hostname === undefined || hostname === '' ? name : hostname).split('.')[0] ?? name
}

/** The same bytes in whichever form they are written. */
function bytesOf(text: string | undefined, base64: string | undefined): string | undefined {
  if (text !== undefined) return Buffer.from(text).toString('base64')
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('base64')
}

function sshKeys(guest: Guest, way: 'noCloud' | 'configDrive'): unknown[] {
  return (guest.spec.accessCredentials ?? []).flatMap(({ sshPublicKey: key }) => {
    const name = key?.source.secret?.secretName
    return key?.propagationMethod[way] === undefined || name === undefined ? [] : [inputOf(guest, 'Secret', name)]
  })
}
