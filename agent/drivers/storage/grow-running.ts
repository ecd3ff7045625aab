import { run } from '../../../reconciler/lib/exec.ts'

/** Grows a disk that a running guest has open; false where no guest has it. */
export type GrowRunning = (path: string, bytes: number) => Promise<boolean>

/** By libvirt's blockresize, so that the guest sees the new size at once. Source: virsh(1), blockresize. */
export function createGrowRunning(uri: string): GrowRunning {
  const virsh = async (...args: string[]): Promise<string> => (await run('virsh', ['-q', '-c', uri, ...args])).stdout
  return async (path, bytes) => {
    const domains = (await virsh('list', '--uuid')).split('\n').filter((line) => line.trim() !== '')
    for (const domain of domains) {
      const disks = (await virsh('domblklist', '--domain', domain.trim())).split('\n')
      const target = disks.map((line) => /^\s*(\S+)\s+(\S.*?)\s*$/.exec(line)).find((match) => match?.[2] === path)?.[1]
      if (target === undefined) continue
      await virsh('blockresize', '--domain', domain.trim(), '--path', target, '--size', `${bytes}B`)
      return true
    }
    return false
  }
}
