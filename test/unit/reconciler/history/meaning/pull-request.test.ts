import assert from 'node:assert/strict'
import { it } from 'node:test'
import { pullRequestOf } from '../../../../../reconciler/history/meaning/pull-request.ts'

const messages: readonly (readonly [message: string, pullRequest: string | undefined])[] = [
  ['Merge pull request #12 from author-a/more-memory\n\nMore memory', '#12'],
  ["Merge branch 'topic' into 'main'\n\nMore memory\n\nSee merge request infra/fleet!34", 'infra/fleet!34'],
  ["Merge pull request 'More memory' (#7) from topic into main\n\nReviewed-on: https://git.example.org/infra/fleet/pulls/7", '#7'],
  ['Merged in topic (pull request #5)\n\nMore memory', '#5'],
  ['Merged PR 9: More memory', '#9'],
  ['More memory (#56)\n\n* first\n* second', '#56'],
  ['More memory (!8)', '!8'],
  ['More memory\n\nPR-URL: https://git.example.org/infra/fleet/pull/90', '#90'],
  ['More memory\n\nReviewed-on: https://git.example.org/infra/fleet/-/merge_requests/91', '!91'],
  ['More memory\n\nPull-Request: #17', '#17'],
  ["Merge branch 'topic'", undefined],
  ['Fix #12: more memory', undefined],
  ['More memory\n\nThe crash is described in (#12)', undefined],
]

for (const [message, expected] of messages) {
  it(`${JSON.stringify(message.slice(0, 50))} names ${expected ?? 'no pull request'}`, () => {
    assert.equal(pullRequestOf(message), expected)
  })
}
