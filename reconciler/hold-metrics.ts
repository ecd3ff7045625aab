import { Gauge, type Registry } from 'prom-client'
import { parseKey } from './lib/object-key.ts'
import type { Suspensions } from './store/decisions.ts'
import type { Leases } from './store/leases.ts'

type HoldRecords = {
  /** How many changes each reason holds back. */
  readonly held: () => ReadonlyMap<string, number>
  readonly suspensions: Pick<Suspensions, 'list'>
  readonly leases: Pick<Leases, 'list'>
}

/** What people hold back, read when scraped; by kind, as names would be values without end. */
export function holdMetrics(registry: Registry, { suspensions, leases, held }: HoldRecords): void {
  const changes = new Gauge({
    name: 'gitvirt_held_changes',
    help: 'Planned changes that wait, by what holds them back: Suspended, Leased, DriftNotCorrected, Window …',
    labelNames: ['reason'],
    registers: [registry],
    collect: () => {
      changes.reset()
      for (const [reason, count] of held()) changes.set({ reason }, count)
    },
  })
  const suspended = new Gauge({
    name: 'gitvirt_suspensions',
    help: 'What people suspended, by kind; Fleet is the environment.',
    labelNames: ['kind'],
    registers: [registry],
    collect: () => {
      suspended.reset()
      for (const { key } of suspensions.list()) suspended.inc({ kind: parseKey(key).kind })
    },
  })
  const leased = new Gauge({
    name: 'gitvirt_leases',
    help: 'Machines on which manual changes stand, by whether the lease is in force or its changes wait for a merge.',
    labelNames: ['state'],
    registers: [registry],
    collect: () => {
      leased.reset()
      for (const { kept, endedAt } of leases.list())
        if (endedAt === undefined) leased.inc({ state: kept === undefined ? 'in force' : 'adopted' })
    },
  })
}
