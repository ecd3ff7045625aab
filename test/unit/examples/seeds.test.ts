import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { validateObject } from '../../../reconciler/desired/validate/validate-object.ts'
import { kindInfo, servedApiVersions } from '../../../schemas/kinds.ts'
import { unsupportedFields } from '../../../schemas/support.ts'
import { unservedKind } from '../../../schemas/unserved-kinds.ts'

const folder = join(import.meta.dirname, '../../../examples/seeds')

/** What is not carried out of each file; the others simply run. */
const reported: Readonly<Record<string, readonly string[]>> = {
  'container-disk.yaml': ['blocks spec.template.spec.volumes[0].containerDisk'],
  'myapp-pod.yaml': ['kind Pod'],
  'rhel.yaml': ['ignored spec.dataVolumeTemplates[0].spec.pvc.accessModes[0]'],
  'vm-fedora.yaml': ['blocks spec.template.spec.volumes[0].containerDisk'],
  'vm-rootdisk.yaml': ['ignored spec.dataVolumeTemplates[0].spec.pvc.accessModes[0]'],
}

type Manifest = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

function manifests(file: string): Manifest[] {
  const documents = parseAllDocuments(readFileSync(join(folder, file), 'utf8'))
  assert.ok(Array.isArray(documents))
  return documents.map((document) => document.toJS() as Manifest)
}

const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))

describe('manifests of the slides', () => {
  for (const file of files) {
    it(`${file} validates, and what is not carried out is reported`, () => {
      const said: string[] = []
      for (const manifest of manifests(file)) {
        const info = kindInfo(manifest.kind)
        if (info === undefined) {
          assert.ok(unservedKind(manifest.apiVersion, manifest.kind))
          said.push(`kind ${manifest.kind}`)
          continue
        }
        assert.ok(servedApiVersions(info).includes(manifest.apiVersion))
        assert.deepEqual(validateObject(manifest.kind, manifest), [])
        said.push(...unsupportedFields(manifest.kind, manifest).map((field) => `${field.effect} ${field.path}`))
      }
      assert.deepEqual(said, reported[file] ?? [])
    })

    it(`${file} says on top what it is`, () => {
      assert.match(readFileSync(join(folder, file), 'utf8'), /^(# yaml-language-server: .*\n)?# (?!yaml-language-server).{20,}/)
    })
  }

  it('do not declare anything twice', () => {
    const keys = files.flatMap((file) =>
      manifests(file).map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? 'default'}/${metadata.name}`),
    )
    assert.equal(new Set(keys).size, keys.length)
  })
})

describe('a slide as it is', () => {
  // The indentation of the slide "Connecting VMs to networks".
  const slide = {
    apiVersion: 'kubevirt.io/v1alpha3',
    kind: 'VirtualMachine',
    name: 'demo-vm',
    spec: {
      template: {
        spec: {
          domain: {
            devices: { interfaces: [{ bridge: {}, model: 'virtio', name: 'nic-0' }] },
            hostname: 'demo-vm',
            networks: [{ multus: null, networkName: 'bond1-br1', name: 'nic-0' }],
          },
        },
      },
    },
  }

  it('gets a clear error for every line that is indented wrongly', () => {
    const actions = validateObject('VirtualMachine', slide)
      .filter((finding) => finding.code === 'UnknownField')
      .map((finding) => `${finding.field}: ${finding.action}`)
    assert.deepEqual(actions.toSorted(), [
      'name: It belongs in metadata: check the indentation.',
      'spec.template.spec.domain.hostname: It belongs one level up, in spec.template.spec: check the indentation.',
      'spec.template.spec.domain.networks: It belongs one level up, in spec.template.spec: check the indentation.',
    ])
  })
})
