import { changed, replaced, type Chooser, type Edited } from './choose.ts'
import type { FleetModel, ModelVolume } from './fleet-model.ts'
import { volumeOptions } from './options.ts'

/** Disks that no machine uses and Git has by itself. */
export function freeVolumes(model: FleetModel): ModelVolume[] {
  const used = new Set(model.machines.flatMap(({ disks }) => disks.flatMap(({ source }) => ('volume' in source ? [source.volume] : []))))
  return model.volumes.filter(({ name, owner }) => owner === undefined && !used.has(name))
}

export function addVolume(model: FleetModel, choose: Chooser): Edited {
  if (model.volumes.length > 12) return undefined
  const names = ['spare', 'store1', 'store2', 'store3', 'store4'].filter((name) => model.volumes.every((one) => one.name !== name))
  const name = choose.of(names)
  if (name === undefined) return undefined
  const volume: ModelVolume = { name, mebibytes: 8, options: {} }
  return { model: { ...model, volumes: [...model.volumes, volume] }, what: `add volume ${name}` }
}

export function removeVolume(model: FleetModel, choose: Chooser): Edited {
  const volume = choose.of(freeVolumes(model))
  if (volume === undefined) return undefined
  return { model: { ...model, volumes: model.volumes.filter((one) => one !== volume) }, what: `remove volume ${volume.name}` }
}

export function growVolume(model: FleetModel, choose: Chooser): Edited {
  const volume = choose.of(model.volumes)
  if (volume === undefined) return undefined
  const mebibytes = volume.mebibytes + 1 + choose.number(4)
  return { model: { ...model, volumes: replaced(model.volumes, { ...volume, mebibytes }) }, what: `${volume.name}: ${mebibytes} MiB` }
}

export function setVolumeOption(model: FleetModel, choose: Chooser): Edited {
  const volume = choose.of(model.volumes)
  const next = volume === undefined ? undefined : changed({ options: volume.options, candidates: volumeOptions, others: [] }, choose)
  if (volume === undefined || next === undefined) return undefined
  return {
    model: { ...model, volumes: replaced(model.volumes, { ...volume, options: next.options }) },
    what: `${volume.name}: ${next.what}`,
  }
}
