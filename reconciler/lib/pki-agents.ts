import { readIfPresent, writePrivateFile } from './private-file.ts'

/** The nodes whose agents ever got a certificate of this authority. */
export type KnownAgents = {
  /** Names of nodes, sorted. */
  agents(): readonly string[]
  /** Remembers a node before its certificate leaves. */
  noteAgent(node: string): Promise<void>
}

/** Keeps the names in one file beside the authority, so that a lost database does not lose them. */
export async function createKnownAgents(path: string): Promise<KnownAgents> {
  const known = new Set<string>(JSON.parse((await readIfPresent(path)) ?? '[]') as string[])
  const sorted = (): readonly string[] => [...known].sort()
  return {
    agents: sorted,
    async noteAgent(node) {
      if (known.has(node)) return
      known.add(node)
      await writePrivateFile(path, JSON.stringify(sorted()))
    },
  }
}
