import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockForProcess } from '../../../../reconciler/lib/process-lock.ts'
import { atEnd } from '../../../at-end.ts'

test('lets one holder in at a time, names what is held, and may be given back twice', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'gv-lock-'))
  atEnd(t, async () => await rm(dir, { recursive: true, force: true }))
  const options = { path: join(dir, 'state', 'lock'), code: 'StateLocked', what: 'The state folder x' }
  const unlock = lockForProcess(options)
  assert.throws(() => lockForProcess(options), { code: 'StateLocked', message: 'The state folder x is in use by another process.' })
  unlock()
  unlock()
  lockForProcess(options)()
})
