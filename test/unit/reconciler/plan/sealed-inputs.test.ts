import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OpenedContents, unreadContents, type SealedContents } from '../../../../reconciler/desired/sealed/contents.ts'
import type { DesiredObject, ManifestError } from '../../../../reconciler/desired/types.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import type { Plan } from '../../../../schemas/generated/plan.ts'
import {
  desiredView,
  fleet,
  guestSpec,
  input,
  machine,
  node,
  observedMachine,
  observedView,
  observedVolume,
  plain,
  volume,
  type Unknown,
} from './support.ts'

const seedKey = 'Secret/default/seed'
const vmKey = 'VirtualMachine/default/vm'
const guest = guestSpec({
  volumes: [
    { name: 'root', dataVolume: { name: 'root' } },
    { name: 'seed', cloudInitNoCloud: { secretRef: { name: 'seed' } } },
  ],
})
const fault: ManifestError = {
  severity: 'error',
  code: 'NoDecryptionKey',
  message: 'It is encrypted for age age1x: no such key is here.',
  action: 'Give the reconciler a key.',
  path: 'seed.yaml',
  line: 3,
  column: 1,
  object: seedKey,
}
const shut: Unknown = { keys: [seedKey], paths: ['seed.yaml'], errors: [fault] }

function sealed(contents: SealedContents): DesiredObject {
  return { ...plain('Secret', 'seed', { stringData: { userdata: 'ENC[AES256_GCM,…]' } }), sealed: contents }
}

/** A plan for a machine that runs what was applied with `before`, where given. */
function planned(after: readonly DesiredObject[], options: { before?: DesiredObject; unknown?: Unknown; offline?: boolean } = {}): Plan {
  const nodes = [node('h1')]
  const sightings = options.before === undefined ? [] : applied([machine('vm', { guest }), volume('root'), options.before])
  const made = input(desiredView([volume('root'), ...after], options.unknown), observedView(nodes, sightings))
  const { inputSalt: _salt, ...offline } = made
  return plan(options.offline === true ? offline : made)
}

function applied(objects: readonly DesiredObject[]) {
  const steps = plan(input(desiredView(objects), observedView([node('h1')]))).changes.flatMap((change) => change.steps)
  const spec = steps.find((step) => step.machine !== undefined)?.machine
  const disk = steps.find((step) => step.volume !== undefined)?.volume
  assert.ok(spec !== undefined && disk !== undefined)
  return [observedMachine(spec), observedVolume(disk)].map((object) => ({ node: 'h1', object }))
}

const opened = (digest: string): DesiredObject => sealed(new OpenedContents(digest, { userdata: 'eA==' }))
const unread = (digest: string): DesiredObject => sealed(unreadContents(digest))
const blocks = (made: Plan): string[] =>
  made.changes.filter(({ key }) => key === vmKey).flatMap(({ blocked }) => blocked.map(({ message, unblock }) => `${message} ${unblock}`))
const codes = (made: Plan): string[] => made.findings.map(({ code }) => code)

describe('encrypted Secrets in plans', () => {
  it('that cannot be opened hold a new machine back, with place, reason and what to do', () => {
    const made = planned([machine('vm', { guest })], { unknown: shut })
    assert.deepEqual(blocks(made), [`${seedKey} is in Git and cannot be read (seed.yaml:3:1): ${fault.message} ${fault.action}`])
    assert.deepEqual(
      forNode(made, 'h1').changes.map(({ key }) => key),
      ['DataVolume/default/root'],
    )
  })

  it('that cannot be opened leave a machine that runs as it is, and hold back what else changes of it', () => {
    assert.deepEqual(planned([machine('vm', { guest })], { before: opened('one'), unknown: shut }).changes, [])
    const labelled = planned([machine('vm', { guest, labels: { tier: 'test' } })], { before: opened('one'), unknown: shut })
    assert.equal(blocks(labelled).length, 1)
    assert.deepEqual(forNode(labelled, 'h1').changes, [])
  })

  it('that may be in files which nobody can open are told with those files', () => {
    const made = planned([machine('vm', { guest })], { unknown: { paths: ['b.yaml.age', 'a.yaml.age'] } })
    assert.match(
      blocks(made).join(),
      /Secret default\/seed is not there, unless it is in a\.yaml\.age, b\.yaml\.age, which cannot be read\./,
    )
  })

  it('that a disk is fetched with hold the disk back', () => {
    const disk = { ...volume('root', { url: 'https://images.example.org/root' }), references: [seedKey] }
    const made = plan(input(desiredView([disk], shut), observedView([node('h1')])))
    assert.match(made.changes[0]?.blocked.map(({ message }) => message).join() ?? '', /cannot be read \(seed\.yaml:3:1\)/)
  })

  it('are compared by the digest of their contents', () => {
    assert.deepEqual(planned([machine('vm', { guest }), opened('one')], { before: opened('one') }).changes, [])
    const made = planned([machine('vm', { guest }), opened('two')], { before: opened('one') })
    assert.equal(made.changes[0]?.disruption, 'restart')
    assert.deepEqual(codes(made), [])
  })

  it('that nobody opened count as changed, and as unchanged where nothing can be compared; both is said', () => {
    const request = planned([machine('vm', { guest }), unread('x')], { before: opened('one') })
    assert.equal(request.changes[0]?.disruption, 'restart')
    assert.deepEqual(codes(request), ['InputNotRead'])
    const offline = planned([machine('vm', { guest }), unread('x')], { before: opened('one'), offline: true })
    assert.deepEqual(offline.changes, [])
    assert.deepEqual(codes(offline), ['InputNotCompared'])
  })

  it('bind an approval to their files, so that it is the same before a merge, when nobody has opened them, and after it', () => {
    const spec = fleet({ approvals: { rules: [{ count: 1 }] } })
    const approvalOf = (secret: DesiredObject, blob: string): string | undefined => {
      const placed = { ...secret, origin: { ...secret.origin, blob } }
      const made = planned([spec, machine('vm', { guest }), placed], { before: opened('one') })
      return made.changes.find(({ key }) => key === vmKey)?.approval
    }
    const request = approvalOf(unread('unread'), 'b1')
    assert.ok(request !== undefined)
    assert.equal(approvalOf(opened('two'), 'b1'), request)
    assert.notEqual(approvalOf(opened('two'), 'b2'), request)
    assert.notEqual(approvalOf(unread('unread'), 'b2'), request)
  })
})
