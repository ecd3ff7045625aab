import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { trustOptions } from '../../../../../reconciler/cli/commands/trust-flags.ts'

describe('trust flags', () => {
  it('name the mode and the files', () => {
    assert.deepEqual(trustOptions({ verifyCommits: 'none' }), { mode: 'none', keys: {} })
    assert.deepEqual(trustOptions({ verifyCommits: 'every-commit', allowedSigners: 'a', forgeKeyring: 'f' }), {
      mode: 'every-commit',
      keys: { allowedSigners: 'a' },
      forge: { keyring: 'f' },
    })
  })

  it('are refused where less would be checked than was meant', () => {
    assert.throws(() => trustOptions({ verifyCommits: 'all' }), { code: 'InvalidFlag' })
    assert.throws(() => trustOptions({ verifyCommits: 'head' }), { code: 'InvalidFlag' })
    assert.throws(() => trustOptions({ verifyCommits: 'head', forgeKeyring: 'f' }), { code: 'InvalidFlag' })
    assert.throws(() => trustOptions({ verifyCommits: 'none', keyring: 'k' }), { code: 'InvalidFlag' })
  })
})
