import assert from 'node:assert/strict'
import { it } from 'node:test'
import { GitvirtError } from '../../../../reconciler/lib/errors.ts'
import { StickyComments, type Comment, type CommentApi } from '../../../../reconciler/forge/sticky-comment.ts'

const marker = '<!-- gitvirt/plan/prod -->'

it('an old copy that cannot be removed fails no review, and is removed when it can be', async () => {
  let comments: readonly Comment[] = [
    { id: 1, body: `${marker}\nold`, author: 7 },
    { id: 2, body: `${marker}\nolder`, author: 7 },
    { id: 3, body: `${marker}\nof somebody else`, author: 8 },
  ]
  let own: number | undefined
  let refused = true
  const api: CommentApi = {
    list: async () => comments,
    create: async (body) => {
      const made = { id: 4, body, author: 7 }
      comments = [...comments, made]
      return made
    },
    update: async (id, body) => {
      comments = comments.map((one) => (one.id === id ? { ...one, body } : one))
    },
    remove: async (id) => {
      if (refused && id === 1) throw new GitvirtError({ code: 'ForgeRefused', message: '403' })
      comments = comments.filter((one) => one.id !== id)
    },
    self: { ask: async () => own, learn: (author) => (own = author), forget: () => (own = undefined) },
  }
  const sticky = new StickyComments()
  const stick = async (body: string): Promise<number[]> => {
    await sticky.stick({ request: 1, api, marker, body })
    return comments.map(({ id }) => id)
  }
  assert.deepEqual(await stick('first'), [1, 3, 4])
  assert.deepEqual(await stick('second'), [1, 3, 4])
  refused = false
  assert.deepEqual(await stick('second'), [3, 4])
  assert.equal(comments.at(-1)?.body, `${marker}\nsecond`)
})
