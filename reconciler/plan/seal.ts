import { createHash } from 'node:crypto'
import type { Change, Plan, Summary } from '../../schemas/generated/plan.ts'
import type { DesiredObject } from '../desired/types.ts'
import { planSeal } from '../lib/seal.ts'
import { highest } from './disruption/classes.ts'

/** Numbers of a plan's changes; a change counts as blocked when any of its steps is held back. */
export function summarize(changes: readonly Change[]): Summary {
  const count = (action: Change['action']): number => changes.filter((change) => change.action === action).length
  return {
    create: count('create'),
    update: count('update'),
    replace: count('replace'),
    delete: count('delete'),
    blocked: changes.filter(({ blocked }) => blocked.length > 0).length,
    disruption: highest(changes.map(({ disruption }) => disruption)),
  }
}

/** The plan for an agent with its seal: a digest over everything but the seal itself and the time it was made. */
function sealPlan(plan: Omit<Plan, 'id' | 'summary'>): Plan {
  const unsealed: Plan = { ...plan, id: '', summary: summarize(plan.changes) }
  return { ...unsealed, id: planSeal(unsealed) }
}

/** Changes hashed by one call: each call costs more than the few bytes of a change. */
const changesAtOnce = 200

/**
 * The whole plan, named by what it was computed from: each object in Git, the digest of what is on its host, the policy's, and what was
 * decided about them. Specs are bound by these, so that naming a plan of ten thousand machines does not write them all out; the plans
 * that agents get are sealed in full.
 */
export function namePlan(plan: Omit<Plan, 'id' | 'summary'>, inGit: (key: string) => string | undefined): Plan {
  const { revision, policyDigest, changes, findings } = plan
  const hash = createHash('sha256').update(JSON.stringify([revision, policyDigest, findings]))
  for (let at = 0; at < changes.length; at += changesAtOnce) {
    const some = changes.slice(at, at + changesAtOnce)
    hash.update(some.map((change) => JSON.stringify(essence(change, inGit(change.key)))).join(''))
  }
  return { ...plan, id: hash.digest('hex'), summary: summarize(changes) }
}

/**
 * What binds a plan to an object in Git: the content of its blob, or the object's own where keys decide what the blob says. What a person
 * can approve is bound by its approval besides, which is a digest of what is done.
 */
export function nameInGit(desired: DesiredObject | undefined): string | undefined {
  return desired?.sealed === undefined ? (desired?.origin.blob ?? desired?.digest) : desired.digest
}

/** A list in fixed order, so that its plain JSON is canonical; without times, which differ whenever the same plan is made again. */
function essence(change: Change, desired: string | undefined): unknown[] {
  const { key, node, action, base, blocked, approval, after, fields, steps } = change
  const acts = steps.map(({ id, machine, volume }) => [id, machine?.inputs, volume?.pool, volume?.sizeBytes])
  return [key, node, action, base, blocked, approval, after, desired, acts, fields.map(({ path, disruption }) => [path, disruption])]
}

/**
 * What is sent to one agent: the changes of its node with the steps that no gate holds back, under a seal of their own. Field diffs
 * and findings stay here; they are for people, and may show what a node has no need to know.
 */
export function forNode(plan: Plan, node: string): Plan {
  const changes = plan.changes.flatMap((change) => (change.node === node ? (sendable(change) ?? []) : []))
  const { revision, policyDigest, createdAt } = plan
  return sealPlan({ revision, policyDigest, createdAt, changes, findings: [] })
}

function sendable(change: Change): Change | undefined {
  if (change.blocked.some(({ steps }) => steps === undefined)) return undefined
  const held = new Set(change.blocked.flatMap(({ steps }) => steps ?? []))
  const steps = change.steps.filter(({ id }) => !held.has(id))
  if (steps.length === 0) return undefined
  const { approval: _, covers: __, sealedInputs: ___, ...rest } = change
  return { ...rest, steps, fields: [], blocked: [], notes: [], disruption: highest(steps.map(({ disruption }) => disruption)) }
}
