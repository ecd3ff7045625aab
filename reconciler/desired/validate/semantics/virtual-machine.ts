import type { Pointer } from '../types.ts'
import { checkOnce } from './clean.ts'
import { checkCompute } from './compute.ts'
import { checkDataVolume } from './data-volume.ts'
import { checkDisks } from './disks.ts'
import { checkGuest } from './guest.ts'
import { uniqueNames } from './names.ts'
import { checkNetworks } from './networks.ts'
import { fields, items, present, text, type Fields } from './read.ts'
import type { Report } from './report.ts'
import { checkVolumes } from './volumes.ts'

const computeOnce = checkOnce()
const networksOnce = checkOnce()
const templatePointer: Pointer = ['spec', 'template', 'spec']
const volumesPointer: Pointer = [...templatePointer, 'volumes']

/** The rules of a VirtualMachine beyond its schema. Source: KubeVirt's validating webhooks for VM and VMI. */
export function checkVirtualMachine(report: Report, object: object): void {
  const spec = fields(fields(object)['spec'])
  checkRunStrategy(report, spec)
  const guest = fields(fields(spec['template'])['spec'])
  checkDataVolumeTemplates(report, spec['dataVolumeTemplates'], guest)
  if (spec['template'] === undefined) return
  checkInstancetype(report, spec, guest)
  const instancetype = spec['instancetype'] !== undefined
  computeOnce(report, [guest['domain'], instancetype], () => checkCompute(report, { guest, pointer: templatePointer, instancetype }))
  checkVolumes(report, guest['volumes'], volumesPointer)
  checkDisks(report, guest, templatePointer)
  const interfaces = fields(fields(guest['domain'])['devices'])['interfaces']
  networksOnce(report, [interfaces, guest['networks']], () => checkNetworks(report, guest, templatePointer))
  checkGuest(report, guest, templatePointer)
}

function checkRunStrategy(report: Report, spec: Fields): void {
  const given = present(spec, ['running', 'runStrategy'])
  if (given.length === 2) {
    report.add('ConflictingFields', ['spec', 'running'], {
      message: 'spec.running and spec.runStrategy exclude each other.',
      action: 'Remove the deprecated spec.running.',
    })
  } else if (given.length === 0) {
    report.missing(['spec'], 'runStrategy', 'Add runStrategy: Always, RerunOnFailure, Manual, Halted or Once.')
  }
}

/** What an instancetype sets may not be set in the template as well: upstream refuses the pair. */
function checkInstancetype(report: Report, spec: Fields, guest: Fields): void {
  if (spec['instancetype'] === undefined) return
  const domain = fields(guest['domain'])
  const pointer = [...templatePointer, 'domain']
  const conflicts: Pointer[] = []
  if (fields(domain['memory'])['guest'] !== undefined) conflicts.push([...pointer, 'memory', 'guest'])
  for (const field of present(domain['cpu'], ['cores', 'sockets', 'threads'])) conflicts.push([...pointer, 'cpu', field])
  for (const kind of ['requests', 'limits'] as const) {
    const amounts = fields(domain['resources'])[kind]
    for (const field of present(amounts, ['cpu', 'memory'])) conflicts.push([...pointer, 'resources', kind, field])
  }
  for (const conflict of conflicts) {
    report.add('ConflictingFields', conflict, {
      message: `${conflict.slice(4).join('.')} is set, and spec.instancetype sets it too.`,
      action: 'Remove one of the two.',
    })
  }
}

function checkDataVolumeTemplates(report: Report, given: unknown, guest: Fields): void {
  const templates = items(given)
  if (templates.length === 0) return
  const pointer = ['spec', 'dataVolumeTemplates']
  if (templates.length > 1) {
    const metadata = templates.map((template) => fields(template)['metadata'])
    uniqueNames(report, metadata, pointer)
  }
  const used = usedVolumes(guest)
  templates.forEach((template, index) => {
    const name = text(fields(fields(template)['metadata'])['name'])
    const at = [...pointer, index]
    if (name === undefined) report.missing([...at, 'metadata'], 'name', 'Add the name that a volume refers to.')
    else if (!used.has(name)) {
      report.add('MissingReference', [...at, 'metadata', 'name'], {
        message: `No volume of the template uses the DataVolume "${name}".`,
        action: 'Add a volume with dataVolume.name set to it, or remove this template.',
      })
    }
    checkDataVolume(report, { spec: fields(template)['spec'], pointer: [...at, 'spec'] })
  })
}

function usedVolumes(guest: Fields): ReadonlySet<string> {
  const used = new Set<string>()
  for (const volume of items(guest['volumes'])) {
    const name = text(fields(fields(volume)['dataVolume'])['name'])
    const claim = text(fields(fields(volume)['persistentVolumeClaim'])['claimName'])
    if (name !== undefined) used.add(name)
    if (claim !== undefined) used.add(claim)
  }
  return used
}
