import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as check, property, string } from 'fast-check'
import { requestUrl } from '../../../../reconciler/lib/request-url.ts'

test('reads path and query of a request', () => {
  const url = requestUrl('/v1/session?force=true')
  assert.deepEqual([url.pathname, url.searchParams.get('force')], ['/v1/session', 'true'])
})

test('takes what is no URL for the root, and never throws', () => {
  assert.equal(requestUrl('//').pathname, '/')
  assert.equal(requestUrl(undefined).pathname, '/')
  check(property(string(), (target) => requestUrl(`/${target}`).pathname.startsWith('/')))
})
