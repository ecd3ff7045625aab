import type { ApiObject } from '../status/api-object.ts'
import { badRequest } from './api-error.ts'

export type Predicate = (object: ApiObject) => boolean

type Labels = Readonly<Record<string, string>>

const longest = 8192

/**
 * Reads a labelSelector: equality (`a=b`, `a==b`, `a!=b`), sets (`a in (x,y)`, `a notin (x)`), presence (`a`, `!a`), joined by commas.
 * Source: Kubernetes documentation, "Labels and Selectors".
 * @throws ApiError 400
 */
export function labelPredicate(selector: string | undefined): Predicate | undefined {
  const terms = splitTerms(bounded(selector, 'labelSelector'))
  if (terms.length === 0) return undefined
  const tests = terms.map(labelTerm)
  return (object) => {
    const labels = object.metadata.labels ?? {}
    return tests.every((test) => test(labels))
  }
}

const key = '[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?'
const setTerm = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(([^()]*)\\)$`)
const equalTerm = new RegExp(`^(${key})\\s*(==|=|!=)\\s*([-A-Za-z0-9_.]*)$`)
const presenceTerm = new RegExp(`^(!?)\\s*(${key})$`)

function labelTerm(term: string): (labels: Labels) => boolean {
  const set = setTerm.exec(term)
  if (set !== null) {
    const values = new Set((set[4] ?? '').split(',').map((value) => value.trim()))
    return (labels) =>
      has(labels, set[1]) === undefined ? set[3] === 'notin' : values.has(has(labels, set[1]) ?? '') === (set[3] === 'in')
  }
  const equal = equalTerm.exec(term)
  if (equal !== null) return (labels) => (has(labels, equal[1]) === equal[4]) === (equal[3] !== '!=')
  const presence = presenceTerm.exec(term)
  if (presence !== null) return (labels) => (has(labels, presence[2]) !== undefined) === (presence[1] === '')
  throw badRequest(`unable to parse requirement: "${term.slice(0, 100)}" is no label selector`)
}

function has(labels: Labels, name: string | undefined): string | undefined {
  return name !== undefined && Object.hasOwn(labels, name) ? labels[name] : undefined
}

/** Commas inside parentheses do not part terms. */
function splitTerms(selector: string): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '')
}

const fieldsOfAll = ['metadata.name', 'metadata.namespace']
const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  Event: [
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((field) => `involvedObject.${field}`),
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion'].map((field) => `regarding.${field}`),
    'reason',
    'type',
    'source',
    'reportingComponent',
    'reportingController',
  ],
  Pod: ['spec.nodeName', 'status.phase'],
  Namespace: ['status.phase'],
  Node: ['spec.unschedulable'],
  Secret: ['type'],
  VirtualMachineInstance: ['status.phase', 'status.nodeName'],
}

/**
 * Reads a fieldSelector: `=`, `==`, `!=` on the fields that the kind offers.
 * @throws ApiError 400 for a field that it does not
 */
export function fieldPredicate(selector: string | undefined, kind: string): Predicate | undefined {
  const terms = splitTerms(bounded(selector, 'fieldSelector'))
  if (terms.length === 0) return undefined
  const allowed = new Set([...fieldsOfAll, ...(fieldsOf[kind] ?? [])])
  const tests = terms.map((term) => fieldTerm(term, allowed))
  return (object) => tests.every((test) => test(object))
}

function fieldTerm(term: string, allowed: ReadonlySet<string>): Predicate {
  const match = /^([A-Za-z.]+)(==|=|!=)(.*)$/.exec(term)
  const path = match?.[1]
  if (match === null || path === undefined) throw badRequest(`invalid field selector "${term.slice(0, 100)}"`)
  if (!allowed.has(path)) throw badRequest(`field label not supported: ${path}`)
  const steps = storedPath(path)
  return (object) => (fieldValue(object, steps) === match[3]) === (match[2] !== '!=')
}

/** Events are kept as core/v1; events.k8s.io names the same fields differently. */
function storedPath(path: string): readonly string[] {
  if (path === 'source') return ['source', 'component']
  if (path === 'reportingController') return ['reportingComponent']
  return path.replace(/^regarding\./, 'involvedObject.').split('.')
}

function fieldValue(object: ApiObject, steps: readonly string[]): string {
  let value: unknown = object
  for (const step of steps) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return ''
    value = (value as Record<string, unknown>)[step]
  }
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' ? String(value) : ''
}

function bounded(selector: string | undefined, name: string): string {
  if ((selector?.length ?? 0) > longest) throw badRequest(`${name} is longer than ${longest} characters`)
  return selector ?? ''
}

/** Both selectors as one test; undefined where everything passes. */
export function both(first: Predicate | undefined, second: Predicate | undefined): Predicate | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return (object) => first(object) && second(object)
}
