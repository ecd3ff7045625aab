import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createGitApprovals } from '../../../reconciler/git-approvals.ts'
import { desiredView } from './plan/support.ts'

it('where nothing was told and nobody approves, a look at the repository makes no plan', async () => {
  const desired = desiredView([])
  const settings = new Map<string, string>()
  const warned: unknown[] = []
  let plans = 0
  const approvals = createGitApprovals({
    loop: { view: () => desired, enqueue: () => undefined, current: () => void (plans += 1) },
    store: {
      settings: { get: (name: string) => settings.get(name), put: (name: string, value: string) => void settings.set(name, value) },
      gitApprovals: { signed: () => [], pending: () => [], written: () => [] },
      transaction: (work: () => unknown) => work(),
    },
    status: { record: () => undefined },
    standing: { approvals: () => undefined, of: () => undefined, asked: () => undefined },
    keys: undefined,
    log: { warn: (of: unknown) => void warned.push(of) },
  } as never)
  await approvals.arrived('c'.repeat(40), desired)
  assert.deepEqual([plans, warned], [0, []])
  settings.set('approvals.troubles', '["ApprovalIgnored"]')
  await approvals.arrived('c'.repeat(40), desired)
  assert.equal(plans, 1)
})
