import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { NotificationRule } from '../../../../schemas/generated/fleet.ts'
import { silentLogger } from '../../../../reconciler/lib/log.ts'
import { createCourier, type Courier, type Outcome } from '../../../../reconciler/notify/courier.ts'
import { openDestinations, type Destination } from '../../../../reconciler/notify/destinations.ts'
import { createIntake, type Intake } from '../../../../reconciler/notify/intake.ts'
import { notifyRules } from '../../../../reconciler/notify/rules.ts'
import type { Message, News } from '../../../../reconciler/notify/types.ts'
import { openStore, type Store } from '../../../../reconciler/store/store.ts'
import { atEnd } from '../../../at-end.ts'

export const minute = 60_000

export type World = {
  readonly store: Store
  readonly sent: { readonly at: number; readonly message: Message }[]
  readonly outcomes: Outcome[]
  readonly intake: Intake
  readonly courier: Courier
  /** Why the next message is not taken; undefined: it is. */
  down: Error | undefined
  /** What a destination does before it takes a message. */
  taking: ((to: Destination, message: Message) => Promise<void>) | undefined
  repeated: number
  /** The revision in force. */
  revision: string | undefined
  now: number
  restart(): void
}

/** Intake and courier over a real store and a clock that stands still. */
export function openWorld(t: TestContext, rules: readonly NotificationRule[], destination: Readonly<Record<string, unknown>> = {}): World {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-notify-'))
  const file = join(dir, 'destinations.yaml')
  const ops = { type: 'webhook', url: 'https://example.org', ...destination }
  const slow = { type: 'webhook', url: 'https://slow.example.org' }
  writeFileSync(file, JSON.stringify({ destinations: { ops, slow } }), { mode: 0o600 })
  const resolved = notifyRules({ notifications: [...rules] })
  const start = (): Pick<World, 'store' | 'intake' | 'courier'> => {
    const store = openStore(join(dir, 'state'), 'test')
    const clock = { now: () => new Date(world.now), monotonic: () => world.now }
    const common = {
      rules: () => resolved,
      inForce: () =>
        world.revision === undefined ? undefined : { revision: world.revision, author: { name: 'author', email: 'author@example.org' } },
      clock,
    }
    return {
      store,
      intake: createIntake({ ...common, records: store.news, repeated: () => void (world.repeated += 1) }),
      courier: createCourier({
        ...common,
        store,
        environment: 'prod',
        destinations: openDestinations(file),
        send: async (to, message) => {
          await world.taking?.(to, message)
          if (world.down !== undefined) throw world.down
          world.sent.push({ at: world.now, message })
          return '200'
        },
        gather: 1000,
        log: silentLogger,
        told: (_destination, outcome) => void world.outcomes.push(outcome),
        chance: () => 1,
      }),
    }
  }
  const world = { sent: [], outcomes: [], down: undefined, repeated: 0, now: Date.parse('2026-03-01T00:00:00Z') } as unknown as World
  Object.assign(world, start(), {
    restart: () => {
      world.store.close()
      Object.assign(world, start())
    },
  })
  atEnd(t, () => {
    world.store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return world
}

export function warning(name: string, reason = 'ErrNoSpace', message = `The pool of ${name} is full.`): News {
  return { key: `VirtualMachine/default/${name}`, severity: 'warning', reason, message, host: 'kvm1' }
}

/** Lets time pass in steps, with a round after each. */
export async function pass(world: World, milliseconds: number, step = 1000): Promise<void> {
  for (let left = milliseconds; left > 0; left -= step) {
    world.now += Math.min(step, left)
    world.courier.round()
    await world.courier.delivered()
  }
}
