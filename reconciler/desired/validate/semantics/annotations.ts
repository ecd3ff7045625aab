import { ignoreAnnotation, ignoredPaths } from '../../../lib/ignored-fields.ts'
import { patternFaults } from '../field-pattern.ts'
import { fields, items } from './read.ts'
import type { Pointer } from '../types.ts'
import type { Report } from './report.ts'

type Rule = { readonly pattern: RegExp; readonly message: string; readonly action: string }

/** Annotations that decide what is done, what is deleted and when: one that nobody can read must not pass for one that is not there. */
const rules = Object.entries<Rule>({
  'gitvirt.io/quarantine': {
    pattern: /^(?:\d{1,12}(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+$/,
    message: 'gitvirt.io/quarantine is not a duration.',
    action: 'Write for example "168h", "7d" or "1h30m".',
  },
  'gitvirt.io/suspend': {
    pattern: /\S/,
    message: 'gitvirt.io/suspend has no reason.',
    action: 'Write why the object is held back, or take the annotation out.',
  },
  'gitvirt.io/drift': {
    pattern: /^(?:correct|detect)$/,
    message: 'gitvirt.io/drift is neither "correct" nor "detect".',
    action: 'Write "detect" to have drift told and left.',
  },
  'gitvirt.io/prune': {
    pattern: /^(?:enabled|disabled)$/,
    message: 'gitvirt.io/prune is neither "enabled" nor "disabled".',
    action: 'Write "disabled" to keep the object when its file goes.',
  },
})

/** The annotations of gitvirt's own on an object, and on the volumes that a machine's templates make. */
export function checkAnnotations(report: Report, object: object): void {
  checkMetadata(report, fields(object)['metadata'], ['metadata'])
  checkIgnored(report, object)
  items(fields(fields(object)['spec'])['dataVolumeTemplates']).forEach((template, index) => {
    checkMetadata(report, fields(template)['metadata'], ['spec', 'dataVolumeTemplates', index, 'metadata'])
  })
}

/** Fields that are left as the host has them: only a machine has such, and a path that means nothing would ignore nothing. */
function checkIgnored(report: Report, object: object): void {
  const { kind, metadata } = fields(object)
  const value = fields(fields(metadata)['annotations'])[ignoreAnnotation]
  if (typeof value !== 'string') return
  const pointer = ['metadata', 'annotations', ignoreAnnotation]
  if (kind !== 'VirtualMachine') {
    report.add('InvalidValue', pointer, { message: `${ignoreAnnotation} is of virtual machines only.`, action: 'Take it out.' })
    return
  }
  for (const { message, action } of patternFaults(ignoredPaths(value))) report.add('InvalidValue', pointer, { message, action })
}

function checkMetadata(report: Report, metadata: unknown, pointer: Pointer): void {
  const { annotations } = fields(metadata)
  if (annotations === undefined) return
  for (const [name, { pattern, message, action }] of rules) {
    const value = fields(annotations)[name]
    if (typeof value === 'string' && !pattern.test(value)) {
      report.add('InvalidValue', [...pointer, 'annotations', name], { message, action })
    }
  }
}
