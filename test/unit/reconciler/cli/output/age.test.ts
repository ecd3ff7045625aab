import assert from 'node:assert/strict'
import { test } from 'node:test'
import { humanAge } from '../../../../../reconciler/cli/output/age.ts'

const now = new Date('2026-01-01T00:00:00Z')
const ago = (seconds: number): string => humanAge(new Date(now.getTime() - seconds * 1000).toISOString(), now)

test('writes ages as kubectl does', () => {
  const cases: [number, string][] = [
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [192, '3m12s'],
    [600, '10m'],
    [10_800, '3h'],
    [12_000, '3h20m'],
    [28_800, '8h'],
    [172_800, '2d'],
    [180_000, '2d2h'],
    [864_000, '10d'],
    [73_440_000, '2y'],
  ]
  assert.deepEqual(
    cases.map(([seconds]) => ago(seconds)),
    cases.map(([, text]) => text),
  )
})

test('says unknown for no time and for what is none', () => {
  assert.equal(humanAge(undefined, now), '<unknown>')
  assert.equal(humanAge('soon', now), '<unknown>')
})
