import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plan } from '../../../../../reconciler/plan/plan.ts'
import { preview } from '../../../../../reconciler/plan/preview.ts'
import { longestComment, planMarkdown, previewMarkdown } from '../../../../../reconciler/plan/text/markdown.ts'
import { renderPreview, type RequestPlan } from '../../../../../reconciler/plan/text/preview.ts'
import { desiredView, guestSpec, input, machine, node, now, observedView } from '../support.ts'

const secret = guestSpec({ volumes: [{ name: 'seed', cloudInitNoCloud: { userData: 'password: hunter2' } }] })

function request(count: number, subject = 'Add machines'): RequestPlan {
  const merged = desiredView(Array.from({ length: count }, (_, index) => machine(`vm-${index}`, { guest: secret })))
  const made = preview({
    merged,
    tracked: desiredView([]),
    observed: observedView([node('h1', { facts: { memoryBytes: 2 ** 50, cpus: 100_000 } })]),
    approvals: [],
    suspensions: [],
    now,
  })
  return { ...made, merge: { ref: '#7', head: 'a'.repeat(40), base: 'b'.repeat(40), into: 'c'.repeat(40), subject, branch: 'main' } }
}

describe('a plan as a comment', () => {
  it('folds each object and has no secret', () => {
    const text = previewMarkdown(request(2))
    assert.match(text, /^### gitvirt: Plan: 2 to create/)
    assert.match(text, /<details><summary><code>create: VirtualMachine\/default\/vm-0 on h1<\/code><\/summary>/)
    assert.match(text, /memory of guests: .* -> 2GiB of 1PiB/)
    assert.doesNotMatch(text, /hunter/)
  })

  it('stays below the longest comment, and counts what it leaves out', () => {
    const text = previewMarkdown(request(2000))
    assert.ok(text.length <= longestComment, String(text.length))
    const left = Number(/and (\d+) more, which are too long/.exec(text)?.[1])
    const shown = (text.match(/<details>/g) ?? []).length
    // One more section tells what it means to the host.
    assert.equal(left + shown, 2001)
    assert.match(text, /Intent: [0-9a-f]{12}\./)
  })

  it('lets no text of Git out of its code, however many backticks it has', () => {
    const text = previewMarkdown(request(1, '``` </code> @everyone <script>'))
    assert.match(text, /^````Merging #7 .*``` <\/code> @everyone <script>.*````$/m)
    const outside = text.replaceAll(/^(`{3,})text\n[^]*?\n\1$/gm, '').replaceAll(/^(`+)[^\n]*\1$/gm, '')
    assert.doesNotMatch(outside, /script|everyone/)
  })

  it('shows a plan that nothing is merged for likewise', () => {
    const made = plan(input(desiredView([machine('vm')]), observedView([node('h1')])))
    assert.match(planMarkdown(made), /<details><summary><code>create: VirtualMachine\/default\/vm on h1/)
  })
})

describe('a preview as text', () => {
  it('tells images and bridges of each host in words', () => {
    const made = request(1)
    const [one] = made.impact
    assert.ok(one !== undefined)
    const images = [
      { volume: 'DataVolume/default/a', state: 'kept', bytes: 2 ** 20 },
      { volume: 'DataVolume/default/b', state: 'download', bytes: 2 ** 21 },
      { volume: 'DataVolume/default/c', state: 'download' },
    ] as const
    const bridges = [{ name: 'br9', machines: ['VirtualMachine/default/vm-0'], state: 'missing' }] as const
    const text = renderPreview({ ...made, impact: [{ ...one, images, bridges }] })
    for (const line of [
      'image of DataVolume/default/a: kept on this host (1MiB); fetched again only where the server has a newer one',
      'image of DataVolume/default/b: 2MiB to download',
      'image of DataVolume/default/c: to download; no host knows its size yet',
      'bridge br9 is MISSING, and no policy of this plan brings it up: VirtualMachine/default/vm-0',
    ])
      assert.ok(text.includes(`    ${line}\n`), text)
  })

  it('tells the merge, the plan, the host and the intent, without control characters', () => {
    const text = renderPreview(request(1, 'evil \u001B[31m'))
    assert.match(text, /^Merging #7 \(aaaaaaaaaaaa "evil \\u001b\[31m"\) into main \(cccccccccccc\) would do this:/)
    assert.match(text, /\+ VirtualMachine default\/vm-0 on h1: create/)
    assert.match(text, /On h1:\n {4}starts: VirtualMachine\/default\/vm-0/)
    assert.match(text, /Intent: [0-9a-f]{12}/)
    assert.ok(!text.includes('\u001B') && !text.includes('hunter'))
  })
})
