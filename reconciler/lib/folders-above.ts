/**
 * The root of the repository that a path belongs to: empty for the environment's first source, and `NAME/` for the source of that name,
 * whose paths begin with `NAME//`. No path of Git holds two slashes in a row, so none can be taken for one of another source.
 */
export function rootOf(path: string): string {
  const end = path.indexOf('//')
  if (end >= 0) return path.slice(0, end + 1)
  return path.endsWith('/') ? path : ''
}

/** Folders above a path, nearest first, up to the root of its repository: a/b/c has a/b, a and the empty path. */
export function foldersAbove(path: string): readonly string[] {
  const root = rootOf(path)
  if (path === root) return []
  const folders: string[] = []
  for (let end = path.lastIndexOf('/'); end > root.length; end = path.lastIndexOf('/', end - 1)) folders.push(path.slice(0, end))
  folders.push(root)
  return folders
}
