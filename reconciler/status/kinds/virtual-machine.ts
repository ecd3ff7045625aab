import { fieldsSinceBoot } from '../../plan/since-boot.ts'
import { leaseInForce } from '../../plan/leased.ts'
import type { ConditionDraft, Draft } from '../api-object.ts'
import { commonConditions, condition } from '../common-conditions.ts'
import { appliedOf, isSettled, type Subject } from '../subject.ts'
import { metadataOf, specDigestOf } from './draft-metadata.ts'
import { isAlive, machineFacts, type MachineFacts } from './machine-facts.ts'
import { instanceConditions } from './virtual-machine-instance.ts'
import { printableStatus } from './printable-status.ts'
import { wishOf } from '../../plan/wish.ts'

/** The VirtualMachine as it is served: from Git, or from what was applied where Git has it no longer or broken. */
export function virtualMachine(subject: Subject): Draft | undefined {
  const spec = specOf(subject)
  if (spec === undefined) return undefined
  const facts = machineFacts(subject)
  const printable = printableStatus(subject, facts)
  const conditions = conditionsOf(subject, facts)
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    ...metadataOf(subject),
    ...(subject.deleting ? { finalizers: ['kubevirt.io/virtualMachineControllerFinalize'] } : {}),
    specDigest: specDigestOf(subject),
    settled: isSettled(subject),
    fields: { spec },
    conditions,
    status: ({ generation, observedGeneration, conditions: merged }) => ({
      printableStatus: printable,
      created: isAlive(facts.machine),
      ready: facts.machine?.state === 'running' && facts.connected,
      runStrategy: facts.runStrategy,
      desiredGeneration: generation,
      observedGeneration,
      ...startFailure(facts),
      conditions: merged,
    }),
    marks: marksOf(subject, facts),
  }
}

function specOf(subject: Subject): unknown {
  if (subject.desired?.kind === 'VirtualMachine') return subject.desired.object.spec
  const applied = appliedOf(subject, 'VirtualMachine')
  return applied === undefined ? undefined : { runStrategy: applied.runStrategy, template: applied.template }
}

function startFailure({ machine }: MachineFacts): Record<string, unknown> {
  const runs = machine?.runs
  if (runs === undefined || runs.failures === 0) return {}
  return {
    startFailure: {
      consecutiveFailCount: runs.failures,
      ...(runs.nextStartAt === undefined ? {} : { retryAfterTimestamp: runs.nextStartAt }),
    },
  }
}

function conditionsOf(subject: Subject, facts: MachineFacts): ConditionDraft[] {
  const { machine } = facts
  const own: ConditionDraft[] = []
  if (!isAlive(machine)) own.push(condition('Ready', 'False', ['VMINotExists', 'No guest runs.']))
  if (machine?.problem !== undefined) own.push(condition('Failure', 'True', [machine.problem.reason, machine.problem.message]))
  const waiting = waitingFor(machine)
  if (waiting.length > 0) {
    own.push(condition('RestartRequired', 'True', ['RestartRequired', `A restart brings in: ${waiting.join(', ')}.`]))
  }
  const drift = (machine?.drift ?? []).map(({ path }) => path)
  if (drift.length > 0)
    own.push(condition('Drifted', 'True', ['ChangedOnHost', `The domain differs from what was applied: ${drift.join(', ')}.`]))
  own.push(...ignored(subject), ...powerRequested(facts), ...leased(subject))
  const mirrored = isAlive(machine) ? instanceConditions(subject, facts) : []
  return [...own, ...mirrored, ...commonConditions(subject, machine?.unsupported)]
}

/** Fields that the running guest gets with its next start. */
function waitingFor(machine: MachineFacts['machine']): readonly string[] {
  return machine !== undefined && isAlive(machine) ? fieldsSinceBoot(machine) : []
}

/** Synced says nothing of fields that are ignored; this does. */
function ignored({ findings }: Subject): ConditionDraft[] {
  const found = findings.find(({ code }) => code === 'DifferencesIgnored')
  return found === undefined ? [] : [condition('DifferencesIgnored', 'True', ['LeftAsItIs', found.message])]
}

/** True while what is changed by hand stands, with who, why and until when. */
function leased({ key, world }: Subject): ConditionDraft[] {
  const lease = world.leases.get(key)
  const found = lease === undefined ? undefined : leaseInForce(lease, { now: world.now, wish: wishOf(key, world.desired, world.observed) })
  return found === undefined ? [] : [condition('Leased', 'True', [found.kept ? 'WaitsForMerge' : 'LeaseInForce', found.text])]
}

/** A person's request that holds against runStrategy. Upstream rewrites spec.runStrategy instead; here the spec is Git's alone. */
function powerRequested({ machine, runStrategy }: MachineFacts): ConditionDraft[] {
  const power = machine?.power
  if (power === undefined) return []
  const who = `${power.by ?? 'Somebody'} ${power.request === 'stop' ? 'stopped' : 'started'} this machine at ${power.at}`
  const [reason, until] =
    power.request === 'stop' ? ['Stop', 'it stays off until "gitvirt start"'] : ['Start', 'it is kept running until "gitvirt stop"']
  return [condition('PowerRequested', 'True', [reason, `${who}; ${until} or a runStrategy other than ${runStrategy} in Git.`])]
}

function marksOf(subject: Subject, { machine, node }: MachineFacts): Record<string, string> {
  return {
    node,
    drift: (machine?.drift ?? []).map((drift) => drift.path).join(', '),
    restart: waitingFor(machine).join(', '),
    problem: machine?.problem === undefined ? '' : `${machine.problem.reason}: ${machine.problem.message}`,
    deleting: subject.deleting ? 'yes' : '',
    unsupported: (machine?.unsupported ?? []).join('; '),
  }
}
