import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { TreeEntry } from '../../reconciler/desired/types.ts'

/** One VirtualMachine with a disk of its own, a cloud-init seed and a NIC: what a fleet's file looks like. */
export function manifest(index: number, memory = '2Gi'): string {
  return `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: vm-${index}
  namespace: team-${index % 50}
  labels:
    app: web
    tier: "t${index % 5}"
spec:
  runStrategy: Always
  dataVolumeTemplates:
    - metadata:
        name: vm-${index}-root
      spec:
        storage:
          resources:
            requests:
              storage: 10Gi
        source:
          http:
            url: https://images.example.org/debian-12.qcow2
            checksum: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  template:
    metadata:
      labels:
        app: web
    spec:
      terminationGracePeriodSeconds: 60
      domain:
        cpu:
          cores: 2
        memory:
          guest: ${memory}
        devices:
          disks:
            - name: root
              disk:
                bus: virtio
            - name: init
              disk:
                bus: virtio
          interfaces:
            - name: default
              masquerade: {}
      networks:
        - name: default
          pod: {}
      volumes:
        - name: root
          dataVolume:
            name: vm-${index}-root
        - name: init
          cloudInitNoCloud:
            userData: |
              #cloud-config
              hostname: vm-${index}
              runcmd:
                - echo ready
`
}

/** Path of a machine's file: all in one folder, or spread over many. */
function pathOf(index: number, folders: number): string {
  return folders === 1 ? `vm-${index}.yaml` : `team-${index % folders}/vm-${index}.yaml`
}

/** A packed bare repository with one commit of `count` one-machine files on its branch main. */
export function makeRepository(dir: string, count: number, folders = 50): TreeEntry[] {
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', dir])
  const entries: TreeEntry[] = []
  const parts: string[] = [commitHead('first', 1_700_000_000)]
  for (let index = 0; index < count; index += 1) {
    const text = manifest(index)
    const size = Buffer.byteLength(text)
    const path = pathOf(index, folders)
    parts.push(`M 100644 inline ${path}\ndata ${size}\n${text}\n`)
    entries.push({ path, id: createHash('sha1').update(`blob ${size}\0${text}`).digest('hex'), size })
  }
  fastImport(dir, parts.join(''))
  return entries
}

/** Adds a commit that changes one machine's memory. */
export function changeOneFile(dir: string, index: number, options: { readonly folders: number; readonly memory: string }): void {
  const text = manifest(index, options.memory)
  const head = `${commitHead(`change ${index} to ${options.memory}`, 1_700_001_000)}from refs/heads/main^0\n`
  fastImport(dir, `${head}M 100644 inline ${pathOf(index, options.folders)}\ndata ${Buffer.byteLength(text)}\n${text}\n`)
}

/** Two environments in one commit: `share` of the second one's machines have more memory. */
export function makeEnvironments(dir: string, count: number, share: number): void {
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', dir])
  const parts: string[] = [commitHead('environments', 1_700_000_000)]
  for (const environment of ['staging', 'prod']) {
    for (let index = 0; index < count; index += 1) {
      const differs = environment === 'prod' && index % Math.round(1 / share) === 0
      const text = manifest(index, differs ? '4Gi' : '2Gi')
      parts.push(`M 100644 inline ${environment}/${pathOf(index, 50)}\ndata ${Buffer.byteLength(text)}\n${text}\n`)
    }
  }
  fastImport(dir, parts.join(''))
}

/** Adds a commit that changes one machine's memory in the second environment. */
export function changeEnvironment(dir: string, memory: string): void {
  const text = manifest(7, memory)
  const head = `${commitHead(`memory ${memory}`, 1_700_001_000)}from refs/heads/main^0\n`
  fastImport(dir, `${head}M 100644 inline prod/${pathOf(7, 50)}\ndata ${Buffer.byteLength(text)}\n${text}\n`)
}

/**
 * A packed bare repository whose branch main has this many commits after the first: each gives one of `files` machines other memory.
 * Every tenth comes by a merge of a branch, as pull requests do.
 */
export function makeHistory(dir: string, commits: number, files: number): void {
  const folders = 50
  makeRepository(dir, files, folders)
  const parts: string[] = []
  let main = 'refs/heads/main^0'
  for (let index = 0; index < commits; index += 1) {
    const machine = (index * 7) % files
    const text = manifest(machine, `${2048 + index}Mi`)
    const change = `M 100644 inline ${pathOf(machine, folders)}\ndata ${Buffer.byteLength(text)}\n${text}\n`
    const [own, merge] = [`:${2 * index + 1}`, `:${2 * index + 2}`]
    const time = 1_700_001_000 + index * 60
    const onTopic = index % 10 === 0
    parts.push(marked(commitHead(`change ${machine}`, time, onTopic ? 'topic' : 'main'), own), `from ${main}\n`, change)
    if (onTopic)
      parts.push(
        marked(commitHead(`Merge pull request #${index + 1} from topic`, time + 30), merge),
        `from ${main}\nmerge ${own}\n`,
        change,
      )
    main = onTopic ? merge : own
  }
  fastImport(dir, parts.join(''))
}

function marked(head: string, mark: string): string {
  return head.replace('\n', `\nmark ${mark}\n`)
}

function commitHead(subject: string, time: number, branch = 'main'): string {
  const author = `Bench <bench@example.org> ${time} +0000`
  return `commit refs/heads/${branch}\ncommitter ${author}\ndata ${Buffer.byteLength(subject)}\n${subject}\n`
}

function fastImport(dir: string, stream: string): void {
  execFileSync('git', ['-C', dir, 'fast-import', '--quiet', '--force'], { input: stream })
}
