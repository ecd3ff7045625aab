import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOperand } from '../../../../../reconciler/cli/compare/operand.ts'

test('an operand is read by its form alone', () => {
  const git = (text: string, path?: string): unknown => {
    const operand = parseOperand(text, path)
    return operand.kind === 'git' ? [operand.revision, operand.path, operand.name] : operand
  }
  assert.deepEqual(git('main'), ['main', '', 'main'])
  assert.deepEqual(git('main', 'environments/prod'), ['main', 'environments/prod', 'main:environments/prod'])
  assert.deepEqual(git('main:prod', 'staging'), ['main', 'prod', 'main:prod'])
  assert.deepEqual(git(':prod'), ['HEAD', 'prod', ':prod'])
  assert.deepEqual(git('main:'), ['main', '', 'main:'])
  assert.deepEqual(git('feature/live'), ['feature/live', '', 'feature/live'])
  assert.deepEqual(git('main@{10:30}:prod'), ['main@{10:30}', 'prod', 'main@{10:30}:prod'])
  assert.deepEqual(git('refs/heads/live'), ['refs/heads/live', '', 'refs/heads/live'])
})

test('a dot or slash in front means files, and live what runs', () => {
  for (const text of ['.', '..', './prod', '../prod', '/srv/prod', './live']) {
    assert.deepEqual(parseOperand(text), { kind: 'folder', name: text, folder: text })
  }
  assert.deepEqual(parseOperand('live'), { kind: 'live', name: 'live' })
})

test('what could be an option or is empty is refused', () => {
  for (const text of ['', '-x', '--all:prod', 'a b']) assert.throws(() => parseOperand(text), { code: 'InvalidOperand' }, text)
})
