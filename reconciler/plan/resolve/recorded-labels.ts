type Labelled = { readonly labels?: Readonly<Record<string, string>> }

/** The labels that a host keeps with an object; also where there are none, as their absence tells that an earlier version applied it. */
export function labelsOf({ labels = {} }: Labelled): { labels: Record<string, string> } {
  return { labels: { ...labels } }
}
