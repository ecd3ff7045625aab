import type { ObjectKey } from '../../../../reconciler/lib/object-key.ts'
import type { MachineFacts } from '../../types.ts'

/** Milliseconds between looks for an address that is still to come; libvirt tells no event when its DHCP server gives one. */
const looks = [1000, 2000, 2000, 3000, 5000, 5000, 10_000, 10_000, 20_000, 30_000]

export type AddressWatch = {
  /** Looks at what was just observed: a running guest without an address is looked at again soon, a few times. */
  note(facts: readonly MachineFacts[]): void
  close(): void
}

/** Asks for fresh observations of guests that have just started, until each network card has an address or time is up. */
export function createAddressWatch(changed: (key: ObjectKey) => void): AddressWatch {
  const waiting = new Map<ObjectKey, { startedAt: string; tries: number; timer?: NodeJS.Timeout }>()
  const forget = (key: ObjectKey): void => {
    clearTimeout(waiting.get(key)?.timer)
    waiting.delete(key)
  }
  const schedule = ({ key, startedAt = '' }: MachineFacts): void => {
    const known = waiting.get(key)
    const one = known?.startedAt === startedAt ? known : { startedAt, tries: 0 }
    waiting.set(key, one)
    const wait = looks[one.tries]
    if (wait === undefined || one.timer !== undefined) return
    one.tries += 1
    one.timer = setTimeout(() => {
      delete one.timer
      changed(key)
    }, wait)
    one.timer.unref()
  }
  return {
    note(facts) {
      for (const one of facts) {
        const lacking = one.state === 'running' && one.interfaces.some(({ ips }) => ips.length === 0)
        if (lacking) schedule(one)
        else forget(one.key)
      }
    },
    close: () => [...waiting.keys()].forEach(forget),
  }
}
