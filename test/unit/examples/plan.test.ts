import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { manifestFiles } from '../../../reconciler/cli/manifest-files.ts'
import { createDesired } from '../../../reconciler/desired/state.ts'
import type { DesiredView } from '../../../reconciler/desired/types.ts'
import { plan } from '../../../reconciler/plan/plan.ts'
import { input, observedView } from '../reconciler/plan/support.ts'
import { nodes, sentOf, settle } from '../reconciler/plan/worlds.ts'

/** The slides select workers; the one host of this test is one. */
const worker = {
  id: 'f'.repeat(40),
  bytes: Buffer.from('apiVersion: v1\nkind: Node\nmetadata:\n  name: h1\n  labels:\n    node-role.kubernetes.io/worker: ""\n'),
}

async function viewOf(folder: string): Promise<DesiredView> {
  const files = await manifestFiles(join(import.meta.dirname, '../../../examples', folder))
  const { view } = await createDesired().update({
    revision: folder,
    entries: [...files.entries, { path: 'worker.yaml', id: worker.id }],
    read: async function* (ids) {
      if (ids.includes(worker.id)) yield worker
      yield* files.read(ids)
    },
  })
  return view
}

/** What waits for good in each folder: its container disks are not carried out here. */
const blocked: Readonly<Record<string, readonly string[]>> = {
  quickstart: [],
  seeds: ['VirtualMachine/default/diskless', 'VirtualMachine/default/vm-fedora'],
}

describe('planning the examples', () => {
  for (const [folder, waiting] of Object.entries(blocked)) {
    it(`${folder} is carried out, and then there is nothing left to do`, async () => {
      const desired = await viewOf(folder)
      const first = plan(input(desired, observedView(nodes)))
      assert.ok(sentOf(first).length > 0)
      const { world } = settle(desired)
      const left = plan(input(desired, observedView(nodes, world)))
      assert.deepEqual(sentOf(left), [])
      assert.deepEqual(left.changes.map(({ key }) => key).sort(), waiting)
      for (const change of left.changes) assert.deepEqual([...new Set(change.blocked.map(({ reason }) => reason))], ['Unsupported'])
    })
  }
})
