type Labelled = { readonly labels?: Readonly<Record<string, string>> }

/** The labels that a host keeps with an object; no field where there are none, so that objects without labels are as they always were. */
export function labelsOf({ labels = {} }: Labelled): { labels?: Record<string, string> } {
  return Object.keys(labels).length === 0 ? {} : { labels: { ...labels } }
}
