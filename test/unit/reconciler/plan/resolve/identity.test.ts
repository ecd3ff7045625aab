import assert from 'node:assert/strict'
import { it } from 'node:test'
import { machineUid } from '../../../../../reconciler/plan/resolve/identity.ts'

// Made with Python's uuid.uuid5 of the same names.
it('gives a machine the version 5 UUID of its namespace and name', () => {
  assert.equal(machineUid('default', 'demo'), '0a16c847-66e6-5e79-bd3f-c41bc1c0af70')
  assert.equal(machineUid('team-ä', 'vm-0'), '24c0f5d8-a563-5ccb-88a4-91e6479a615d')
})
