/** The provisioner that keeps disk images as files in one folder of the host. */
export const dirProvisioner = 'gitvirt.io/dir'

/** The class that is there without being declared: a folder below the agent's state. A declared class of this name takes its place. */
export const builtInStorageClass = 'local'

type Parameter = { readonly pattern: RegExp; readonly expects: string }

/** Parameters of gitvirt.io/dir; all are optional. */
export const dirParameters: Readonly<Record<'path' | 'format', Parameter>> = {
  path: {
    pattern: /^\/(?!.*(^|\/)\.\.?(\/|$)).+$/,
    expects: 'Write an absolute path without "." and "..".',
  },
  format: { pattern: /^(raw|qcow2)$/, expects: 'Write raw or qcow2.' },
}
