import type { Drift, ObservedMachine } from '../../schemas/generated/observation.ts'
import type { VirtualMachineInstanceSpec } from '../../schemas/generated/virtual-machine.ts'
import type { Segments } from './diff/path.ts'

/** A field of the manifest as the domain has it now; without a value the domain has it no longer. */
export type ReadField = {
  readonly path: Segments
  readonly value?: unknown
  /** Paths of the drift that it tells. */
  readonly from: readonly string[]
}

/** What is known of the machine beside its drift. */
export type Host = Pick<ObservedMachine, 'interfaces' | 'volumes'> & {
  /** Folders whose files the Fleet lets machines use (hostDisk). */
  readonly hostPaths: readonly string[]
}

/** Reads some of the drift back into fields. Pure. */
export type Reader = (drift: DriftMap, spec: VirtualMachineInstanceSpec, host: Host) => ReadField[]

export const specPath: Segments = ['spec', 'template', 'spec']
export const domainPath: Segments = [...specPath, 'domain']

/** The differences of a domain by path. */
export class DriftMap {
  readonly #entries: ReadonlyMap<string, Drift>

  constructor(drift: readonly Drift[]) {
    this.#entries = new Map(drift.map((one) => [one.path, one]))
  }

  get paths(): string[] {
    return [...this.#entries.keys()]
  }

  get(path: string): Drift | undefined {
    return this.#entries.get(path)
  }

  below(prefix: string): Drift[] {
    return [...this.#entries.values()].filter(({ path }) => path === prefix || path.startsWith(`${prefix}/`))
  }

  /** Devices of a kind that the definition has now and had not, by what tells them apart. */
  added(element: 'disk' | 'interface'): string[] {
    return this.#labels(element, ({ expected }) => expected === undefined)
  }

  /** Devices of a kind that the definition had and has no longer. */
  gone(element: 'disk' | 'interface'): string[] {
    return this.#labels(element, ({ actual }) => actual === undefined)
  }

  #labels(element: 'disk' | 'interface', is: (one: Drift) => boolean): string[] {
    const pattern =
      element === 'disk' ? /^domain\/devices\/disk\[([^\]]+)\]\/target\/@dev$/ : /^domain\/devices\/interface\[([^\]]+)\]\/mac\/@address$/
    return [...this.#entries.values()].flatMap((one) => {
      const label = pattern.exec(one.path)?.[1]
      return label !== undefined && is(one) ? [label] : []
    })
  }
}
