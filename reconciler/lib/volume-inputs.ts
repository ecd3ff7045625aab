import type { VirtualMachineInstanceSpec, Volume } from '../../schemas/generated/virtual-machine.ts'
import { objectKey, type ObjectKey } from './object-key.ts'

/** A Secret or ConfigMap that something of a machine is made from; an optional one may be missing. */
export type InputReference = { readonly key: ObjectKey; readonly optional: boolean }

/** What the content of a volume is made from. */
export function volumeInputs(namespace: string, volume: Volume): InputReference[] {
  const of = (kind: 'Secret' | 'ConfigMap', name: string | undefined, optional = false): InputReference[] =>
    name === undefined ? [] : [{ key: objectKey(kind, namespace, name), optional }]
  const { cloudInitNoCloud, cloudInitConfigDrive, configMap, secret, sysprep } = volume
  return [
    ...[cloudInitNoCloud, cloudInitConfigDrive].flatMap((seed) => [
      ...of('Secret', seed?.secretRef?.name),
      ...of('Secret', seed?.networkDataSecretRef?.name),
    ]),
    ...of('ConfigMap', configMap?.name, configMap?.optional),
    ...of('Secret', secret?.secretName, secret?.optional),
    ...of('ConfigMap', sysprep?.configMap?.name),
    ...of('Secret', sysprep?.secret?.name),
  ]
}

/** Where a machine's keys and passwords come from. */
export function credentialInputs(namespace: string, { accessCredentials = [] }: VirtualMachineInstanceSpec): InputReference[] {
  return accessCredentials
    .flatMap(({ sshPublicKey, userPassword }) => [sshPublicKey?.source.secret?.secretName, userPassword?.source.secret?.secretName])
    .flatMap((name) => (name === undefined ? [] : [{ key: objectKey('Secret', namespace, name), optional: false }]))
}
