import { checkAnnotations } from './semantics/annotations.ts'
import { checkDataVolume } from './semantics/data-volume.ts'
import { checkConfigMap, checkFleet, checkNode, checkStorageClass } from './semantics/host-kinds.ts'
import { fields, text } from './semantics/read.ts'
import { Report } from './semantics/report.ts'
import { checkVirtualMachine } from './semantics/virtual-machine.ts'
import type { SchemaFinding } from './types.ts'

/** More findings than this in one object are cut off: the file is not what it says it is. */
export const mostFindings = 100

const annotated: ReadonlySet<string> = new Set(['VirtualMachine', 'DataVolume', 'NodeNetworkConfigurationPolicy', 'Node', 'Namespace'])

type Check = (report: Report, object: object) => void

const checks: Readonly<Record<string, Check>> = {
  VirtualMachine: checkVirtualMachine,
  DataVolume: (report, object) => checkDataVolume(report, { spec: fields(object)['spec'], pointer: ['spec'] }),
  Fleet: checkFleet,
  StorageClass: checkStorageClass,
  Node: checkNode,
  ConfigMap: checkConfigMap,
}

/**
 * The rules that a JSON Schema cannot say: names that must match or be unique, fields that exclude each other,
 * quantities that bound each other. They follow the admission webhooks of KubeVirt and CDI.
 *
 * @param object the object without nulls, of any shape: what breaks the schema is skipped here.
 * @param original the object as written, nulls included.
 */
export function semanticFindings(kind: string, object: object, original: object = object): readonly SchemaFinding[] {
  const report = new Report(original)
  checkName(report, object)
  if (annotated.has(kind)) checkAnnotations(report, object)
  checks[kind]?.(report, object)
  return report.findings.length > mostFindings ? report.findings.slice(0, mostFindings) : report.findings
}

function checkName(report: Report, object: object): void {
  const metadata = fields(object)['metadata']
  if (metadata === undefined || text(fields(metadata)['name']) !== undefined) return
  const generated = text(fields(metadata)['generateName']) !== undefined
  const why = generated ? 'Git needs a fixed name instead of generateName: what is generated would be new at every pass.' : 'Add a name.'
  report.missing(['metadata'], 'name', why)
}
