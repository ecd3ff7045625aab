import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maskDifferences } from '../../../../reconciler/compare/mask.ts'
import { renderJson } from '../../../../reconciler/compare/text/render-json.ts'
import { renderMarkdown } from '../../../../reconciler/compare/text/render-markdown.ts'
import { renderSideBySide } from '../../../../reconciler/compare/text/render-side-by-side.ts'
import { renderText } from '../../../../reconciler/compare/text/render-text.ts'
import type { Comparison } from '../../../../reconciler/compare/types.ts'
import { compareFiles, machine } from './support.ts'

const comparison = compareFiles(
  { 'web.yaml': machine('web', { memory: '1Gi', annotations: { note: 'a|b' } }), 'old.yaml': machine('old') },
  { 'web.yaml': machine('web', { memory: '2Gi', annotations: { note: '<b>@all</b>' } }), 'new.yaml': machine('new') },
)

test('text tells each object, field and the numbers', () => {
  assert.equal(
    renderText(comparison),
    `+ VirtualMachine default/new: only in B  new.yaml:1

- VirtualMachine default/old: only in A  old.yaml:1

~ VirtualMachine default/web: differs  web.yaml:1
    ~ metadata.annotations.note:              "a|b" -> "<b>@all</b>"
    ~ spec.template.spec.domain.memory.guest: "1Gi" -> "2Gi"

Differences: 1 differs, 1 only in A, 1 only in B; 0 equal.
`,
  )
})

test('columns beside one another keep to the width', () => {
  const lines = renderSideBySide(comparison, { width: 80 }).split('\n')
  const at = lines.indexOf('  spec.template.spec.domain.memory.guest')
  assert.match(lines[at + 1] ?? '', /^ {4}"1Gi" +\| {5}"2Gi"$/)
  assert.ok(lines.slice(0, -2).every((line) => line.length <= 80))
})

test('Markdown reads nothing into values, and stays below what a forge takes', () => {
  const text = renderMarkdown(comparison)
  assert.doesNotMatch(text, /<b>@all|@all|a\|b/)
  assert.match(text, /a&#124;b/)
  const many: Comparison = {
    ...comparison,
    objects: Array.from({ length: 5000 }, () => comparison.objects[2]).filter((one) => one !== undefined),
  }
  const long = renderMarkdown(many)
  assert.ok(long.length < 65_536)
  assert.match(long, /\d+ more objects are left out\.\n$/)
})

test('JSON holds the same', () => {
  const { objects, summary } = JSON.parse(renderJson(comparison)) as Comparison
  assert.deepEqual([objects.length, summary.changed], [3, 1])
})

test('control characters of a manifest do not reach the terminal', () => {
  const evil = { ...comparison, base: '\u001B[2J' }
  assert.ok(!renderText(evil).includes('\u001B'))
})

test('no value of a Secret or a ConfigMap is shown, nor what plans mask', () => {
  const secret = maskDifferences('Secret/default/s', [
    { path: 'data.key', before: 'aaa', after: 'bbb' },
    { path: 'type', before: 'x', after: 'y' },
  ])
  assert.doesNotMatch(JSON.stringify(secret), /aaa|bbb/)
  assert.match(JSON.stringify(secret), /"x"/)
  const map = maskDifferences('ConfigMap/default/c', [
    { path: 'data[a.xml]', after: 'password' },
    { path: 'data', before: { a: 'password' } },
  ])
  assert.doesNotMatch(JSON.stringify(map), /password/)
  const seed = { path: 'spec.template.spec.volumes[seed]', after: { name: 'seed', cloudInitNoCloud: { userData: 'hunter2' } } }
  const text = { path: 'spec.template.spec.volumes[seed].cloudInitNoCloud.userData', before: 'hunter2', after: 'hunter3' }
  assert.doesNotMatch(JSON.stringify(maskDifferences('VirtualMachine/default/v', [seed, text])), /hunter/)
})
