import { createGitea, createGitHub } from './github.ts'
import { createGitLab } from './gitlab.ts'
import type { Forge, ForgeKind, ForgeOptions } from './types.ts'

const kinds: Readonly<Record<ForgeKind, (options: ForgeOptions) => Forge>> = {
  github: createGitHub,
  gitlab: createGitLab,
  gitea: createGitea,
}

export function openForge(options: ForgeOptions): Forge {
  return kinds[options.kind](options)
}
