import { dirProvisioner, dirParameters } from '../../../../schemas/provisioners.ts'
import { nearest } from '../nearest.ts'
import { checkAmount } from './amounts.ts'
import { fields, items } from './read.ts'
import type { Report } from './report.ts'

/** StorageClass: the parameters of the provisioners that gitvirt has. */
export function checkStorageClass(report: Report, object: object): void {
  const { provisioner, parameters } = fields(object)
  if (provisioner !== dirProvisioner) return
  const given = fields(parameters)
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(dirParameters, name)) continue
    const near = nearest(name, Object.keys(dirParameters))
    report.add('UnknownField', ['parameters', name], {
      message: `${dirProvisioner} has no parameter "${name}".`,
      action: near === undefined ? `Parameters: ${Object.keys(dirParameters).join(', ')}.` : `Did you mean "${near}"?`,
    })
  }
  for (const [name, rule] of Object.entries(dirParameters)) {
    const value = given[name]
    if (typeof value === 'string' && !rule.pattern.test(value)) {
      report.add('InvalidValue', ['parameters', name], { message: `parameters.${name} is not well-formed.`, action: rule.expects })
    }
  }
}

/** Fleet: limits that can be counted. */
export function checkFleet(report: Report, object: object): void {
  const prune = fields(fields(fields(object)['spec'])['prune'])
  checkAmount(report, prune['maxBytes'], ['spec', 'prune', 'maxBytes'])
}

/** Node: one taint for each key and effect. */
export function checkNode(report: Report, object: object): void {
  const seen = new Set<string>()
  items(fields(fields(object)['spec'])['taints']).forEach((entry, index) => {
    const { key, effect } = fields(entry)
    const id = `${String(key)}:${String(effect)}`
    if (seen.has(id)) report.add('DuplicateName', ['spec', 'taints', index], { message: `The taint ${id} is there twice.` })
    seen.add(id)
  })
}

/** ConfigMap: a key is either in data or in binaryData. */
export function checkConfigMap(report: Report, object: object): void {
  const { data, binaryData } = fields(object)
  for (const key of Object.keys(fields(binaryData))) {
    if (!Object.hasOwn(fields(data), key)) continue
    report.add('DuplicateName', ['binaryData', key], {
      message: `The key "${key}" is in data and in binaryData.`,
      action: 'Keep one of them.',
    })
  }
}
