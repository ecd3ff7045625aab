import { chain, chainStart, receiptLine, type ReceiptBody } from './history/audit/receipt.ts'
import { pullRequestOf } from './history/meaning/pull-request.ts'
import type { Plan } from '../schemas/generated/plan.ts'
import type { Clock } from './lib/clock.ts'
import { digestOf } from './lib/digest.ts'
import type { ObjectKey } from './lib/object-key.ts'
import type { StepFields } from './plan/step-fields.ts'
import type { Revision } from './source/types.ts'
import type { LedgerRecords } from './store/ledger-records.ts'
import type { Plans, Receipt } from './store/history.ts'
import type { Decision } from './decision.ts'
import type { Signer } from './trust/verify-signature.ts'

/** Writes the environment's chain of receipts: one for each end of each step that a host reported. */
export type Ledger = {
  /** Who made the revisions that plans will name. */
  revision(revision: Revision, signer: Signer | undefined): void
  /** What the steps of a node's next plans bring. */
  planned(node: string, fields: StepFields): void
  /** A sealed plan is about to go to its node. */
  sending(node: string, plan: Plan): void
  step(report: Receipt): void
  /** A person's decision, under the revision in force, or the last one that was. */
  decided(decision: Decision, revision: string | undefined): void
}

export type LedgerPorts = {
  readonly environment: string
  readonly records: LedgerRecords
  readonly plans: Pick<Plans, 'get' | 'put'>
  readonly clock: Pick<Clock, 'now'>
  /** Of an object that another source of the environment declares: that source, at the revision in force. */
  readonly otherSource?: (key: ObjectKey) => { readonly name: string; readonly commit: string } | undefined
  /** Whether receipts of the objects of another source are noted there too. */
  readonly notesIn?: (source: string) => boolean
  /** Told when there is a receipt more. */
  readonly grown: () => void
}

type People = Pick<ReceiptBody, 'author' | 'signer' | 'pullRequest'>

/** Revisions and started steps that are remembered; a restart forgets them, and the receipt is then poorer, not wrong. */
const mostRemembered = 1000

export function createLedger(ports: LedgerPorts): Ledger {
  const people = new Map<string, People>()
  const started = new Map<string, string>()
  const fields = new Map<string, StepFields>()
  return {
    planned: (node, found) => void fields.set(node, found),
    sending: (node, { id, revision, changes }) => {
      const steps = changes.flatMap((change) => change.steps)
      const brought = steps.flatMap((step) => {
        const paths = fields.get(node)?.get(step.id)
        return paths === undefined ? [] : [[step.id, paths] as const]
      })
      ports.plans.put({ id, node, revision, sentAt: ports.clock.now().toISOString(), fields: Object.fromEntries(brought) })
    },
    revision: (revision, signer) => remember(people, revision.commit, peopleOf(revision, signer)),
    step: (report) => {
      const place = `${report.plan} ${report.step}`
      if (report.state === 'started') remember(started, place, report.at)
      else write(ports, { report, startedAt: started.get(place) ?? report.at, people })
    },
    // Before the very first revision there is nothing to hold back, and no commit to note it at.
    decided: (decision, revision) => {
      if (revision !== undefined)
        append(ports, decisionBody(ports.environment, decision, revision), { step: decision.verb, result: 'succeeded', at: decision.at })
    },
  }
}

function remember<T>(known: Map<string, T>, name: string, value: T): void {
  known.delete(name)
  known.set(name, value)
  for (const oldest of known.keys()) {
    if (known.size <= mostRemembered) return
    known.delete(oldest)
  }
}

function peopleOf({ author, subject }: Revision, signer: Signer | undefined): People {
  const pullRequest = pullRequestOf(subject)
  return {
    author,
    ...(signer === undefined ? {} : { signer: { kind: signer.kind, key: signer.fingerprint, name: signer.name } }),
    ...(pullRequest === undefined ? {} : { pullRequest }),
  }
}

type End = { readonly report: Receipt; readonly startedAt: string; readonly people: ReadonlyMap<string, People> }

function decisionBody(environment: string, decision: Decision, commit: string): ReceiptBody {
  const { verb, key, by, reason, at, until } = decision
  return {
    environment,
    commit,
    plan: digestOf({ ...decision }),
    object: key,
    node: '',
    step: verb,
    startedAt: at,
    endedAt: at,
    result: 'succeeded',
    decision: { by: by.slice(0, 300), reason: reason.slice(0, 1024), ...(until === undefined ? {} : { until }) },
    fields: [],
  }
}

type Ending = { readonly step: string; readonly result: string; readonly at: string }

function append({ records, notesIn, grown }: LedgerPorts, body: ReceiptBody, ending: Ending): void {
  const receipt = chain(records.head() ?? chainStart, body)
  const { sequence, digest, source } = receipt
  const copy = source !== undefined && notesIn?.(source.name) === true ? { source: source.name, commit: source.commit } : undefined
  records.append({ sequence, digest, commit: body.commit, line: receiptLine(receipt), plan: body.plan, copy, ...ending })
  grown()
}

function write(ports: LedgerPorts, { report, startedAt, people }: End): void {
  const { environment, records, plans, otherSource } = ports
  const { plan, step, key, node, at, code } = report
  const result = report.state === 'done' ? 'succeeded' : 'failed'
  const sent = plans.get(plan)
  // What was sent before this database began has no plan here; a report that came twice has its receipt.
  if (sent === undefined || records.has({ plan, step, result, at })) return
  const { revision: commit, fields } = sent
  const source = otherSource?.(key)
  const body: ReceiptBody = {
    environment,
    commit,
    plan,
    object: key,
    node,
    step: step.split(':')[0] ?? step,
    startedAt: utc(startedAt),
    endedAt: utc(at),
    result,
    ...(code === undefined ? {} : { error: code.slice(0, 64) }),
    ...(fields[step] === undefined ? {} : { fields: [...fields[step]] }),
    ...(source === undefined ? {} : { source }),
    ...people.get(source?.commit ?? commit),
  }
  append(ports, body, { step, result, at })
}

/** Hosts tell times in any zone of RFC 3339; receipts have them in UTC. */
function utc(time: string): string {
  const value = new Date(time)
  return Number.isNaN(value.getTime()) ? new Date(0).toISOString() : value.toISOString()
}
