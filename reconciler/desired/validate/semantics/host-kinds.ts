import { dirProvisioner, dirParameters } from '../../../../schemas/provisioners.ts'
import { scheduleProblem } from '../../../lib/schedule.ts'
import { patternFaults } from '../field-pattern.ts'
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

/** Fleet: limits that can be counted, windows that come, rules that can be told apart. */
export function checkFleet(report: Report, object: object): void {
  const spec = fields(fields(object)['spec'])
  checkAmount(report, fields(spec['prune'])['maxBytes'], ['spec', 'prune', 'maxBytes'])
  items(spec['windows']).forEach((window, index) => {
    const { schedule, timeZone = 'UTC' } = fields(window)
    if (typeof schedule !== 'string' || typeof timeZone !== 'string') return
    const problem = scheduleProblem(schedule, 'UTC')
    const place = ['spec', 'windows', index]
    if (problem !== undefined) report.add('InvalidValue', [...place, 'schedule'], { message: problem, action: 'For example: 0 22 * * 1-5' })
    else if (scheduleProblem(schedule, timeZone) !== undefined) {
      const message = `"${timeZone}" is not a time zone.`
      report.add('InvalidValue', [...place, 'timeZone'], { message, action: 'For example: Europe/Berlin' })
    }
  })
  items(spec['ignoreDifferences']).forEach((rule, index) => {
    const named = items(fields(rule)['fields'])
    named.forEach((path, place) => {
      if (typeof path !== 'string') return
      for (const { message, action } of patternFaults([path]))
        report.add('InvalidValue', ['spec', 'ignoreDifferences', index, 'fields', place], { message, action })
    })
  })
  checkRuleNames(report, spec['notifications'])
  const { until } = fields(spec['freeze'])
  if (typeof until === 'string' && Number.isNaN(Date.parse(until)))
    report.add('InvalidValue', ['spec', 'freeze', 'until'], {
      message: `"${until}" is not a time.`,
      action: 'For example: 2026-12-24T18:00:00Z',
    })
}

/** What a rule told is kept under its name. */
function checkRuleNames(report: Report, rules: unknown): void {
  const seen = new Set<unknown>()
  items(rules).forEach((rule, index) => {
    const { name } = fields(rule)
    if (seen.has(name))
      report.add('DuplicateName', ['spec', 'notifications', index, 'name'], {
        message: `The notification rule ${String(name)} is there twice.`,
      })
    seen.add(name)
  })
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
