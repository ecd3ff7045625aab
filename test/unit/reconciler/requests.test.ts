import assert from 'node:assert/strict'
import { it } from 'node:test'
import { until } from '../../../lab/wait.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import type { Previews } from '../../../reconciler/previews.ts'
import { followRequests } from '../../../reconciler/requests.ts'
import { atEnd } from '../../at-end.ts'

it('a request that cannot be planned holds up no other, and is tried again', async (t) => {
  const tries: string[] = []
  const told: number[] = []
  const previews: Pick<Previews, 'take'> = {
    take: async (ref) => {
      tries.push(ref)
      const code = ref === '#1' ? 'FetchTimedOut' : 'MergeConflict'
      throw new GitvirtError({ code, message: `${ref} does not merge` })
    },
  }
  const requests = followRequests({
    forge: {
      requests: async () => [1, 2].map((number) => ({ number, head: String(number).repeat(40), title: 'x' })),
      comment: async (number) => void told.push(number),
      status: async () => undefined,
    },
    previews,
    branch: 'main',
    environment: 'prod',
    basis: () => 'revision',
    interval: 10,
    clock: systemClock,
    log: silentLogger,
  })
  atEnd(t, async () => await requests.stop())
  await until('the second try of the first', async () => tries.filter((ref) => ref === '#1').length > 1)
  assert.deepEqual([told, tries.filter((ref) => ref === '#2').length], [[2], 1])
})

it('a fault of the request itself is told in its comment and fails it, once', async (t) => {
  const states: string[] = []
  const bodies: string[] = []
  let looks = 0
  const codes = ['TooManyCommits', 'InvalidCommit']
  const requests = followRequests({
    forge: {
      requests: async () => {
        looks += 1
        return codes.map((_, at) => ({ number: at, head: String(at).repeat(40), title: 'x' }))
      },
      comment: async (_, { body }) => void bodies.push(body),
      status: async (_, { state }) => void states.push(state),
    },
    previews: {
      take: async (ref) => {
        throw new GitvirtError({ code: codes[Number(ref.slice(1))] ?? '', message: `${ref} cannot be planned` })
      },
    },
    branch: 'main',
    environment: 'prod',
    basis: () => 'revision',
    interval: 1,
    clock: systemClock,
    log: silentLogger,
  })
  atEnd(t, async () => await requests.stop())
  await until('both', async () => states.length >= 2)
  await until('another look', async () => looks > 3)
  assert.deepEqual(states, ['failure', 'failure'])
  assert.match(bodies[1] ?? '', /no plan[^]*#1 cannot be planned/)
})
