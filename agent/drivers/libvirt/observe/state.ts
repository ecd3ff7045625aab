import { GitvirtError } from '../../../../reconciler/lib/errors.ts'
import type { ObservedMachine } from '../../../../schemas/generated/observation.ts'

export type DomainState = Pick<ObservedMachine, 'state'> & { readonly reason: string; readonly active: boolean }

/**
 * virsh's state words -> ours. Source: libvirt's virDomainState and its reasons, as `virsh domstate --reason` writes them.
 * @throws GitvirtError `LibvirtFailed` where it is none of them: silence is never read as off
 */
export function parseState(text: string): DomainState {
  const match = /^([a-z ]+?)(?: \(([^)]*)\))?\s*$/.exec(text.trim())
  const word = match?.[1] ?? ''
  const reason = match?.[2] ?? ''
  switch (word) {
    case 'running':
    case 'idle':
      return { state: 'running', reason, active: true }
    case 'paused':
      return { state: reason === 'starting up' ? 'starting' : 'paused', reason, active: true }
    case 'pmsuspended':
      return { state: 'paused', reason: 'suspended by the guest', active: true }
    case 'in shutdown':
      return { state: 'stopping', reason, active: true }
    case 'crashed':
      return { state: 'crashed', reason, active: true }
    case 'shut off':
    case 'no state':
      return { state: reason === 'crashed' || reason === 'failed' ? 'crashed' : 'off', reason, active: false }
    default:
      throw new GitvirtError({
        code: 'LibvirtFailed',
        message: `virsh domstate: "${text.trim().slice(0, 200)}" is no state of a domain.`,
        action: 'Check that virsh and libvirtd of this host are of one release.',
      })
  }
}
