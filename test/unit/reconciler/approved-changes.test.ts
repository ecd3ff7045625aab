import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { whyOwn, type Makers } from '../../../reconciler/approved-changes.ts'
import { everyFile } from '../../../reconciler/store/approval-records.ts'
import { openStore } from '../../../reconciler/store/store.ts'
import type { CommitApproval } from '../../../reconciler/trust/approval.ts'
import type { Change } from '../../../schemas/generated/plan.ts'
import { atEnd } from '../../at-end.ts'
import { fakeDesired, fakeObserved, vmManifest } from '../../fakes/views.ts'

const key = 'VirtualMachine/default/web'
const approval: Pick<CommitApproval, 'people' | 'signer'> = {
  people: ['author@example.org'],
  signer: { name: 'author@example.org', fingerprint: 'SHA256:a', kind: 'ssh' },
}

function world(t: TestContext): { readonly makers: Makers; readonly wrote: (path: string, person: string) => void } {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-own-'))
  const store = openStore(dir)
  atEnd(t, () => {
    store.close()
    rmSync(dir, { recursive: true })
  })
  const desired = fakeDesired()
  desired.put(vmManifest('web'))
  const records = store.gitApprovals
  return {
    makers: { desired, observed: fakeObserved(), writers: (paths) => records.writers(paths) },
    wrote: (path, person) => records.wrote(path, 'a'.repeat(40), [person]),
  }
}

const change = (path: string): Change => ({ key, origin: { path, line: 1, column: 1 } }) as Change

describe('an approval', () => {
  it('counts where others wrote the files of the change', (t) => {
    const { makers, wrote } = world(t)
    wrote('apps/web.yaml', 'operator@example.org')
    assert.equal(whyOwn(change('apps/web.yaml'), approval, makers), undefined)
  })

  it('does not count by who wrote one of them', (t) => {
    const { makers, wrote } = world(t)
    wrote('apps/web.yaml', 'author@example.org')
    assert.equal(whyOwn(change('apps/web.yaml'), approval, makers), 'author@example.org made the change')
  })

  it('does not count by who may have written any file, also where others are known to have written this one', (t) => {
    const { makers, wrote } = world(t)
    wrote('apps/web.yaml', 'operator@example.org')
    wrote(everyFile, 'author@example.org')
    assert.equal(whyOwn(change('apps/web.yaml'), approval, makers), 'author@example.org made the change')
  })

  it('counts by nobody where a file of the change is in another source, whose commits are not looked at', (t) => {
    const { makers } = world(t)
    assert.match(whyOwn(change('more//apps/web.yaml'), approval, makers) ?? '', /who wrote more\/\/apps\/web\.yaml, in another source/)
  })
})
