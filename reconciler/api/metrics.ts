import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { conditionOf } from '../status/api-object.ts'
import type { Collection } from '../status/collection.ts'
import { resources } from './resources.ts'

export type ApiMetrics = {
  readonly registry: Registry
  /** Counts one answered request. */
  answered(method: string, status: number): void
}

/** All names begin with gitvirt_; labels have few values, whatever clients send. */
export function createMetrics(objects: Collection, registry: Registry = new Registry()): ApiMetrics {
  collectDefaultMetrics({ register: registry, prefix: 'gitvirt_' })
  const requests = new Counter({
    name: 'gitvirt_api_requests_total',
    help: 'Requests answered by the API, by method and status code.',
    labelNames: ['method', 'code'],
    registers: [registry],
  })
  objectGauges(objects, registry)
  return { registry, answered: (method, status) => requests.inc({ method, code: String(status) }) }
}

/** Read when scraped: they cost nothing in between. */
function objectGauges(objects: Collection, registry: Registry): void {
  const kinds = [...new Set(resources.filter((resource) => resource.hidden !== true).map((resource) => resource.kind))]
  const counts = new Gauge({
    name: 'gitvirt_objects',
    help: 'Objects that the API serves, by kind.',
    labelNames: ['kind'],
    registers: [registry],
    collect: () => kinds.forEach((kind) => counts.set({ kind }, objects.count(kind))),
  })
  const machines = new Gauge({
    name: 'gitvirt_virtual_machines',
    help: 'Virtual machines by printable status.',
    labelNames: ['status'],
    registers: [registry],
    collect: () => {
      machines.reset()
      for (const [status, count] of objects.summaries('VirtualMachine')) machines.set({ status }, count)
    },
  })
  const ready = new Gauge({
    name: 'gitvirt_node_ready',
    help: '1 where the agent of the node is connected.',
    labelNames: ['node'],
    registers: [registry],
    collect: () => {
      ready.reset()
      for (const node of objects.list('Node'))
        ready.set({ node: node.metadata.name }, conditionOf(node, 'Ready')?.status === 'True' ? 1 : 0)
    },
  })
}
