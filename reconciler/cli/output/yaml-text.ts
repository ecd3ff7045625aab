/** A value as YAML for people: each part written out where it stands. Its library is loaded for this, not with every command. */
export async function yamlText(value: unknown): Promise<string> {
  const { stringify } = await import('yaml')
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 })
}
