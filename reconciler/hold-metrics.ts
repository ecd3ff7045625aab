import { Gauge, type Registry } from 'prom-client'
import { parseKey } from './lib/object-key.ts'
import type { Suspensions } from './store/decisions.ts'

/** What people hold back, read when scraped; by kind, as names would be values without end. */
export function holdMetrics(registry: Registry, { suspensions }: { readonly suspensions: Pick<Suspensions, 'list'> }): void {
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
}
