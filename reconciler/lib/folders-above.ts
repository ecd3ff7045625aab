/**
 * Folders above a path, nearest first, up to the root of its repository, which is the empty path: a/b/c has a/b, a and the root.
 */
export function foldersAbove(path: string): readonly string[] {
  const folders: string[] = []
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) folders.push(path.slice(0, end))
  if (path !== '') folders.push('')
  return folders
}
