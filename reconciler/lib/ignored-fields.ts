/** Annotation that names fields of a machine that are left as its host has them: dotted paths, with commas, spaces or lines between. */
export const ignoreAnnotation = 'gitvirt.io/ignore-differences'

/** Before a place of the domain itself, as plans write drift. */
export const domainPrefix = 'domain:'

/** The paths that the annotation names. */
export function ignoredPaths(text: string): string[] {
  return text.split(/[\s,]+/).filter((path) => path !== '')
}
