/** Version that is built, as its module has it. */
export const version: string

/** The folder of program and runtime files. */
export function giteaFolder(cache: string): string
