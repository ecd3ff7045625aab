import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { nameInGit } from '../../../../reconciler/plan/seal.ts'
import { unreadContents } from '../../../../reconciler/desired/sealed/contents.ts'
import type { DesiredObject } from '../../../../reconciler/desired/types.ts'
import { desiredView, input, machine, node, observedView, plain } from './support.ts'

function inBlob(object: DesiredObject, blob: string): DesiredObject {
  return { ...object, origin: { ...object.origin, blob } }
}

describe('nameInGit', () => {
  const planned = (object: DesiredObject): string => plan(input(desiredView([object]), observedView([node('h1')]))).id

  it('names a plan anew where the blob is another one', () => {
    assert.equal(planned(inBlob(machine('vm'), 'a')), planned(inBlob(machine('vm'), 'a')))
    assert.notEqual(planned(inBlob(machine('vm'), 'a')), planned(inBlob(machine('vm'), 'b')))
  })

  it('goes by the digest where there is no blob, and where keys decide what the blob says', () => {
    const secret = plain('Secret', 'seed')
    const sealed = { ...inBlob(secret, 'a'), sealed: unreadContents('x') }
    assert.deepEqual([nameInGit(secret), nameInGit(inBlob(secret, 'a')), nameInGit(sealed)], [secret.digest, 'a', secret.digest])
    assert.equal(nameInGit(undefined), undefined)
  })
})
