import type { Volume } from '../../schemas/generated/virtual-machine.ts'

/**
 * Where a host has a volume of a machine: another place is another file to a guest that has the one open, while what is made anew in its
 * place stays as it is to that guest. Media that are made from the manifest, and scratch images, have one place for each volume's name.
 */
export function volumePlace(volume: Volume): string {
  const { emptyDisk, hostDisk, dataVolume, persistentVolumeClaim, ephemeral } = volume
  if (isMadeMedium(volume)) return 'medium'
  if (emptyDisk !== undefined || ephemeral !== undefined) return 'scratch'
  if (hostDisk !== undefined) return `file ${hostDisk.path}`
  return `claim ${dataVolume?.name ?? persistentVolumeClaim?.claimName ?? ''}`
}

/** True where each definition makes the medium, of the manifest, Secrets and ConfigMaps. */
export function isMadeMedium({ cloudInitNoCloud, cloudInitConfigDrive, configMap, secret, sysprep }: Volume): boolean {
  return [cloudInitNoCloud, cloudInitConfigDrive, configMap, secret, sysprep].some((source) => source !== undefined)
}
