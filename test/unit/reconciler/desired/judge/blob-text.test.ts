import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { blobOfText, blobText } from '../../../../../reconciler/desired/judge/blob-text.ts'
import { judgeBlob } from '../../../../../reconciler/desired/judge/judge-blob.ts'
import { judgedDigest } from '../../../../../reconciler/desired/judge/judged-digest.ts'
import type { JudgedBlob } from '../../../../../reconciler/desired/judge/types.ts'

const manifests = [
  '',
  'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  annotations:\n    text: "two\\nlines, ümläut 🐧"\n',
  `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: { name: web }
spec:
  runStrategy: Always
  dataVolumeTemplates:
    - metadata: { name: web-root }
      spec: { storage: { resources: { requests: { storage: 1Gi } } }, source: { blank: {} } }
  template:
    spec:
      domain: { memory: { guest: 1Gi }, devices: {} }
      volumes: [{ name: root, dataVolume: { name: web-root } }]
`,
  'apiVersion: v1\nkind: Secret\nmetadata: { name: ok }\n---\nkind: [\n',
]
const judged = manifests.map((text) => judgeBlob(new TextEncoder().encode(text)))

function plain(blob: JudgedBlob | undefined): JudgedBlob | undefined {
  return blob && { ...blob, objects: blob.objects.map((one) => ({ ...one, object: one.object, digest: judgedDigest(one) })) }
}

describe('blobOfText', () => {
  it('gives back what a blob says, bodies and all', () => {
    for (const blob of judged) deepEqual(plain(blobOfText(blobText(blob))), plain(blob))
  })

  it('tells the digest that is kept without a look at the body', () => {
    const kept = {
      digest: 'kept',
      get object(): never {
        throw new Error('parsed')
      },
    }
    equal(judgedDigest(kept), 'kept')
  })

  it('parses a body once as long as somebody holds it', () => {
    const object = blobOfText(blobText(judged[2] as JudgedBlob))?.objects[0]
    ok(object !== undefined)
    equal(object.object, object.object)
  })

  it('knows a text of which any character was changed, or that was cut', () => {
    const damage = fc.record({ which: fc.constantFrom(...judged), at: fc.nat(), to: fc.constantFrom('', 'x', '\n', '"', '}') })
    fc.assert(
      fc.property(damage, ({ which, at, to }) => {
        const text = blobText(which)
        const index = at % text.length
        const damaged = `${text.slice(0, index)}${to}${text.slice(index + 1)}`
        equal(damaged === text || blobOfText(damaged) === undefined, true)
        equal(blobOfText(text.slice(0, index)), undefined)
      }),
    )
  })
})
