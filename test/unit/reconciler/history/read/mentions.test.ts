import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMentions } from '../../../../../reconciler/history/read/mentions.ts'
import { judgeBlob } from '../../../../../reconciler/desired/judge/judge-blob.ts'

const mentions = createMentions('ConfigMap/default/web')
const secret = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`

describe('a text that can declare an object', () => {
  const declaring = [
    'web',
    '"web"',
    "'web'",
    '&a web',
    '"w\\x65b"',
    '"\\u0077eb"',
    '"we\\\n    b"',
    '|-\n    web',
    '>-\n    web',
    '!!str web',
  ]
  for (const name of declaring) {
    it(`is found where the name is written ${JSON.stringify(name)}`, () => {
      const bytes = Buffer.from(secret(name))
      assert.deepEqual(
        judgeBlob(bytes).objects.map(({ key }) => key),
        ['ConfigMap/default/web'],
      )
      assert.equal(mentions(bytes), true)
    })
  }

  it('is not one in which the name is a part of others only, or the kind is none of its', () => {
    assert.equal(mentions(Buffer.from(secret('web-2').replace('v1', 'v1 # my-web, web.example, webs'))), false)
    assert.equal(mentions(Buffer.from(secret('web').replace('ConfigMap', 'Secret'))), false)
  })

  it('may be a machine where a volume is looked for', () => {
    assert.equal(createMentions('DataVolume/default/root')(Buffer.from('kind: VirtualMachine\nname: root')), true)
  })
})
