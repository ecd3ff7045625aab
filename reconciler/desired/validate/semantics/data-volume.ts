import type { Pointer } from '../types.ts'
import { checkResourceAmounts } from './amounts.ts'
import { checkOnce } from './clean.ts'
import { exactlyOne } from './exactly-one.ts'
import { fields, items, present, quantity, type Fields } from './read.ts'
import type { Report } from './report.ts'

const mebibyte = 1024 * 1024
const sources = ['blank', 'gcs', 'http', 'imageio', 'pvc', 'registry', 's3', 'snapshot', 'upload', 'vddk']
/** Sources that know their own size, so that `storage` may leave it out. */
const cloneSources = ['pvc', 'snapshot']

/** The rules of a DataVolume's spec, wherever it stands. Source: CDI's validating webhook. */
export function checkDataVolume(report: Report, { spec: value, pointer }: { spec: unknown; pointer: Pointer }): void {
  if (value !== undefined) specOnce(report, [value], () => checkSpec(report, fields(value), pointer))
}

const specOnce = checkOnce()

function checkSpec(report: Report, spec: Fields, pointer: Pointer): void {
  const target = exactlyOne(report, spec, { pointer, choice: { keys: ['pvc', 'storage'], what: 'target' } })
  if (target !== undefined) checkSize(report, { spec, target, pointer })
  if (target === 'pvc') checkAccessModes(report, fields(spec['pvc']), [...pointer, 'pvc'])
  checkSource(report, { spec, target, pointer })
}

function checkSize(report: Report, { spec, target, pointer }: { spec: Fields; target: string; pointer: Pointer }): void {
  checkResourceAmounts(report, fields(spec[target])['resources'], [...pointer, target, 'resources'])
  const requests = fields(fields(fields(spec[target])['resources'])['requests'])
  const at = [...pointer, target, 'resources', 'requests']
  if (requests['storage'] === undefined) {
    const clone = present(spec['source'], cloneSources).length > 0 || spec['sourceRef'] !== undefined
    if (target === 'storage' && clone) return
    const nearest = deepestPresent(spec[target], ['resources', 'requests'])
    report.add('MissingField', [...pointer, target, ...nearest], {
      message: `${at.slice(pointer.length).join('.')}.storage is missing: the size of the disk.`,
      action: 'Add it, for example storage: 10Gi.',
    })
    return
  }
  const size = quantity(requests['storage'])
  if (size !== undefined && size < mebibyte) {
    report.add('InvalidValue', [...at, 'storage'], { message: 'The size of a disk must be at least 1Mi.' })
  }
}

function deepestPresent(value: unknown, way: readonly string[]): readonly string[] {
  const [key, ...rest] = way
  if (key === undefined || fields(value)[key] === undefined) return []
  return [key, ...deepestPresent(fields(value)[key], rest)]
}

function checkAccessModes(report: Report, pvc: Fields, pointer: Pointer): void {
  const modes = items(pvc['accessModes'])
  if (modes.length === 1) return
  if (modes.length === 0) report.missing(pointer, 'accessModes', 'Add accessModes: [ReadWriteOnce], or use storage instead of pvc.')
  else report.add('InvalidValue', [...pointer, 'accessModes'], { message: 'pvc.accessModes must have exactly one mode.' })
}

function checkSource(report: Report, { spec, target, pointer }: { spec: Fields; target: string | undefined; pointer: Pointer }): void {
  const populated = target !== undefined && present(spec[target], ['dataSource', 'dataSourceRef']).length > 0
  const given = present(spec, ['source', 'sourceRef'])
  if (populated && given.length === 0) return
  const origin = exactlyOne(report, spec, { pointer, choice: { keys: ['source', 'sourceRef'], what: 'origin' } })
  if (origin !== 'source') return
  const at = [...pointer, 'source']
  const source = exactlyOne(report, spec['source'], { pointer: at, choice: { keys: sources, what: 'source' } })
  if (spec['contentType'] === 'archive' && source !== undefined && source !== 'http' && source !== 'upload') {
    report.add('ConflictingFields', [...pointer, 'contentType'], {
      message: `An archive comes by http or upload, not from ${source}.`,
      action: 'Remove contentType.',
    })
  }
}
