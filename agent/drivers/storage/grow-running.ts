import { run } from '../../../reconciler/lib/exec.ts'

/** Grows a disk that a running guest has open; false where no guest has it. */
export type GrowRunning = (path: string, bytes: number) => Promise<boolean>

/** virsh's words where a guest ended after the list of guests was made. */
const endedMeanwhile = /domain not found|failed to get domain|domain is not running/i

/**
 * By libvirt's blockresize, so that the guest sees the new size at once. A guest that ends while it is asked about has no disk any more.
 * Source: virsh(1), blockresize.
 */
export function createGrowRunning(uri: string): GrowRunning {
  const virsh = async (...args: string[]): Promise<string> => (await run('virsh', ['-q', '-c', uri, ...args])).stdout
  return async (path, bytes) => {
    const domains = (await virsh('list', '--uuid')).split('\n').filter((line) => line.trim() !== '')
    for (const domain of domains) {
      try {
        if (await growIn(virsh, domain.trim(), { path, bytes })) return true
      } catch (error) {
        if (!endedMeanwhile.test(String(error))) throw error
      }
    }
    return false
  }
}

type Growth = { readonly path: string; readonly bytes: number }

async function growIn(virsh: (...args: string[]) => Promise<string>, domain: string, { path, bytes }: Growth): Promise<boolean> {
  const disks = (await virsh('domblklist', '--domain', domain)).split('\n')
  const target = disks.map((line) => /^\s*(\S+)\s+(\S.*?)\s*$/.exec(line)).find((match) => match?.[2] === path)?.[1]
  if (target === undefined) return false
  await virsh('blockresize', '--domain', domain, '--path', target, '--size', `${bytes}B`)
  return true
}
