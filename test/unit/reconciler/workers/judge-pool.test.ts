import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { blobOfText, blobText } from '../../../../reconciler/desired/judge/blob-text.ts'
import { judgeBlob } from '../../../../reconciler/desired/judge/judge-blob.ts'
import { defaultLimits } from '../../../../reconciler/desired/parse/limits.ts'
import { openJudges } from '../../../../reconciler/workers/judge-pool.ts'

const manifests = [
  'apiVersion: v1\nkind: Namespace\nmetadata: {name: ä}\n',
  '',
  'kind: [unclosed\n',
  `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${'x'.repeat(300)}\n`,
]

describe('openJudges', () => {
  it('gives what judgeBlob gives, in the order of the blobs', async () => {
    const judges = openJudges(defaultLimits, 2)
    try {
      // Small Buffers are windows on one shared buffer.
      const blobs = manifests.map((text) => Buffer.from(text))
      const answers = await Promise.all([judges.judge(blobs), judges.judge(blobs.toReversed()), judges.judge([])])
      const expected = blobs.map((bytes) => blobText(judgeBlob(bytes)))
      deepEqual(answers, [expected, expected.toReversed(), []])
    } finally {
      await judges.close()
    }
  })

  it('keeps to the limits that it was given', async () => {
    const judges = openJudges({ ...defaultLimits, maxBytes: 10 }, 1)
    try {
      const [text = ''] = await judges.judge([Buffer.from(manifests[0] ?? '')])
      equal(blobOfText(text)?.problems[0]?.code, 'TooLarge')
    } finally {
      await judges.close()
    }
  })

  it('rejects what is under way when the threads end', async () => {
    const judges = openJudges(defaultLimits, 2)
    const answer = rejects(judges.judge([Buffer.from(manifests[0] ?? '')]), { code: 'ThreadEnded' })
    await judges.close()
    await answer
    await rejects(judges.judge([]), { code: 'ThreadEnded' })
  })
})
