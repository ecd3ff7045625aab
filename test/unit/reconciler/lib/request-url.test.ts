import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { requestUrl } from '../../../../reconciler/lib/request-url.ts'

test('reads path and query of a request', () => {
  const url = requestUrl('/v1/session?force=true')
  assert.deepEqual([url.pathname, url.searchParams.get('force')], ['/v1/session', 'true'])
})

test('never throws, whatever a stranger asks for', () => {
  assert.equal(requestUrl('//').pathname, '/')
  fc.assert(fc.property(fc.string(), (target) => requestUrl(target).pathname.startsWith('/') || !target.startsWith('/')))
})
